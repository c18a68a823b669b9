namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The log without its threads: every step is a call, so that a simulation can drive it. One thread writes, one
/// keeps house (they may be the same), any number append, trim, ask and read. <see cref="SegmentLog"/> adds the
/// threads.
/// </summary>
public sealed class LogCore : IDisposable
{
    // From here on waiting records are written, and written ones synced, without anybody's asking: memory is bounded.
    private const long WriteUnaskedBytes = 8 * 1024 * 1024;
    private const long SyncUnaskedBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly LogOptions _options;
    private readonly Action<LogEvent> _tell;
    private readonly SegmentSet _segments;
    private readonly SegmentStore _store;
    private readonly SegmentWriter _writer;
    private List<LogEntry> _pending = [];
    private List<LogEntry> _taken = [];
    private readonly List<LogEntry> _staged = [];
    private long _pendingBytes;
    private long _stagedBytes;
    private long _given;
    private long _takenThrough;
    private long _safeThrough;
    private long _demanded;
    private long _trimThrough;
    private volatile LogCondition _condition;
    private volatile bool _isClosed;
    private bool _keepingFailed;

    /// <summary>Goes on where <paramref name="recovered"/> ends.</summary>
    /// <param name="disk">The folder, locked by the caller.</param>
    /// <param name="options">Sizes and limits.</param>
    /// <param name="recovered">What <see cref="Recovery"/> found.</param>
    /// <param name="tell">Takes the news; called by the threads that run the steps.</param>
    public LogCore(IDisk disk, LogOptions options, RecoveredLog recovered, Action<LogEvent> tell)
    {
        _disk = disk;
        _options = options;
        _tell = tell;
        _segments = new SegmentSet(recovered.Segments);
        _store = new SegmentStore(disk, options, recovered.Spares, recovered.LastGeneration);
        _writer = new SegmentWriter(_segments, _store, options, tell);
        _given = _takenThrough = _safeThrough = recovered.LastPosition;
    }

    /// <summary>The highest position handed out.</summary>
    public long Tail => Interlocked.Read(ref _given);

    /// <summary>Every record up to here is safe, or was cancelled.</summary>
    public long SafeThrough => Interlocked.Read(ref _safeThrough);

    /// <summary>Whether records can be made safe.</summary>
    public LogCondition Condition => _condition;

    /// <summary>What it did so far.</summary>
    public LogCounters Counters => _writer.Counters;

    /// <summary>The segments that hold records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments => _segments.All;

    /// <summary>What it takes and may take.</summary>
    public LogUsage Usage =>
        new(_segments.Bytes, _options.MaxBytes, WaitingBytes, _store.Spares, _disk.FreeBytes, _store.IsShortOfSpace);

    /// <summary>There is something for <see cref="WriteStep"/> to do.</summary>
    public bool HasWriteWork =>
        Interlocked.Read(ref _demanded) > SafeThrough || IsCrowded || _condition != LogCondition.Working;

    /// <summary>So much waits that it is written whether somebody asks for it or not.</summary>
    internal bool IsCrowded => Interlocked.Read(ref _pendingBytes) >= WriteUnaskedBytes;

    /// <summary>There is something for <see cref="KeepStep"/> to do.</summary>
    public bool HasKeepWork =>
        _segments.Unneeded(Interlocked.Read(ref _trimThrough)) is not null || NeedsSpare || _store.IsShortOfSpace;

    private long WaitingBytes =>
        Interlocked.Read(ref _pendingBytes) + Interlocked.Read(ref _stagedBytes) + _writer.UnsafeBytes;

    private bool NeedsSpare =>
        _options.MaxSpares > 0 && _store.Spares == 0 && _segments.Newest is { IsSealed: false };

    /// <summary>
    /// Takes a record and gives it the next position; nothing is done unless the answer is
    /// <see cref="AppendOutcome.Appended"/>. Never waits for the disk.
    /// </summary>
    public AppendOutcome TryAppend(LogEntry entry)
    {
        lock (_gate)
        {
            if (Refusal(entry.Size) is { } refusal)
                return refusal;
            entry.Position = ++_given;
            entry.Hold();
            _pending.Add(entry);
            Interlocked.Add(ref _pendingBytes, entry.Size);
            return AppendOutcome.Appended;
        }
    }

    /// <summary>Somebody waits for <paramref name="position"/> to be safe: the next step syncs.</summary>
    public void Demand(long position)
    {
        var wanted = Math.Min(position, Tail);
        Raise(ref _demanded, wanted);
    }

    /// <summary>Nobody needs records up to <paramref name="through"/>; whole segments of them go.</summary>
    public void Trim(long through) => Raise(ref _trimThrough, Math.Min(through, Tail));

