using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>The part of a journal that is on disk: the log, and the state of each cursor.</summary>
public sealed class JournalStore : IAsyncDisposable
{
    private readonly Func<LogRecord, JournalRecord> _decode;
    private readonly Lock _gate = new();
    private readonly Lock _saving = new();
    private volatile bool _hasAbsent;
    private readonly Dictionary<string, CursorState> _saved;

    // Cursors whose state counts: those with a reader, and (true) those that have lost it and are saved once more.
    private readonly Dictionary<string, bool> _readers = new(StringComparer.OrdinalIgnoreCase);

    // Cursors without a reader that cannot go on, and are saved as such. Belongs to the lock.
    private readonly HashSet<string> _forsaken = new(StringComparer.OrdinalIgnoreCase);

    // Belongs to the lock around saving.
    private readonly CursorFiles _files;
    private readonly SparseSegments _sparse;

    private JournalStore(IDisk disk, LogOptions options, SegmentLog log, Func<LogRecord, JournalRecord> decode)
    {
        SegmentBytes = options.SegmentBytes;
        MaxSpares = options.MaxSpares;
        _decode = decode;
        Log = log;
        _sparse = new SparseSegments(options.SegmentBytes, options.MaxBytes);
        _saved = new Dictionary<string, CursorState>(log.Recovered.Cursors, StringComparer.OrdinalIgnoreCase);
        _files = new CursorFiles(disk, log.Recovered.CursorNames, SaveWithRoom);
        _hasAbsent = _saved.Count > 0;
        IsNew = log.Recovered is { Segments.Count: 0, Cursors.Count: 0, Damage.Count: 0 };
    }

    /// <summary>The log.</summary>
    public SegmentLog Log { get; }

    /// <summary>Bytes of a segment.</summary>
    public int SegmentBytes { get; }

    /// <inheritdoc cref="LogOptions.MaxSpares"/>
    public int MaxSpares { get; }

    /// <summary>The folder held no journal before.</summary>
    public bool IsNew { get; }

    /// <summary>
    /// Somebody who has no reader now may come back and go on, or would think so: what everybody else has is written
    /// all the same.
    /// </summary>
    public bool HasAbsent => _hasAbsent;

    /// <summary>Opens the journal in a folder.</summary>
    /// <param name="disk">The folder.</param>
    /// <param name="options">Sizes and limits.</param>
    /// <param name="decode">Makes a record of what was read; takes over the body's reference.</param>
    /// <param name="tell">Takes the log's news; must return soon.</param>
    /// <exception cref="DiskException">Another process has the folder, or it cannot be used.</exception>
    public static JournalStore Open(
        IDisk disk, LogOptions options, Func<LogRecord, JournalRecord> decode, Action<LogEvent> tell) =>
        new(disk, options, SegmentLog.Open(disk, options, tell), decode);

    /// <summary>The lowest position that may still be read.</summary>
    public long First => Log.First;

    /// <summary>Everything that was saved, by cursor.</summary>
    public IReadOnlyDictionary<string, CursorState> AllSaved()
    {
        lock (_gate)
            return new Dictionary<string, CursorState>(_saved, _saved.Comparer);
    }

    /// <summary>What was saved of a cursor; null when there is nothing.</summary>
    public CursorState? Saved(string cursor)
    {
        lock (_gate)
            return _saved.GetValueOrDefault(cursor);
    }

    /// <summary>
    /// Whether everything that a cursor with this state has not done yet can still be read. A power cut may bring back
    /// an old segment that had gone, without those behind it.
    /// </summary>
    public bool Reaches(CursorState state) => state.LowWaterMark + 1 >= First && !LacksFile(state);

    /// <summary>Whether a file is missing whose records a cursor with this state has not done.</summary>
    internal bool LacksFile(CursorState state) => Log.Recovered.Damage.Any(
        damage => damage.Kind == LogDamageKind.MissingSegment && !state.IsDone(damage.After + 1, damage.Before - 1));

    /// <summary>Saves a cursor's state; when it returns, it is on disk.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    public void Save(string cursor, CursorState state)
    {
        // Appending must not wait for a disk, so the lock around what is known is not held meanwhile.
        lock (_saving)
        {
            _files.Save(cursor, state);
            lock (_gate)
            {
                // Also with the name it has now.
                _saved.Remove(cursor);
                _saved.Add(cursor, state);
            }

            _files.RemoveOtherSpellings(cursor);
        }
    }

