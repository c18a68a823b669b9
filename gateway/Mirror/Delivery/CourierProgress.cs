using System.Diagnostics;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

/// <summary>
/// A courier's place in the journal across restarts: opens its cursor where it was saved, with its account, and saves
/// both.
/// </summary>
internal sealed partial class CourierProgress
{
    // Records counted before a save, at most. More than wait in memory for the disk.
    private const int MostToCount = 100_000;

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

    // Accepted, and perhaps not safe yet, oldest first. Belongs to the journal's lock.
    private readonly Queue<(long Position, int Points, int Bytes)> _unsafe = new();
    private CursorState? _last;
    private (long At, TimeSpan Took) _lastSave;

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
        Patience = new ReadPatience(context.Time);
        var store = journal.Store;
        var saved = store?.Saved(destination);
        var (isLate, known, wasAbsent) = context.Members.Of(destination);
        Cursor = journal.OpenCursor(
            destination, record => Accept((MirroredRecord)record), fromStart: store is not null && known);
        if (store is null)
        {
            NeedsResync = isLate;
            return;
        }

        var state = CourierState.Decode(saved is null ? default : saved.Extra.Span);
        // Without a cursor it may have been no destination for as long as anybody can tell.
        var reaches = saved is not null && store.Reaches(saved);
        NeedsResync = !known || (state?.NeedsResync ?? false) || (!reaches && wasAbsent)
            || (saved is not null && store.LacksFile(saved));
        if (state is not null)
        {
            tally.Restore(state.Tally);
            (_watchedPoints, _watchedBytes) = (state.Tally.Pending, state.Tally.PendingBytes);
            _watchedRecords = state.Tally.PendingRecords;
            // Where no disk had the record, its position is going to be another one's; 0 was a letter's, once.
            _vanished.UnionWith(
                (state.Vanished ?? []).Where(position => position > 0 && position <= Cursor.Joined));
            // With nothing to read there is nothing that waits.
            if (Cursor.LowWaterMark < Cursor.Joined)
                Parked = state.Parked ?? [];
        }

