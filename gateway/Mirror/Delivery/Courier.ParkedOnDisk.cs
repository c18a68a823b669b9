using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

// Parked records whose bytes are in the journal on disk only.
public sealed partial class Courier
{
    /// <summary>
    /// Whether records whose obstacle is gone are to go back from the disk to their lanes, or one of them on trial, and
    /// how to take the next ones; not while there is no room, they are on their way to the disk, or a statement runs in
    /// their lanes.
    /// </summary>
    private bool IsReturning(out Action? take)
    {
        take = null;
        lock (_gate)
        {
            var returning = IsStopping
                ? []
                : _parking.Queues.Where(static queue => queue.IsReturning || queue.AwaitsTrial).ToArray();
            var queue = Array.Find(returning, queue => !IsStatementRunning_NeedsLock(queue.Place.Database));
            if (queue is not null && HasRoom)
            {
                take = queue.IsReturning
                    ? Taking(Return, Next(queue, LoadedBytes))
                    : Taking(parked => ReturnOnTrial(queue, parked[0]), queue.OnDisk.Values.Take(1));
            }

            return returning.Length > 0;
        }
    }

    /// <summary>The same as for others, of a place of which nothing is in memory.</summary>
    private void TryOnDisk_NeedsLock(ParkedQueue queue)
    {
        if (queue.IsRestored || queue.IsReturning)
            return;
        if (queue.OnDisk.Count == 0)
        {
            Release_NeedsLock(queue);
            return;
        }

        queue.AwaitsTrial = true;
        _parkedReturn.Start();
    }

    /// <summary>
    /// Sends the first of a place on trial; if it cannot be read it is lost, and the next one has its turn.
    /// </summary>
    /// <exception cref="DiskException">As for <see cref="Return"/>.</exception>
    private void ReturnOnTrial(ParkedQueue queue, SpilledRecord first)
    {
        foreach (var record in _progress.ReadBack([first], NoteDamage))
        {
            lock (_gate)
            {
                if (!IsStopping && queue is { AwaitsTrial: true, OnTrial: null, Records.Count: 0 }
                    && !IsStatementRunning_NeedsLock(queue.Place.Database) && queue.OnDisk.Remove(first.Position))
                {
                    Tally.Spill(-record.Size);
                    queue.AwaitsTrial = false;
                    BeginTrial_NeedsLock(queue, record);
                }
                else
                {
                    // Something has happened to the place meanwhile. Unless a statement runs there, it was tried so.
                    queue.AwaitsTrial &= IsStatementRunning_NeedsLock(queue.Place.Database);
                    record.LetGo();
                }
            }

            return;
        }

        Lose([first]);
    }

    /// <summary>The first of a queue, about so many bytes of memory.</summary>
    private static IEnumerable<SpilledRecord> Next(ParkedQueue queue, long bytes)
    {
        foreach (var parked in queue.OnDisk.Values)
        {
            if (bytes <= 0)
                yield break;
            bytes -= parked.Size;
            yield return parked;
        }
    }

    /// <summary>Takes back those records that the disk has; null when it has none yet.</summary>
    private Action? Taking(Action<IReadOnlyList<SpilledRecord>> take, IEnumerable<SpilledRecord> next)
    {
        var durable = _progress.DurableThrough;
        SpilledRecord[] ready = [.. next.TakeWhile(spilled => spilled.Position <= durable)];
        return ready.Length == 0 ? null : () => take(ready);
    }

    /// <summary>
    /// Takes back these records from the disk; those of them that cannot be read are lost. Behind a statement that has
    /// begun meanwhile the rest stays where it is.
    /// </summary>
    /// <exception cref="DiskException">The disk fails; the next call gives up what it does not give then.</exception>
    private void Return(IReadOnlyList<SpilledRecord> positions)
    {
        var lost = positions.ToDictionary(static parked => parked.Position);
        foreach (var record in _progress.ReadBack(positions, NoteDamage))
        {
            lock (_gate)
            {
                if (IsStopping || IsStatementRunning_NeedsLock(record.Target.Database))
                {
                    record.LetGo();
                    return;
                }

                lost.Remove(record.Position);
                if (!_parking.RemoveOnDisk(record))
                {
                    record.LetGo();
                    continue;
                }

                Tally.Spill(-record.Size);
                Tally.Unpark(record);
                Return_NeedsLock(LaneOf_NeedsLock(KeyOf(record)), record, null);
            }
        }

        Lose(lost.Values);
    }

    /// <summary>Drops those that are parked still, and cannot be read.</summary>
    private void Lose(IReadOnlyCollection<SpilledRecord> lost)
    {
        if (lost.Count == 0)
            return;
        lock (_gate)
        {
            foreach (var queue in _parking.Queues.ToArray())
            {
                foreach (var parked in lost.Where(parked => queue.OnDisk.Remove(parked.Position)))
                    DropOnDisk_NeedsLock(parked, DropCause.Damaged);
                _parking.RemoveIfEmpty(queue);
            }
        }
    }

    /// <summary>
    /// What a statement drops becomes dead letters; each leaves <paramref name="discarded"/> when it has its fate, so
    /// that nothing is forgotten when the disk fails in between.
    /// </summary>
    private async ValueTask DiscardOnDiskAsync(SortedDictionary<long, SpilledRecord> discarded)
    {
        if (discarded.Count == 0)
            return;
        SpilledRecord[] positions = [.. discarded.Values];
        while (_progress.DurableThrough < positions[^1].Position)
            await Task.Delay(TimeSpan.FromMilliseconds(10), Time, Stopping).ConfigureAwait(false);
        var bytes = 0L;
        foreach (var record in _progress.ReadBack(positions, NoteDamage))
        {
            bytes += record.Size;
            lock (_gate)
            {
                discarded.Remove(record.Position);
                Tally.Spill(-record.Size);
                Tally.Unpark(record);
                Refuse_NeedsLock(record, new Verdict(VerdictKind.Rejected), Overruled);
            }

            FileDeadLetter(record, Overruled);
            if (bytes < ParkedMemoryBytes)
                continue;
            // A record stays in memory until its letter is on disk.
            await LettersFiledAsync().ConfigureAwait(false);
            bytes = 0;
        }

        // What cannot be read cannot be kept either.
        lock (_gate)
        {
            foreach (var parked in discarded.Values)
                DropOnDisk_NeedsLock(parked, DropCause.Damaged);
            discarded.Clear();
        }
    }

    private void DropOnDisk_NeedsLock(SpilledRecord parked, DropCause cause)
    {
        Tally.Unpark(parked);
        DropSpilled_NeedsLock(parked, cause);
    }

    private bool IsStatementRunning_NeedsLock(string database) =>
        (_lanes.TryGetValue(new LaneKey(database, IsRaw: false), out var lane) && IsStatementRunning_NeedsLock(lane))
        || (_lanes.TryGetValue(new LaneKey(database, IsRaw: true), out lane) && IsStatementRunning_NeedsLock(lane));
}
