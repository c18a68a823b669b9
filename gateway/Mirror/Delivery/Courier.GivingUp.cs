using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// What a full journal takes from a destination that lags: records that others have decided about. Those in memory go
// at once, those that were not read yet are read for what the ledger of gaps says of them, ahead of the cursor.
public sealed partial class Courier
{
    /// <summary>Bytes read of what was given up before the lane of this work is free for others.</summary>
    private const long GivenUpAtOnce = 4 * 1024 * 1024;

    /// <summary>Positions that are read over between what was given up, rather than to look for the place anew.
    /// </summary>
    private const long ReadOver = 10_000;

    // Above the low-water mark; statements among them are not given up.
    private readonly PositionRuns _givenUp = new();

    // Of these what was given up for its age.
    private readonly PositionRuns _aged = new();

    // Of these what the cursor has not read.
    private readonly PositionRuns _givenUpUnread = new();

    // Of these what is parked and on disk only, and not dropped yet.
    private readonly PositionRuns _givenUpParked = new();
    private readonly ReturnFromDisk _givingUp;
    private long _givenUpThrough;

    /// <summary>
    /// What it has decided about between two positions: what it is done with and was a destination for when it came.
    /// </summary>
    internal List<PositionRange> Decided(long first, long last)
    {
        lock (_gate)
            return _cursor.Done(Math.Max(first, _progress.Since + 1), last);
    }

    /// <summary>How many positions between two have no fate here.</summary>
    internal long CountUndone(long first, long last)
    {
        lock (_gate)
            return _cursor.CountUndone(first, last);
    }

    /// <summary>How many of these positions have no fate here and were not given up before.</summary>
    internal long CountLacking(IReadOnlyList<PositionRange> decided)
    {
        var lacking = 0L;
        lock (_gate)
        {
            foreach (var run in decided)
            {
                for (var from = run.From; (from = _cursor.NextUndone(from)) <= run.To;)
                {
                    var done = _cursor.NextDone(from);
                    var to = Math.Min(run.To, done - 1);
                    lacking += to - from + 1;
                    foreach (var before in _givenUp.Within(from, to))
                        lacking -= before.To - before.From + 1;
                    from = to + 1;
                }
            }
        }

        return lacking;
    }

    /// <summary>
    /// Gives up the records of these positions that have no fate yet, statements apart; others have decided about them.
    /// </summary>
    internal void GiveUp(IReadOnlyList<PositionRange> decided, DropCause cause)
    {
        lock (_gate)
        {
            _givenUp.RemoveThrough(_cursor.LowWaterMark);
            _aged.RemoveThrough(_cursor.LowWaterMark);
            foreach (var run in decided)
            {
                _givenUp.Add(run.From, run.To);
                if (cause == DropCause.Aged)
                    _aged.Add(run.From, run.To);
                if (run.To > _cursor.ReadThrough)
                    _givenUpUnread.Add(Math.Max(run.From, _cursor.ReadThrough + 1), run.To);
            }

            Interlocked.Exchange(ref _givenUpThrough, Math.Max(_givenUpThrough, decided[^1].To));
            GiveUpWaiting_NeedsLock();
            GiveUpParked_NeedsLock();
        }

        if (MayLog())
        {
            var reason = cause == DropCause.Aged
                ? "they are older than Mirror:Journal:MaxAge"
                : "the journal is near its limit";
            MirrorLog.DroppedThrough(_context.Log, Cluster, Destination, decided[^1].To, reason);
        }

        Pump();
        _givingUp.Start();
    }

    /// <summary>
    /// Whether there is something on disk that was given up and is not dropped yet, which goes on then: until it has
    /// ended nobody knows what room it makes.
    /// </summary>
    internal bool GoOnGivingUp()
    {
        if (!IsGivingUp(out _))
            return false;
        _givingUp.Start();
        return true;
    }

    /// <summary>Whether a record of a batch was given up while it waited or was under way.</summary>
    private bool HasGivenUp(Batch batch)
    {
        if (batch.First.Position > Interlocked.Read(ref _givenUpThrough))
            return false;
        lock (_gate)
            return batch.Records.Any(IsGivenUp_NeedsLock);
    }

    private bool IsGivenUp_NeedsLock(MirroredRecord record) =>
        record.Position <= _givenUpThrough && record.Kind != RecordKind.Statement && record.Letter == 0
        && _givenUp.Contains(record.Position);

    private DropCause CauseOf_NeedsLock(long position) =>
        _aged.Contains(position) ? DropCause.Aged : DropCause.Full;

    /// <summary>What comes next was given up, and needs no room.</summary>
    private bool IsNextGivenUp_NeedsLock() =>
        _cursor.ReadThrough < _givenUpThrough && _givenUp.Contains(_cursor.ReadThrough + 1);

