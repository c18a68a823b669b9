using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

// Parked records whose bytes are in the journal on disk only.
public sealed partial class Courier
{
    /// <summary>
    /// Whether records whose obstacle is gone are to go back from the disk to their lanes, and how to take the next
    /// ones; not while there is no room, they are on their way to the disk, or a statement runs in their lanes.
    /// </summary>
    private bool IsReturning(out Action? take)
    {
        take = null;
        lock (_gate)
        {
            var returning = IsStopping ? [] : _parking.Queues.Where(static queue => queue.IsReturning).ToArray();
            var queue = Array.Find(returning, queue => !IsStatementRunning_NeedsLock(queue.Place.Database));
            if (queue is not null && HasRoom)
                take = Taking(Return, Next(queue, LoadedBytes));
            return returning.Length > 0;
        }
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

        lock (_gate)
        {
            foreach (var queue in _parking.Queues.ToArray())
            {
                foreach (var parked in lost.Values.Where(parked => queue.OnDisk.Remove(parked.Position)))
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