    /// <summary>A reader of the safe records from <paramref name="from"/> on. Used by one thread.</summary>
    /// <param name="from">The first position it gives.</param>
    /// <param name="damaged">Told of what it passes over.</param>
    public SegmentReader OpenReader(long from, Action<LogDamage> damaged) => new(_disk, _segments, from, damaged);

    /// <summary>Writes what waits, and makes it safe when somebody waits for that.</summary>
    public void WriteStep()
    {
        long given;
        lock (_gate)
        {
            (_pending, _taken) = (_taken, _pending);
            Interlocked.Exchange(ref _pendingBytes, 0);
            given = _given;
        }

        _takenThrough = given;
        _staged.AddRange(_taken);
        _taken.Clear();
        _staged.RemoveAll(IsUnneeded);
        Interlocked.Exchange(ref _stagedBytes, _staged.Sum(entry => entry.Size));
        var isAsked = Interlocked.Read(ref _demanded) > SafeThrough;
        var waiting = _writer.UnsafeBytes + _stagedBytes;
        try
        {
            // What nobody waits for may be cancelled yet.
            if (!isAsked && waiting < WriteUnaskedBytes && _condition == LogCondition.Working)
                return;
            // Whatever becomes of the write: from here on they are the writer's.
            LogEntry[] entries = [.. _staged];
            _staged.Clear();
            Interlocked.Exchange(ref _stagedBytes, 0);
            _writer.Commit(entries, given, isAsked || waiting > SyncUnaskedBytes);
            if (_condition != LogCondition.Working)
                Change(LogCondition.Working, new LogEvent(LogEventKind.Resumed, "Records are made safe again."));
        }
        catch (DiskException e)
        {
            var condition = e.Fault == DiskFault.Full ? LogCondition.DiskFull : LogCondition.DiskFailing;
            if (_condition != condition)
                Change(condition, new LogEvent(LogEventKind.Stopped, e.Message));
        }
        finally
        {
            var first = _writer.Unsafe.Count > 0 ? _writer.Unsafe[0] : _staged.Count > 0 ? _staged[0] : null;
            Interlocked.Exchange(ref _safeThrough, first is null ? _takenThrough : first.Position - 1);
        }
    }

    /// <summary>Removes what was trimmed and makes files ready. May take long.</summary>
    /// <returns>False when something failed, which is tried again by the next call.</returns>
    public bool KeepStep()
    {
        try
        {
            while (_segments.Unneeded(Interlocked.Read(ref _trimThrough)) is { } segment)
            {
                _segments.Remove(segment);
                _store.Retire(segment);
            }

            if (NeedsSpare || _store.IsShortOfSpace)
                _store.Prepare();
            _keepingFailed = false;
        }
        catch (DiskException e)
        {
            if (!_keepingFailed)
                _tell(new LogEvent(LogEventKind.HousekeepingFailed, e.Message));
            _keepingFailed = true;
        }

        return !_keepingFailed;
    }

    /// <summary>Takes no more records.</summary>
    public void Close()
    {
        lock (_gate)
            _isClosed = true;
    }

    /// <summary>Closes the files; what waits is dropped.</summary>
    public void Dispose()
    {
        Close();
        _writer.Dispose();
    }

    private static void Raise(ref long value, long to)
    {
        var seen = Interlocked.Read(ref value);
        while (seen < to)
        {
            var before = Interlocked.CompareExchange(ref value, to, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    private static bool IsUnneeded(LogEntry entry)
    {
        if (!entry.IsCancelled)
            return false;
        entry.LetGo();
        return true;
    }

    private AppendOutcome? Refusal(long size)
    {
        if (_isClosed)
            return AppendOutcome.Closed;
        if (_condition != LogCondition.Working)
            return _condition == LogCondition.DiskFull ? AppendOutcome.DiskFull : AppendOutcome.DiskFailing;
        var waiting = WaitingBytes;
        if (waiting > 0 && waiting + size > _options.MaxPendingBytes)
            return AppendOutcome.Busy;
        var missing = _pendingBytes + size - _writer.Room;
        if (missing <= 0)
            return null;
        // Rounded up to whole files: a record that was taken is not to meet a full disk.
        var data = _options.SegmentBytes - SegmentFormat.DataStart;
        var files = (missing + data - 1) / data;
        if (_segments.Bytes + (files * _options.SegmentBytes) > _options.MaxBytes)
            return AppendOutcome.LimitReached;
        return _store.IsShortOfSpace && _store.Spares < files ? AppendOutcome.DiskFull : null;
    }

    private void Change(LogCondition condition, LogEvent news)
    {
        _condition = condition;
        _tell(news);
    }
}
