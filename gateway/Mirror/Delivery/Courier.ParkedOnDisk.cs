using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

// Parked records whose bytes are in the journal on disk only.
public sealed partial class Courier
{
    // Of those that cannot be read, what is not counted as lost yet.
    private long _lostUncounted;

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
            var queue = HasRoom
                ? Array.Find(returning, queue => !IsStatementRunning_NeedsLock(queue.Place.Database) && MayTake(queue))
                : null;
            if (queue is not null)
            {
                take = queue.IsReturning
                    ? Taking(Return, queue.OnDisk.Next(_progress.DurableThrough))
                    : Taking(first => ReturnOnTrial(queue, first), queue.OnDisk.Next(_progress.DurableThrough, 1));
            }

            return returning.Length > 0;
        }

        // What is on trial counts as parked.
        bool MayTake(ParkedQueue queue) =>
            queue.IsReturning || Tally.ParkedBytes < Memory.Parked + Memory.OnTrial;
    }

    private static Action? Taking(Action<PositionRuns> take, PositionRuns next) =>
        next.IsEmpty ? null : () => take(next);

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
    private void ReturnOnTrial(ParkedQueue queue, PositionRuns first)
    {
        foreach (var record in _progress.ReadBack(first, NoteDamage))
        {
            lock (_gate)
            {
                if (!IsStopping && queue is { AwaitsTrial: true, OnTrial: null, Records.Count: 0 }
                    && !IsStatementRunning_NeedsLock(queue.Place.Database) && queue.OnDisk.Remove(record))
                {
                    Tally.Spill(-record.Size);
                    CountLost_NeedsLock(queue.OnDisk);
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

        Lose(first);
    }

    /// <summary>
    /// Takes back the first of these records from the disk; those of them that cannot be read are lost. Behind a
    /// statement that has begun meanwhile the rest stays where it is.
    /// </summary>
    /// <exception cref="DiskException">The disk fails; the next call tries again.</exception>
    private void Return(PositionRuns wanted)
    {
        var bytes = 0L;
        foreach (var record in _progress.ReadBack(wanted, NoteDamage))
        {
            lock (_gate)
            {
                if (IsStopping || IsStatementRunning_NeedsLock(record.Target.Database))
                {
                    record.LetGo();
                    return;
                }

                wanted.Remove(record.Position);
                if (!TakeFromDisk_NeedsLock(record))
                {
                    record.LetGo();
                    continue;
                }

                Tally.Unpark(record);
                Return_NeedsLock(LaneOf_NeedsLock(KeyOf(record)), record, null);
            }

            if ((bytes += record.Size) < Memory.Loaded)
                continue;
            wanted.Remove(record.Position, long.MaxValue);
            break;
        }

        Lose(wanted);
    }

    /// <summary>Drops those of these that are parked still, and cannot be read.</summary>
    private void Lose(PositionRuns unread)
    {
        if (unread.IsEmpty)
            return;
        lock (_gate)
        {
            foreach (var queue in _parking.Queues.ToArray())
            {
                Lose_NeedsLock(queue.OnDisk, unread);
                _parking.RemoveIfEmpty(queue);
            }
        }
    }

    private void Lose_NeedsLock(ParkedOnDisk parked, PositionRuns unread)
    {
        var lost = parked.Lose(unread);
        if (lost.Count == 0)
            return;
        // Whatever it was, it is among what waits now.
        _progress.Watch();
        _lostUncounted += lost.Count;
        NeedsResync = true;
        foreach (var position in lost)
            _cursor.CompleteReleased(position);
        CountLost_NeedsLock(parked);
    }

    /// <summary>When all the others have left, what is left of the account is what was lost.</summary>
    private void CountLost_NeedsLock(ParkedOnDisk parked)
    {
        if (parked is not { Count: 0, Lost: > 0 })
            return;
        _lostUncounted -= parked.Lost;
        Tally.LoseParked(parked.Points, parked.Bytes, parked.Lost);
        _progress.Lost(parked);
        parked.Clear();
    }

    /// <summary>Takes out a parked record that was read; false when it is not parked so any more.</summary>
    private bool TakeFromDisk_NeedsLock(MirroredRecord record)
    {
        if (_parking.RemoveOnDisk(record) is not { } queue)
            return false;
        Tally.Spill(-record.Size);
        CountLost_NeedsLock(queue.OnDisk);
        return true;
    }

    /// <summary>
    /// What a statement drops becomes dead letters; each leaves <paramref name="discarded"/> when it has its fate, so
    /// that nothing is forgotten when the disk fails in between.
    /// </summary>
    private async ValueTask DiscardOnDiskAsync(ParkedOnDisk discarded)
    {
        var bytes = 0L;
        while (discarded.Count > 0)
        {
            var wanted = discarded.Next(_progress.DurableThrough);
            if (wanted.IsEmpty)
                await Task.Delay(TimeSpan.FromMilliseconds(10), Time, Stopping).ConfigureAwait(false);
            foreach (var record in wanted.IsEmpty ? [] : _progress.ReadBack(wanted, NoteDamage))
            {
                bytes += record.Size;
                lock (_gate)
                {
                    wanted.Remove(record.Position);
                    discarded.Remove(record);
                    Tally.Spill(-record.Size);
                    Tally.Unpark(record);
                    Refuse_NeedsLock(record, new Verdict(VerdictKind.Rejected), Overruled);
                }

                FileDeadLetter(record, Overruled);
                if (bytes < Memory.Parked)
                    continue;
                // A record stays in memory until its letter is on disk.
                await LettersFiledAsync().ConfigureAwait(false);
                bytes = 0;
            }

            // What cannot be read cannot be kept either.
            lock (_gate)
            {
                Lose_NeedsLock(discarded, wanted);
                CountLost_NeedsLock(discarded);
            }
        }
    }

    private bool IsStatementRunning_NeedsLock(string database) =>
        (_lanes.TryGetValue(new LaneKey(database, IsRaw: false), out var lane) && IsStatementRunning_NeedsLock(lane))
        || (_lanes.TryGetValue(new LaneKey(database, IsRaw: true), out lane) && IsStatementRunning_NeedsLock(lane));
}
