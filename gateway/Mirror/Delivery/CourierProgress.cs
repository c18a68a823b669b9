using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

/// <summary>
/// A courier's place in the journal across restarts: opens its cursor where it was saved, with its account, and saves
/// both.
/// </summary>
internal sealed class CourierProgress
{
    private readonly Lock _saving = new();
    private readonly string _destination;
    private readonly Journal.Journal _journal;
    private readonly CourierContext _context;
    private readonly CourierTally _tally;

    // What waits of the records up to a position: since the start, or since damage was found. When all up to there is
    // done, what is left of it is lost.
    private long _watchedThrough;
    private long _watchedPoints, _watchedBytes, _watchedRecords;

    // Of what was on disk at the start, records above this one are in no account before they are read.
    private long _countedThrough;
    private long _unreadableAt;

    // Accepted, and perhaps not safe yet, oldest first. Belongs to the journal's lock.
    private readonly Queue<(long Position, int Points, int Bytes)> _unsafe = new();
    private CursorState? _last;

    // The newest record in the account. Belongs to the journal's lock.
    private long _acceptedThrough;

    // Records after which the destination vanished once. Belongs to the courier's lock.
    private readonly HashSet<long> _vanished = [];

    public CourierProgress(string destination, Journal.Journal journal, CourierContext context, CourierTally tally)
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
        // Without a cursor it may have been no destination for as long as anybody can tell.
        var reaches = saved is not null && store.Reaches(saved);
        NeedsResync = !known || (state?.NeedsResync ?? false) || (!reaches && context.WasAbsent(destination));
        if (state is not null)
        {
            tally.Restore(state.Tally);
            (_watchedPoints, _watchedBytes) = (state.Tally.Pending, state.Tally.PendingBytes);
            _watchedRecords = state.Tally.PendingRecords;
            _vanished.UnionWith(state.Vanished ?? []);
        }

