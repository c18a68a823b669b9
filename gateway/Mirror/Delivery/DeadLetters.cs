using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// The dead letters of a cluster: bounded in bytes but for the newest one, the oldest goes first and is counted. On
/// disk where the journal is; memory holds what is said about a letter, not the letter. Safe for any number of threads.
/// </summary>
public sealed class DeadLetters : IAsyncDisposable
{
    private const int MemoryOverhead = 256;

    // On disk a letter counts at least what is kept of it in memory.
    private const int DiskOverhead = 1024;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Func<long> _limitBytes;
    private readonly LetterLog? _log;
    private readonly LetterIndex _index;
    private readonly Dictionary<long, LogRecord> _inMemory = [];
    private readonly HashSet<long> _retried = [];
    private long _lastId;
    private long _filed;
    private long _discarded;

    /// <summary>The letters in a folder, or ones in memory.</summary>
    /// <param name="disk">The folder; null when they are in memory.</param>
    /// <param name="options">The options as they are now.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Told of what cannot be read, and of what the disk does.</param>
    /// <exception cref="DiskException">Another process has the folder, or it cannot be used.</exception>
    internal static DeadLetters Open(
        IDisk? disk, Func<MirrorOptions> options, TimeProvider time, Action<string> tell)
    {
        long Limit() => options().Delivery.DeadLettersMB * 1024L * 1024L;
        return disk is null
            ? new DeadLetters(time, Limit)
            : new DeadLetters(time, Limit, LetterLog.Open(disk, options().Journal, tell), tell);
    }

    /// <summary>Letters in memory.</summary>
    internal DeadLetters(TimeProvider time, Func<long> limitBytes)
    {
        (_time, _limitBytes) = (time, limitBytes);
        _index = new LetterIndex(MemoryOverhead);
    }

    /// <summary>The letters of a log, and new ones into it.</summary>
    internal DeadLetters(TimeProvider time, Func<long> limitBytes, LetterLog log, Action<string> tell)
    {
        (_time, _limitBytes, _log) = (time, limitBytes, log);
        _index = new LetterIndex(DiskOverhead);
        log.Load(_index, tell);
        lock (_gate)
            Trim_NeedsLock();
    }

    /// <summary>Letters thrown away to make room, since the start.</summary>
    public long Discarded => Interlocked.Read(ref _discarded);

    /// <inheritdoc cref="LetterLog.IsAtRest"/>
    internal bool IsAtRest => _log?.IsAtRest ?? true;

    /// <inheritdoc cref="LetterIndex.NewestRecord"/>
    internal long NewestRecord
    {
        get
        {
            lock (_gate)
                return _index.NewestRecord;
        }
    }

    /// <summary>Letters filed since the start.</summary>
    public long Filed => Interlocked.Read(ref _filed);

    /// <summary>Letters there are, and the bytes they count.</summary>
    public (int Letters, long Bytes) Kept
    {
        get
        {
            lock (_gate)
                return (_index.Letters.Count, _index.Bytes);
        }
    }

    /// <summary>The letters kept, oldest first.</summary>
    public IReadOnlyList<DeadLetter> List()
    {
        lock (_gate)
            return [.. _index.Letters];
    }

    /// <summary>A letter; null when there is none of that number.</summary>
    public DeadLetter? Find(long id)
    {
        lock (_gate)
            return _index.Find(id);
    }

    /// <summary>
    /// The record of a letter; null when it is gone or cannot be read. Whoever asks releases its body.
    /// </summary>
    /// <exception cref="DiskException">The disk fails.</exception>
    public ValueTask<MirroredRecord?> ReadAsync(DeadLetter letter) => ReadAsync(letter, toSend: null, watch: null);

    /// <summary>Lets go of the folder.</summary>
    public ValueTask DisposeAsync() => _log?.DisposeAsync() ?? default;

    /// <summary>
    /// Files a letter; when the answer is true it is as safe as it gets. False: the disk does not take it now.
    /// </summary>
    internal async ValueTask<bool> FileAsync(string destination, MirroredRecord record, string reason)
    {
        var position = File(destination, record, reason);
        return position > 0 && (_log is null || await _log.WaitDurableAsync(position).ConfigureAwait(false));
    }

    /// <summary>
    /// Removes a letter, if it is there: it may have gone to make room for newer ones. False when the disk does not
    /// take that now.
    /// </summary>
    internal async ValueTask<bool> RemoveAsync(long id)
    {
        long position;
        lock (_gate)
        {
            if (_index.Find(id) is null)
                return true;
            position = _log?.Append(LetterFormat.OfRemoval(id)) ?? id;
            if (position == 0)
                return false;
            Forget_NeedsLock(id);
            Trim_NeedsLock();
        }

        return _log is null || await _log.WaitDurableAsync(position).ConfigureAwait(false);
    }

    /// <summary>Removes the letter of a record of the journal: it is not wanted after all.</summary>
    internal async Task WithdrawAsync(string destination, long position)
    {
        long id;
        lock (_gate)
            id = _index.Of(destination, position);
        // When the disk does not take that, a letter too many is left.
        if (id > 0)
            await RemoveAsync(id).ConfigureAwait(false);
    }