    /// <summary>Saves something; when there is no space for it, in place of a spare segment, if there is one.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    internal void SaveWithRoom(Action save)
    {
        try
        {
            save();
        }
        catch (DiskException fault) when (fault.Fault == DiskFault.Full)
        {
            if (!Log.TryDropSpare())
                throw;
            save();
        }
    }

    /// <summary>Makes room for what cursors save next, which others who fill the disk cannot take.</summary>
    /// <exception cref="DiskException">It cannot be made now.</exception>
    internal void KeepRoom()
    {
        lock (_saving)
            _files.KeepRoom();
    }

    /// <summary>
    /// Lets go of what every reader's cursor is done with, as it was saved, also behind what one of them still needs.
    /// Nothing goes while one of them was never saved.
    /// </summary>
    public void Trim()
    {
        // Readers come and go under the lock, and what they find here is what they were counted for: whoever comes
        // finds the log trimmed and covered without it, or is counted; what whoever goes may come back for is written.
        lock (_gate)
            Trim_NeedsLock();
    }

    private void Trim_NeedsLock()
    {
        if (StatesOfReaders_NeedsLock() is not { } states)
            return;
        var through = states.Min(static state => state.LowWaterMark);
        Log.Trim(through);
        Log.Cover(through);
        var absent = Absent_NeedsLock().Select(static one => one.Value).ToArray();
        _hasAbsent = absent.Length > 0 || _readers.ContainsValue(true) || Lost_NeedsLock().Any();
        // A cursor without a reader goes by the oldest segment when it is asked whether it can go on.
        foreach (var (segment, last) in BehindNeeded(states))
        {
            if (absent.All(state => state.IsDone(segment.Header.First, last)))
                Log.Discard(segment);
        }
    }

    /// <summary>
    /// Bytes of segments that are kept only because somebody without a reader may come back and go on.
    /// </summary>
    public long BytesForAbsent
    {
        get
        {
            lock (_gate)
            {
                var absent = Absent_NeedsLock().Select(static one => one.Value).ToArray();
                return absent.Length == 0 || StatesOfReaders_NeedsLock() is not { } states
                    ? 0
                    : BehindNeeded(states)
                        .Where(one => !absent.All(state => state.IsDone(one.Segment.Header.First, one.Last)))
                        .Sum(static one => one.Segment.FileBytes);
            }
        }
    }

    /// <summary>Those without a reader that may come back and go on, and lack some of these positions.</summary>
    internal IReadOnlyList<KeyValuePair<string, CursorState>> AbsentLacking(PositionRuns positions)
    {
        lock (_gate)
            return [.. Absent_NeedsLock().Where(one => !positions.All(run => one.Value.IsDone(run.From, run.To)))];
    }

    /// <summary>
    /// Those without a reader that cannot go on, as long as that was not saved: a power cut may bring back the files
    /// that they lack.
    /// </summary>
    internal IReadOnlyList<KeyValuePair<string, CursorState>> Lost()
    {
        lock (_gate)
            return [.. Lost_NeedsLock()];
    }

    /// <summary>
    /// Saves another state for a cursor without a reader, for which less is kept from now on. Nothing is changed when
    /// it has a reader again, or had one.
    /// </summary>
    /// <param name="cursor">Its name.</param>
    /// <param name="before">Its state so far.</param>
    /// <param name="state">Its state from now on.</param>
    /// <exception cref="DiskException">It may or may not have been saved; until it is, all is kept.</exception>
    public void Forsake(string cursor, CursorState before, CursorState state)
    {
        lock (_saving)
        {
            lock (_gate)
            {
                if (_readers.ContainsKey(cursor) || !ReferenceEquals(_saved.GetValueOrDefault(cursor), before))
                    return;
            }

            _files.Save(cursor, state);
            lock (_gate)
            {
                // Who came meanwhile goes on by the state before, for which all was kept, and saves its own in time.
                if (_readers.ContainsKey(cursor))
                    return;
                _saved[cursor] = state;
                if (!Reaches(state))
                    _forsaken.Add(cursor);
            }
        }
    }

    private IEnumerable<KeyValuePair<string, CursorState>> Lost_NeedsLock() => _saved.Where(
        one => !_readers.ContainsKey(one.Key) && !Reaches(one.Value) && !_forsaken.Contains(one.Key));

    /// <summary>Cursors without a reader that count: they may come back and go on.</summary>
    private IEnumerable<KeyValuePair<string, CursorState>> Absent_NeedsLock() =>
        _saved.Where(one => !_readers.ContainsKey(one.Key) && Reaches(one.Value));