        Since = state?.Since ?? (known ? 0 : Cursor.Joined);
        // A record may have come already.
        _ = journal.AtRest(() => _acceptedThrough = Math.Max(_acceptedThrough, Cursor.Joined));
        _watchedThrough = Cursor.Joined;
        var hasAll = CountFrom(store, Math.Max(state?.Through ?? 0, Cursor.LowWaterMark));
        // Its cursor is lost, and with it what is known of it. It gets once more what is on disk, and what everybody
        // had may not be there: an older value, or a statement, without what came behind it.
        NeedsResync |= saved is null && !store.IsNew && (!hasAll || context.Gaps.List(destination).Count > 0);
    }

    /// <summary>With a disk that fails to give what waits.</summary>
    public ReadPatience Patience { get; }

    /// <summary>The courier's cursor.</summary>
    public JournalCursor Cursor { get; }

    /// <summary>Up to here the destination got nothing: it was none then.</summary>
    public long Since { get; }

    /// <summary>Whether the destination lacks records that others have.</summary>
    public bool NeedsResync { get; }

    /// <summary>Places that records were parked for at the last end.</summary>
    public IReadOnlyList<ParkedPlace> Parked { get; } = [];

    /// <summary>What waited at the start was read.</summary>
    public bool HasReadWhatWaited => Cursor.ReadThrough >= Cursor.Joined;

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

    /// <summary>
    /// So much of what waited when damage was found is lost, and counted as that. Belongs to the courier's lock.
    /// </summary>
    public void Lost(ParkedOnDisk lost)
    {
        _watchedPoints -= lost.Points;
        _watchedBytes -= lost.Bytes;
        _watchedRecords -= lost.Lost;
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
            Count(new SpilledRecord(record));
    }

    /// <summary>
    /// Counts what was on its way to the disk when the cursor joined, and has got there: an account that says how far
    /// it goes must not leave it out.
    /// </summary>
    /// <param name="gate">The courier's lock, which is not held.</param>
    public void CountRest(Lock gate)
    {
        long behind;
        lock (gate)
        {
            if (_countedThrough >= Cursor.Joined)
                return;
            // What was read is counted.
            behind = Math.Max(_countedThrough, Cursor.ReadThrough);
        }

        WaitingStep[] found;
        try
        {
            found = [.. Waiting(_journal.Store!, behind).Take(MostToCount)];
        }
        catch (DiskException)
        {
            // The account goes no further for now. Whoever reads it for delivery tells of the disk.
            return;
        }

        lock (gate)
        {
            foreach (var step in found)
                Count(step);
        }
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
    /// What was pending at the last end, or when damage was found, and is nowhere to be found, once everything of that
    /// time is done. Belongs to the courier's lock.
    /// </summary>
    public long DropLost()
    {
        // Without records there may be bytes: an account of a version that counted them in another way.
        if (Cursor.LowWaterMark < _watchedThrough || (_watchedRecords, _watchedBytes) == (0, 0))
            return 0;
        _tally.DropLost(_watchedPoints, _watchedBytes, _watchedRecords);
        var lost = _watchedPoints;
        (_watchedPoints, _watchedBytes, _watchedRecords) = (0, 0, 0);
        return lost;
    }

    /// <summary>
    /// The tally while no record comes, as that is counted under the journal's lock. Belongs to the courier's lock.
    /// </summary>
    public TallyReading ReadTally() => _journal.AtRest(_tally.Read);

    /// <summary>What is to be saved now. Belongs to the courier's lock.</summary>
    public CursorState State(bool needsResync, IReadOnlyList<ParkedPlace>? parked)
    {
        var account = _journal.AtRest(() => Account(needsResync));
        return Cursor.State((account with { Parked = parked }).Encode());
    }

    /// <summary>Saves; when it returns, the state is on disk. States are saved in the order of the calls.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    public void Save(Func<CursorState> state)
    {
        lock (_saving)
        {
            var began = Stopwatch.GetTimestamp();
            var now = state();
            if (_last is not null && now.IsLike(_last))
                return;
            _last = null;
            _journal.Store!.Save(_destination, now);
            _last = now;
            _lastSave = (Stopwatch.GetTimestamp(), Stopwatch.GetElapsedTime(began));
        }
    }

    /// <summary>When the last save ended, a timestamp of <see cref="Stopwatch"/>, and how long it took.</summary>
    public (long At, TimeSpan Took) LastSave
    {
        get
        {
            lock (_saving)
                return _lastSave;
        }
    }

    private void Accept(MirroredRecord record)
    {
        _tally.Accept(record.Points, record.Bytes);
        _acceptedThrough = record.Position;
        if (IsDurable)
            _unsafe.Enqueue((record.Position, record.Points, record.Bytes));
    }

    /// <summary>
    /// The account without what waits and is not safe: a crash may leave nothing of it, and then it was never
    /// promised to anybody, or everybody has it. What is left of it is counted at the next start.
    /// </summary>
    private CourierState Account(bool needsResync)
    {
        var safe = _journal.Store!.Log.DurableThrough;
        // What was read is counted, as what was counted before.
        var counted = Math.Max(_countedThrough, Cursor.ReadThrough);
        if (counted < Cursor.Joined)
            safe = Math.Min(safe, counted);
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
            Math.Min(safe, _acceptedThrough), tally, needsResync, _context.Members.Now, Since,
            _vanished.Count > 0 ? [.. _vanished.Order()] : null);
    }

    private void Count(in SpilledRecord record)
    {
        _tally.AcceptFound(record.Points, record.Bytes);
        _watchedPoints += record.Points;
        _watchedBytes += record.Bytes;
        _watchedRecords++;
    }

    /// <summary>
    /// What became safe after the account was saved: the seconds before a crash. What cannot be read now, or is on its
    /// way to the disk still, is counted when it is read for delivery, or before the account is saved. Whether there is
    /// a record for each position.
    /// </summary>
    private bool CountFrom(JournalStore store, long through)
    {
        _countedThrough = through;
        var found = 0L;
        try
        {
            foreach (var step in Waiting(store, through))
            {
                Count(step);
                found += step.Record is null ? 0 : 1;
            }

            var free = store.Log.Recovered.LastPosition - store.Log.Recovered.KnownThrough;
            return found >= _countedThrough - free - through;
        }
        catch (DiskException fault)
        {
            MirrorLog.JournalUnreadable(_context.Log, _context.Cluster, _destination, fault.Message);
            return false;
        }
    }

    /// <summary>
    /// One record, or the end, in the account. What is not there is passed over for good: a crash may bring back a file
    /// that had gone, and what is in it would be in no account.
    /// </summary>
    private void Count(in WaitingStep step)
    {
        Cursor.PassOver(step.EmptyFrom, step.EmptyThrough);
        if (step.Record is { } record && record.Position > Cursor.ReadThrough && !Cursor.IsDone(record.Position))
            Count(record);
        _countedThrough = Math.Max(_countedThrough, step.Record?.Position ?? step.EmptyThrough);
    }

    /// <summary>What is on disk behind a position, as far as this cursor reads the disk, and then the end.</summary>
    private IEnumerable<WaitingStep> Waiting(JournalStore store, long behind)
    {
        // Before the read: what is not found up to there is not there.
        var through = Math.Min(store.Log.DurableThrough, Cursor.Joined);
        var next = behind + 1;
        var isDamaged = false;
        using var reader = store.Log.OpenReader(next, _ => isDamaged = true);
        while (reader.TryRead() is { } found)
        {
            if (found.Position > Cursor.Joined)
            {
                found.Body.Release();
                break;
            }

            // Whoever reads it for delivery tells of damage, and so must come there.
            if (store.Decode(found, _ => isDamaged = true) is not MirroredRecord record)
                continue;
            var waiting = new SpilledRecord(record, found.Position);
            record.Body.Release();
            yield return new WaitingStep(isDamaged ? found.Position : next, found.Position - 1, waiting);
            next = found.Position + 1;
            isDamaged = false;
        }

        yield return new WaitingStep(isDamaged ? through + 1 : next, through, Record: null);
    }

    /// <summary>The next record that waits on disk, or the end.</summary>
    /// <param name="EmptyFrom">There is nothing from here on,</param>
    /// <param name="EmptyThrough">up to here; less when there may be something, or there are no positions between.
    /// </param>
    /// <param name="Record">What comes behind it; null at the end.</param>
    private readonly record struct WaitingStep(long EmptyFrom, long EmptyThrough, SpilledRecord? Record);
}
