using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

/// <summary>
/// A courier's place in the journal across restarts: opens its cursor where it was saved, with its account, and saves
/// both.
/// </summary>
internal sealed class CourierKeeper
{
    private static readonly TimeSpan DiskPatience = TimeSpan.FromSeconds(5);

    private readonly Lock _saving = new();
    private readonly string _destination;
    private readonly Journal.Journal _journal;
    private readonly CourierContext _context;
    private readonly CourierTally _tally;

    // What was pending when the gateway ended, and up to which position: what of it cannot be read any more is lost.
    private readonly long _restoredThrough;
    private long _lostPoints, _lostBytes, _lostRecords;

    // Accepted, and perhaps not safe yet, oldest first. Belongs to the journal's lock.
    private readonly Queue<(long Position, int Points, int Bytes)> _unsafe = new();
    private CursorState? _last;

    public CourierKeeper(string destination, Journal.Journal journal, CourierContext context, CourierTally tally)
    {
        _destination = destination;
        _journal = journal;
        _context = context;
        _tally = tally;
        var store = journal.Store;
        var saved = store?.Saved(destination);
        var known = saved is not null || store is null || context.WasKnown(destination);
        Cursor = journal.OpenCursor(
            destination, record => Accept((MirroredRecord)record), fromStart: store is not null && known);
        if (store is null)
        {
            NeedsResync = context.IsLateComer();
            return;
        }

        var state = CourierState.Decode(saved is null ? default : saved.Extra.Span);
        NeedsResync = !known || (state?.NeedsResync ?? false)
            || (saved is not null && !store.Reaches(saved) && context.WasAbsent(destination));
        if (state is not null)
        {
            tally.Restore(state.Tally);
            (_lostPoints, _lostBytes) = (state.Tally.Pending, state.Tally.PendingBytes);
            _lostRecords = state.Tally.PendingRecords;
        }

        _restoredThrough = Cursor.Joined;
        CountFrom(store, Math.Max(state?.Through ?? 0, Cursor.LowWaterMark));
    }

    /// <summary>The courier's cursor.</summary>
    public JournalCursor Cursor { get; }

    /// <summary>Whether the destination lacks records that others have.</summary>
    public bool NeedsResync { get; }

    /// <summary>The journal is on disk.</summary>
    public bool IsDurable => _journal.Store is not null;

    /// <summary>Up to here the disk can be read.</summary>
    public long DurableThrough => _journal.Store!.Log.DurableThrough;

    /// <summary>The newest position of the journal.</summary>
    public long Tail => _journal.Tail;

    /// <summary>A record has its fate. Belongs to the courier's lock.</summary>
    public void Settled(ParkedPosition record)
    {
        if (record.Position > _restoredThrough)
            return;
        _lostPoints -= record.Points;
        _lostBytes -= record.Bytes;
        _lostRecords--;
    }

    /// <summary>
    /// Records of these positions, in order, as far as the disk gives them; the caller holds each. May take long.
    /// </summary>
    public IEnumerable<MirroredRecord> ReadBack(IReadOnlyList<ParkedPosition> positions, Action<LogDamage> damaged)
    {
        var store = _journal.Store!;
        using var reader = store.Log.OpenReader(positions[0].Position, damaged);
        for (var next = 0; next < positions.Count && reader.TryRead() is { } found;)
        {
            while (next < positions.Count && positions[next].Position < found.Position)
                next++;
            if (next == positions.Count || positions[next].Position != found.Position)
            {
                found.Body.Release();
                continue;
            }

            var record = (MirroredRecord)store.Decode(found);
            _journal.Adopt(record, found.Position);
            next++;
            yield return record;
        }
    }

    /// <summary>
    /// What was pending at the last end and is nowhere to be found, once everything of that time is done. Belongs to
    /// the courier's lock.
    /// </summary>
    public long DropLost()
    {
        if (Cursor.LowWaterMark < _restoredThrough || _lostRecords == 0)
            return 0;
        _tally.DropLost(_lostPoints, _lostBytes, _lostRecords);
        var lost = _lostPoints;
        (_lostPoints, _lostBytes, _lostRecords) = (0, 0, 0);
        return lost;
    }

    /// <summary>What is to be saved now. Belongs to the courier's lock.</summary>
    public CursorState State(bool needsResync) => Cursor.State(_journal.AtTail(_ => Account(needsResync)).Encode());

    /// <summary>Saves; when it returns, the state is on disk. States are saved in the order of the calls.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    public void Save(Func<CursorState> state)
    {
        lock (_saving)
        {
            var now = state();
            if (_last is not null && IsSame(now, _last))
                return;
            _last = null;
            _journal.Store!.Save(_destination, now);
            _last = now;
        }
    }

    private void Accept(MirroredRecord record)
    {
        _tally.Accept(record);
        if (IsDurable)
            _unsafe.Enqueue((record.Position, record.Points, record.Body.Length));
    }

    /// <summary>
    /// The account without what waits and is not safe: a crash may leave nothing of it, and then it was never
    /// promised to anybody, or everybody has it. What is left of it is counted at the next start.
    /// </summary>
    private CourierState Account(bool needsResync)
    {
        var safe = _journal.Store!.Log.DurableThrough;
        while (_unsafe.TryPeek(out var oldest) && oldest.Position <= safe)
            _unsafe.Dequeue();
        var tally = _tally.Snapshot();
        foreach (var (position, points, bytes) in _unsafe)
        {
            if (Cursor.IsDone(position))
                continue;
            tally = tally with
            {
                Accepted = tally.Accepted - points,
                PendingBytes = tally.PendingBytes - bytes,
                PendingRecords = tally.PendingRecords - 1,
            };
        }

        return new CourierState(safe, tally, needsResync, _context.Members());
    }

    private static bool IsSame(CursorState left, CursorState right) =>
        left.LowWaterMark == right.LowWaterMark && left.Completed.SequenceEqual(right.Completed)
        && left.Extra.Span.SequenceEqual(right.Extra.Span);

    /// <summary>What became safe after the account was saved: the seconds before a crash.</summary>
    private void CountFrom(JournalStore store, long through)
    {
        try
        {
            // While the gateway runs, the newest are on their way to the disk still.
            store.Log.WaitDurableAsync(Cursor.Joined).AsTask().Wait(DiskPatience);
            using var reader = store.Log.OpenReader(through + 1, static _ => { });
            while (reader.TryRead() is { } found && found.Position <= Cursor.Joined)
            {
                var record = (MirroredRecord)store.Decode(found);
                if (!Cursor.IsDone(found.Position))
                {
                    _tally.Accept(record);
                    _lostPoints += record.Points;
                    _lostBytes += record.Body.Length;
                    _lostRecords++;
                }

                record.Body.Release();
            }
        }
        catch (Exception fault) when (fault is DiskException or InvalidDataException)
        {
            // The account lacks what cannot be read; delivery meets it again and reports it.
            MirrorLog.JournalUnreadable(_context.Log, _context.Cluster, _destination, fault.Message);
        }
    }
}