    /// <summary>
    /// Segments that these are done with, behind one that somebody needs; those before go in turn, as low-water marks
    /// allow. Done is every position up to the next segment, though there be no record of it: where one is gone a start
    /// does not know where the one before ends, and finds there what never was safe.
    /// </summary>
    private IEnumerable<(Segment Segment, long Last)> BehindNeeded(CursorState[] states)
    {
        var isBehindNeeded = false;
        var all = Log.Segments;
        for (var i = 0; i + 1 < all.Count; i++)
        {
            var last = all[i + 1].Header.First - 1;
            var isDone = all[i].IsSealed && states.All(state => state.IsDone(all[i].Header.First, last));
            if (isDone && isBehindNeeded)
                yield return (all[i], last);
            isBehindNeeded |= !isDone;
        }
    }

    /// <summary>
    /// Writes some segments anew that are kept for a few of their records, if that is worth it. By one thread at a
    /// time.
    /// </summary>
    /// <param name="isUrgent">There is no room, so that anything is worth it.</param>
    /// <returns>Whether there may be more to do.</returns>
    /// <exception cref="DiskException">The disk fails.</exception>
    public bool Compact(bool isUrgent)
    {
        CursorState[] states;
        lock (_gate)
        {
            if (StatesOfReaders_NeedsLock() is not { } readers)
                return false;
            // Whoever comes back is done with no less than was saved.
            states = [.. readers, .. Absent_NeedsLock().Select(static one => one.Value)];
        }

        try
        {
            if (_sparse.Find(Log.Segments, states, segment => Log.Measure(segment, IsNeeded), isUrgent) is not { } run)
                return false;
            if (Log.Compact(run, IsNeeded) is { } damaged)
                _sparse.NoteDamaged(damaged);
            return true;
        }
        catch (DiskException fault) when (fault.Fault == DiskFault.Missing)
        {
            // One of them has gone meanwhile: the rest has its turn the next time.
            return false;
        }

        bool IsNeeded(long position) => !states.All(state => state.IsDone(position, position));
    }

    /// <summary>The last record of a segment, and when it was accepted; null when none in it can be read.</summary>
    /// <exception cref="DiskException">The disk fails.</exception>
    internal (long Position, DateTimeOffset AcceptedAt)? NewestIn(Segment segment)
    {
        (long, DateTimeOffset)? newest = null;
        using var reader = Log.OpenReader(segment.Header.First, static _ => { });
        while (reader.TryRead() is { } found)
        {
            if (found.Position > segment.Last)
            {
                found.Body.Release();
                break;
            }

            if (Decode(found, static _ => { }) is not { } record)
                continue;
            newest = (found.Position, record.AcceptedAt);
            record.Body.Release();
        }

        return newest;
    }

    /// <summary>What was saved of those whose state counts; null when one of them never was, or there are none.
    /// </summary>
    private CursorState[]? StatesOfReaders_NeedsLock() =>
        _readers.Count > 0 && _readers.Keys.All(_saved.ContainsKey)
            ? [.. _readers.Keys.Select(cursor => _saved[cursor])]
            : null;

    /// <summary>Makes what waits durable, and lets go of the folder.</summary>
    public ValueTask DisposeAsync() => Log.DisposeAsync();

    /// <summary>A cursor has a reader, who may get anything behind a position.</summary>
    internal void Enter(string cursor, long lowWaterMark)
    {
        lock (_gate)
        {
            _readers[cursor] = false;
            _forsaken.Remove(cursor);
            Log.Uncover(lowWaterMark);
        }
    }

    /// <summary>A cursor has lost its reader, and is saved once more; it counts until <see cref="Leave"/>.</summary>
    internal void BeginLeave(string cursor)
    {
        lock (_gate)
        {
            _readers[cursor] = true;
            _hasAbsent = true;
        }
    }

    /// <summary>
    /// Cursors without a reader that were saved for the last time, or could not be: they hold nothing any more.
    /// </summary>
    /// <param name="isOver">Whether this one was.</param>
    internal void Leave(Func<string, bool> isOver)
    {
        lock (_gate)
        {
            foreach (var (cursor, _) in _readers.Where(one => one.Value && isOver(one.Key)).ToArray())
                _readers.Remove(cursor);
        }
    }

    /// <summary>The record that was read; null, and told as damage, when this program does not know its header.
    /// </summary>
    internal JournalRecord? Decode(LogRecord found, Action<LogDamage> damaged)
    {
        try
        {
            return _decode(found);
        }
        catch (InvalidDataException)
        {
            found.Body.Release();
            damaged(new LogDamage(
                LogDamageKind.Record, "", 0, found.Header.Length, found.Position - 1, found.Position + 1,
                Acknowledged: true, found.Position, found.Header));
            return null;
        }
    }
}