    /// <summary>
    /// A letter has another reason, and number of refused points, from now on, if it is there. False when the disk
    /// does not take that now.
    /// </summary>
    internal async ValueTask<bool> ChangeAsync(long id, string reason, int rejected)
    {
        long position;
        lock (_gate)
        {
            if (_index.Find(id) is not { } letter)
                return true;
            var shown = Shown(reason, letter.Kind, letter.Reason == Hidden);
            var note = new LetterNote(
                id, letter.Time, letter.Destination, shown, rejected, letter.Position, letter.Kind);
            position = _log?.Append(LetterFormat.OfChange(note)) ?? id;
            if (position == 0)
                return false;
            _index.Change(id, shown, rejected);
        }

        return _log is null || await _log.WaitDurableAsync(position).ConfigureAwait(false);
    }

    /// <summary>A letter, taken for a retry; null when somebody has it already, or it is gone.</summary>
    internal DeadLetter? Take(long id)
    {
        lock (_gate)
            return _index.Find(id) is { } letter && _retried.Add(id) ? letter : null;
    }

    /// <summary>The retry is over.</summary>
    internal void PutBack(long id)
    {
        lock (_gate)
            _retried.Remove(id);
    }

    /// <summary>Whether somebody has taken it for a retry.</summary>
    internal bool IsTaken(long id)
    {
        lock (_gate)
            return _retried.Contains(id);
    }

    /// <summary>The record of a letter, to be sent once more.</summary>
    /// <exception cref="DiskException">The disk fails.</exception>
    internal ValueTask<MirroredRecord?> ReadToSendAsync(DeadLetter letter, DeliveryWatch watch) =>
        ReadAsync(letter, letter, watch);

    /// <summary>How many points of a record were refused: of a partial write the rest was stored.</summary>
    internal static int RejectedOf(MirroredRecord record, string reason)
    {
        var verdict = Verdict.Of(400, reason);
        return verdict.IsPartial ? Math.Min(verdict.DroppedPoints, record.Points) : record.Points;
    }

    private const string Hidden = "refused; the reason is not shown, for it may quote a password";

    /// <summary>A statement's error may quote it.</summary>
    private static string Shown(string reason, RecordKind kind, bool holdsPassword)
    {
        if (kind == RecordKind.Statement && holdsPassword)
            return Hidden;
        return reason.Length <= LetterFormat.MaxReason ? reason : reason[..LetterFormat.MaxReason];
    }

    private long File(string destination, MirroredRecord record, string reason)
    {
        var rejected = RejectedOf(record, reason);
        var holdsPassword = record.Kind == RecordKind.Statement && RecordText.HoldsPassword(record);
        var note = new LetterNote(
            0, _time.GetUtcNow(), destination, Shown(reason, record.Kind, holdsPassword), rejected, record.Position,
            record.Kind);
        var entry = LetterFormat.OfLetter(note, record);
        lock (_gate)
        {
            if (record.Position > 0 && _index.Of(destination, record.Position) is > 0 and var known)
                return known;
            var id = _log?.Append(entry) ?? ++_lastId;
            if (id == 0)
                return 0;
            if (_log is null)
                _inMemory[id] = new LogRecord(id, entry.Kind, entry.Header, SharedBuffer.Copy(record.Body.Span));
            _index.Add(LetterFormat.Describe(id, note, record));
            Interlocked.Increment(ref _filed);
            Trim_NeedsLock();
            return id;
        }
    }

    private async ValueTask<MirroredRecord?> ReadAsync(DeadLetter letter, DeadLetter? toSend, DeliveryWatch? watch)
    {
        LogRecord? found;
        lock (_gate)
        {
            if (_inMemory.TryGetValue(letter.Id, out found))
                found.Body.AddReference();
        }

        // What is not safe yet cannot be read.
        if (found is null && _log is not null && await _log.WaitDurableAsync(letter.Id).ConfigureAwait(false))
            found = _log.Read(letter.Id);
        return found is null ? null : LetterFormat.RecordOf(found, toSend, watch);
    }

    /// <summary>
    /// The oldest letters go, until the rest is within the bound: in bytes, and on disk in segments. The newest stays
    /// until the next one comes, whatever it takes: its record is kept nowhere else.
    /// </summary>
    private void Trim_NeedsLock()
    {
        while (_index.Letters.Count > 1 && _index.Bytes > _limitBytes())
            Discard_NeedsLock(_index.Oldest!.Id);
        if (_log is null)
            return;
        // Letters that were removed take space until all before them are gone.
        var excess = _log.Segments.Sum(static segment => segment.FileBytes) - _limitBytes() -
            (3L * LetterLog.SegmentBytes);
        foreach (var segment in _log.Segments.Where(static segment => segment.IsSealed))
        {
            if (excess <= 0)
                break;
            excess -= segment.FileBytes;
            while (_index.Letters.Count > 1 && _index.Oldest!.Id <= segment.Last)
                Discard_NeedsLock(_index.Oldest.Id);
        }

        _log.KeepFrom(_index.Oldest?.Id ?? _log.Tail + 1);
    }

    private void Discard_NeedsLock(long id)
    {
        // When that cannot be written, the letter is back after a restart, and goes again.
        _log?.Append(LetterFormat.OfRemoval(id));
        Forget_NeedsLock(id);
        Interlocked.Increment(ref _discarded);
    }

    private void Forget_NeedsLock(long id)
    {
        _index.Remove(id);
        if (_inMemory.Remove(id, out var found))
            found.Body.Release();
    }
}