    private void GiveUpWaiting_NeedsLock()
    {
        foreach (var lane in _lanes.Values.ToArray())
        {
            foreach (var record in lane.Remove(IsGivenUp_NeedsLock))
                Drop_NeedsLock(record, CauseOf_NeedsLock(record.Position));
            foreach (var spilled in lane.RemoveOnDisk(_givenUp.Contains))
            {
                _context.Gaps.Note(Destination, lane.Key.Database, spilled);
                DropSpilled_NeedsLock(spilled, CauseOf_NeedsLock(spilled.Position));
            }

            Start_NeedsLock(lane);
            Reach_NeedsLock(lane);
        }
    }

    private void GiveUpParked_NeedsLock()
    {
        foreach (var record in TakeParked_NeedsLock(IsGivenUp_NeedsLock))
        {
            Tally.Unpark(record);
            Drop_NeedsLock(record, CauseOf_NeedsLock(record.Position));
        }

        foreach (var queue in _parking.Queues)
        {
            foreach (var run in queue.OnDisk.Among(_givenUp, _givenUpThrough))
                _givenUpParked.Add(run.From, run.To);
        }
    }

    /// <summary>
    /// Whether something that was given up is on disk only, and parked or unread, and how to drop the next of it. What
    /// is in memory is met there, or leaves it.
    /// </summary>
    private bool IsGivingUp(out Action? take)
    {
        take = null;
        lock (_gate)
        {
            if (IsStopping)
                return false;
            if (!_givenUpParked.IsEmpty)
            {
                take = Taking(DropParked, _givenUpParked.Lowest(ParkedOnDisk.MostAtOnce, _progress.DurableThrough));
                return true;
            }

            // What the cursor has read was dropped then.
            _givenUpUnread.RemoveThrough(_cursor.ReadThrough);
            if (_givenUpUnread.IsEmpty)
                return false;
            var first = _givenUpUnread.Min;
            var last = Math.Min(_givenUpUnread.Max, _cursor.InMemoryFrom - 1);
            if (first > last)
                return false;
            take = () => DropUnread(first, last);
            return true;
        }
    }

    /// <summary>Drops parked records that are on disk only and were given up; these are read for the ledger.</summary>
    /// <exception cref="DiskException">The disk fails; the next call tries again.</exception>
    private void DropParked(PositionRuns wanted)
    {
        foreach (var record in _progress.ReadBack(wanted, NoteDamage))
        {
            lock (_gate)
            {
                if (IsStopping)
                {
                    record.LetGo();
                    return;
                }

                wanted.Remove(record.Position);
                _givenUpParked.Remove(record.Position);
                // It may have gone back to its lane, and is met there.
                if (TakeFromDisk_NeedsLock(record))
                {
                    Tally.Unpark(record);
                    Drop_NeedsLock(record, CauseOf_NeedsLock(record.Position));
                }
                else
                {
                    record.LetGo();
                }
            }
        }

        Lose(wanted);
        lock (_gate)
        {
            foreach (var run in wanted)
                _givenUpParked.Remove(run.From, run.To);
        }
    }

    /// <summary>Drops the next of what was given up and is not read, as far as another position.</summary>
    /// <exception cref="DiskException">The disk fails; the next call tries again.</exception>
    private void DropUnread(long first, long last)
    {
        var bytes = 0L;
        foreach (var record in _progress.ReadBack(first, last, NoteDamage))
        {
            bytes += record.Body.Length;
            lock (_gate)
            {
                if (IsStopping)
                {
                    record.LetGo();
                    return;
                }

                PassUnread_NeedsLock(record.Position - 1);
                if (IsGivenUp_NeedsLock(record) && record.Position > _cursor.ReadThrough
                    && !_cursor.IsDone(record.Position))
                {
                    _progress.Read(record);
                    Tally.Take(record);
                    Drop_NeedsLock(record, CauseOf_NeedsLock(record.Position));
                }
                else
                {
                    record.LetGo();
                }

                _givenUpUnread.RemoveThrough(record.Position);
                if (bytes >= GivenUpAtOnce || _givenUpUnread.IsEmpty
                    || _givenUpUnread.Min > record.Position + ReadOver)
                    return;
            }
        }

        lock (_gate)
            PassUnread_NeedsLock(last);
    }

    /// <summary>Nothing was found of what was given up as far as a position: there is nothing for anybody.</summary>
    private void PassUnread_NeedsLock(long through)
    {
        _givenUpUnread.RemoveThrough(_cursor.ReadThrough);
        foreach (var run in _givenUpUnread.Within(0, through))
            _cursor.PassOver(run.From, run.To);
        _givenUpUnread.RemoveThrough(through);
    }
}