        Since = state?.Since ?? (known ? 0 : Cursor.Joined);
        // A record may have come already.
        _ = journal.AtRest(() => _acceptedThrough = Math.Max(_acceptedThrough, Cursor.Joined));
        _watchedThrough = Cursor.Joined;
        CountFrom(store, Math.Max(state?.Through ?? 0, Cursor.LowWaterMark));
    }

    /// <summary>The courier's cursor.</summary>
    public JournalCursor Cursor { get; }

    /// <summary>Up to here the destination got nothing: it was none then.</summary>
    public long Since { get; }

    /// <summary>Whether the destination lacks records that others have.</summary>
    public bool NeedsResync { get; }

    /// <summary>The journal is on disk.</summary>
    public bool IsDurable => _journal.Store is not null;

    /// <summary>Up to here the disk can be read.</summary>
    public long DurableThrough => _journal.Store!.Log.DurableThrough;

    /// <summary>The newest position of the journal.</summary>
    public long Tail => _journal.Tail;

    /// <summary>A record has its fate. Belongs to the courier's lock.</summary>
    public void Settled(SpilledRecord record)
    {
        _vanished.Remove(record.Position);
        if (record.Position > _watchedThrough)
            return;
        _watchedPoints -= record.Points;
        _watchedBytes -= record.Bytes;
        _watchedRecords--;
    }

    /// <summary>The destination vanished after a record. Belongs to the courier's lock.</summary>
    public void NoteVanished(MirroredRecord record) => _vanished.Add(record.Position);

    /// <summary>
    /// Whether the destination vanished after a record, in this run or in one before. Belongs to the courier's lock.
    /// </summary>
    public bool HasVanished(MirroredRecord record) => _vanished.Contains(record.Position);

    /// <summary>A record was read on disk: it is in the account from now on. Belongs to the courier's lock.</summary>
    public void Read(MirroredRecord record)
    {
        if (record.Position > _countedThrough && record.Position <= Cursor.Joined)
            Count(record);
    }

    /// <summary>
    /// Something on disk is damaged: what waits now and is not found is lost. Belongs to the courier's lock.
    /// </summary>
    public void Watch() => _journal.AtRest(() =>
    {
        var tally = _tally.Snapshot();
        (_watchedPoints, _watchedBytes, _watchedRecords) = (tally.Pending, tally.PendingBytes, tally.PendingRecords);
        return _watchedThrough = _journal.Tail;
    });

    /// <summary>
    /// Records of these positions, in order, as far as the disk gives them; the caller holds each. May take long.
    /// </summary>
    /// <param name="positions">Where they are, ascending; at least one.</param>
    /// <param name="damaged">Told of what cannot be read.</param>
    /// <exception cref="DiskException">The disk fails. When it does so again for the same records, they are given up.
    /// </exception>
    public IEnumerable<MirroredRecord> ReadBack(IReadOnlyList<SpilledRecord> positions, Action<LogDamage> damaged)
    {
        var store = _journal.Store!;
        using var reader = store.Log.OpenReader(positions[0].Position, damaged);
        for (var next = 0; next < positions.Count && ReadOn(reader, positions[0].Position) is { } found;)
        {
            while (next < positions.Count && positions[next].Position < found.Position)
                next++;
            if (next == positions.Count || positions[next].Position != found.Position)
            {
                found.Body.Release();
                continue;
            }

            next++;
            if (store.Decode(found, damaged) is not MirroredRecord record)
                continue;
            _journal.Adopt(record, found.Position);
            yield return record;
        }
    }

    /// <summary>
    /// What was pending at the last end, or when damage was found, and is nowhere to be found, once everything of that
    /// time is done. Belongs to the courier's lock.
    /// </summary>
    public long DropLost()
    {
        if (Cursor.LowWaterMark < _watchedThrough || _watchedRecords == 0)
            return 0;
        _tally.DropLost(_watchedPoints, _watchedBytes, _watchedRecords);
        var lost = _watchedPoints;
        (_watchedPoints, _watchedBytes, _watchedRecords) = (0, 0, 0);
        return lost;
    }

    /// <summary>What is to be saved now. Belongs to the courier's lock.</summary>
    public CursorState State(bool needsResync) => Cursor.State(_journal.AtRest(() => Account(needsResync)).Encode());

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
        _acceptedThrough = record.Position;
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

        // What came since it was removed is in no account of it.
        return new CourierState(
            Math.Min(safe, _acceptedThrough), tally, needsResync, _context.Members(), Since,
            _vanished.Count > 0 ? [.. _vanished.Order()] : null);
    }

    private static bool IsSame(CursorState left, CursorState right) =>
        left.LowWaterMark == right.LowWaterMark && left.Completed.SequenceEqual(right.Completed)
        && left.Extra.Span.SequenceEqual(right.Extra.Span);

    private void Count(MirroredRecord record)
    {
        _tally.Accept(record);
        _watchedPoints += record.Points;
        _watchedBytes += record.Body.Length;
        _watchedRecords++;
    }

    /// <summary>
    /// What became safe after the account was saved: the seconds before a crash. What cannot be read now, or is on its
    /// way to the disk still, is counted when it is read for delivery.
    /// </summary>
    private void CountFrom(JournalStore store, long through)
    {
        _countedThrough = through;
        var durable = Math.Min(store.Log.DurableThrough, Cursor.Joined);
        try
        {
            using var reader = store.Log.OpenReader(through + 1, static _ => { });
            while (reader.TryRead() is { } found)
            {
                if (found.Position > Cursor.Joined)
                {
                    found.Body.Release();
                    break;
                }

                if (store.Decode(found, static _ => { }) is not MirroredRecord record)
                    continue;
                if (!Cursor.IsDone(found.Position))
                    Count(record);
                _countedThrough = found.Position;
                record.Body.Release();
            }

            _countedThrough = Math.Max(_countedThrough, durable);
        }
        catch (DiskException fault)
        {
            MirrorLog.JournalUnreadable(_context.Log, _context.Cluster, _destination, fault.Message);
        }
    }

    /// <summary>The next record; what the disk fails to give twice is given up, and told as damage.</summary>
    private LogRecord? ReadOn(SegmentReader reader, long first)
    {
        while (true)
        {
            try
            {
                return reader.TryRead();
            }
            catch (DiskException) when (_unreadableAt == first)
            {
                reader.SkipUnreadable();
            }
            catch (DiskException)
            {
                _unreadableAt = first;
                throw;
            }
        }
    }
}
