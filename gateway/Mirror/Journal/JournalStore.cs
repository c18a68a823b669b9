using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>The part of a journal that is on disk: the log, and the state of each cursor.</summary>
public sealed class JournalStore : IAsyncDisposable
{
    private readonly IDisk _disk;
    private readonly Func<LogRecord, JournalRecord> _decode;
    private readonly Lock _gate = new();
    private readonly Lock _saving = new();
    private volatile bool _hasAbsent;
    private readonly Dictionary<string, CursorState> _saved;
    private readonly SparseSegments _sparse;

    private JournalStore(IDisk disk, LogOptions options, SegmentLog log, Func<LogRecord, JournalRecord> decode)
    {
        SegmentBytes = options.SegmentBytes;
        _disk = disk;
        _decode = decode;
        Log = log;
        _sparse = new SparseSegments(options.SegmentBytes, options.MaxBytes);
        _saved = new Dictionary<string, CursorState>(log.Recovered.Cursors, StringComparer.OrdinalIgnoreCase);
        _hasAbsent = _saved.Count > 0;
        IsNew = log.Recovered is { Segments.Count: 0, Cursors.Count: 0, Damage.Count: 0 };
    }

    /// <summary>The log.</summary>
    public SegmentLog Log { get; }

    /// <summary>Bytes of a segment.</summary>
    public int SegmentBytes { get; }

    /// <summary>The folder held no journal before.</summary>
    public bool IsNew { get; }

    /// <summary>
    /// Somebody who has no reader now may come back and go on: what everybody else has is written all the same.
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
    public long First => Log.Segments is [var oldest, ..] ? oldest.Header.First : Log.Tail + 1;

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
    public bool Reaches(CursorState state) => state.LowWaterMark + 1 >= First
        && !Log.Recovered.Damage.Any(damage => damage.Kind == LogDamageKind.MissingSegment
            && !state.IsDone(damage.After + 1, damage.Before - 1));

    /// <summary>Saves a cursor's state; when it returns, it is on disk.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    public void Save(string cursor, CursorState state)
    {
        // Appending must not wait for a disk, so the lock around what is known is not held meanwhile.
        lock (_saving)
        {
            new CursorFile(_disk, cursor).Save(state);
            lock (_gate)
                _saved[cursor] = state;
        }
    }

    /// <summary>
    /// Lets go of what every one of these cursors is done with, as it was saved, also behind what one of them still
    /// needs. Nothing goes while one of them was never saved.
    /// </summary>
    public void Trim(IEnumerable<string> cursors)
    {
        var names = cursors.ToArray();
        if (SavedOf(names) is not { } states)
            return;
        CursorState[] absent;
        lock (_gate)
            absent = [.. _saved.Where(one => !names.Contains(one.Key, _saved.Comparer)).Select(one => one.Value)];
        var through = states.Min(static state => state.LowWaterMark);
        Log.Trim(through);
        Log.Cover(through);
        // A cursor without a reader goes by the oldest segment alone when it is asked whether it can go on.
        _hasAbsent = absent.Any(Reaches);
        if (_hasAbsent)
            return;
        // Those before the first that is needed go in turn, as low-water marks allow.
        var isBehindNeeded = false;
        foreach (var segment in Log.Segments)
        {
            var isDone = segment.IsSealed
                && states.All(state => state.IsDone(segment.Header.First, segment.Last));
            if (isDone && isBehindNeeded)
                Log.Discard(segment);
            isBehindNeeded |= !isDone;
        }
    }

    /// <summary>
    /// Writes some segments anew that are kept for a few of their records, if that is worth it. By one thread at a
    /// time.
    /// </summary>
    /// <param name="cursors">As for <see cref="Trim"/>, which is called before.</param>
    /// <param name="isUrgent">There is no room, so that anything is worth it.</param>
    /// <returns>Whether there may be more to do.</returns>
    /// <exception cref="DiskException">The disk fails.</exception>
    public bool Compact(IEnumerable<string> cursors, bool isUrgent)
    {
        // Nobody knows what a cursor that comes back is done with by then.
        if (_hasAbsent || SavedOf([.. cursors]) is not { } states)
            return false;
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

    /// <summary>When the last record of a segment was accepted; null when none in it can be read.</summary>
    /// <exception cref="DiskException">The disk fails.</exception>
    internal DateTimeOffset? NewestIn(Segment segment)
    {
        DateTimeOffset? newest = null;
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
            newest = record.AcceptedAt;
            record.Body.Release();
        }

        return newest;
    }

    /// <summary>What was saved of these cursors; null when one of them never was.</summary>
    private CursorState[]? SavedOf(string[] cursors)
    {
        lock (_gate)
            return cursors.All(_saved.ContainsKey) ? [.. cursors.Select(cursor => _saved[cursor])] : null;
    }

    /// <summary>Makes what waits durable, and lets go of the folder.</summary>
    public ValueTask DisposeAsync() => Log.DisposeAsync();

    /// <summary>A cursor has lost its reader.</summary>
    internal void NoteAbsent() => _hasAbsent = true;

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
