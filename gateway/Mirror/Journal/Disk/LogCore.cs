using System.Runtime.InteropServices;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The log without its threads: every step is a call, so that a simulation can drive it. One thread writes, one
/// keeps house (they may be the same), any number append, trim, ask and read. <see cref="SegmentLog"/> adds the
/// threads.
/// </summary>
public sealed class LogCore : IDisposable
{
    // From here on it is looked which of the waiting records are needed; so many needed ones are written, and written
    // ones synced, without anybody's asking: memory is bounded.
    private const long CrowdBytes = 8 * 1024 * 1024;
    private const long WriteUnaskedBytes = 24 * 1024 * 1024;
    private const long SyncUnaskedBytes = 32 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly LogOptions _options;
    private readonly Action<LogEvent> _tell;
    private readonly SegmentSet _segments;
    private readonly SegmentStore _store;
    private readonly SegmentWriter _writer;
    private readonly Compaction _compaction;
    private readonly Coverage _coverage;
    private readonly PendingEntries _pending = new();
    private readonly AskedEntries _asked = new();
    private readonly List<LogEntry> _staged = [];
    private long _stagedBytes;
    private long _given;
    private long _takenThrough;
    private long _safeThrough;
    private long _demanded;
    private long _trimThrough;
    private volatile LogCondition _condition;
    private volatile bool _isClosed;
    private bool _keepingFailed;

    // Something older than what is pending is on its way to the disk.
    private volatile bool _hasOlder;

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
        _compaction = new Compaction(disk, _segments, _store, options);
        _coverage = new Coverage(recovered.LastPosition);
        _given = _takenThrough = _safeThrough = recovered.LastPosition;
    }

    /// <summary>The highest position handed out.</summary>
    public long Tail => Interlocked.Read(ref _given);

    /// <summary>
    /// The lowest position that can be read and is not about to go; without segments, that may still be written.
    /// </summary>
    public long First
    {
        get
        {
            // Before the look: what is written meanwhile is found there.
            var safe = SafeThrough;
            return _segments.FirstNeeded(Interlocked.Read(ref _trimThrough))?.Header.First ?? safe + 1;
        }
    }

    /// <summary>Every record up to here is safe, or was cancelled.</summary>
    public long SafeThrough => Interlocked.Read(ref _safeThrough);

    /// <summary>Whether records can be made safe.</summary>
    public LogCondition Condition => _condition;

    /// <summary>No record above this position is on disk.</summary>
    public long Written => _coverage.Written;

    /// <summary>
    /// Something is on disk that a reader would get again after a crash. Then whatever came later is written too, also
    /// when it was cancelled: an older value must not be repeated without the newer one.
    /// </summary>
    public bool MayRepeat => _coverage.MayRepeat;

    /// <summary>What it did so far.</summary>
    public LogCounters Counters => _writer.Counters;

    /// <summary>The segments that hold records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments => _segments.All;

    /// <summary>What it takes and may take.</summary>
    public LogUsage Usage => new(
        _segments.Bytes, MostBytes, WaitingBytes, _store.Spares, _store.SpareBytes, _disk.FreeBytes,
        _options.ReserveBytes, _store.IsShortOfSpace);

    /// <summary>
    /// There is something for <see cref="WriteStep"/> to do, whether somebody waits for a record (<see cref="Ripe"/>)
    /// or not.
    /// </summary>
    public bool HasWriteWork => IsUrgent || IsCrowded;

    /// <summary>Everything that waits is to be written now.</summary>
    internal bool IsUrgent => Interlocked.Read(ref _demanded) > SafeThrough || _condition != LogCondition.Working;

    /// <summary>
    /// Called by the thread that writes when what is cancelled could be left out if nothing of the log were read again
    /// after a crash: readers that are done with all up to that position are saved, and <see cref="Cover"/> is told.
    /// </summary>
    public Action<long>? Checkpoint { get; set; }

    /// <summary>So much waits that it is looked at whether somebody asks for it or not.</summary>
    internal bool IsCrowded => _pending.Bytes >= CrowdBytes;

    /// <summary>There is something for <see cref="KeepStep"/> to do.</summary>
    public bool HasKeepWork =>
        _segments.Unneeded(Interlocked.Read(ref _trimThrough)) is not null || NeedsSpare || _store.IsShortOfSpace;

    // The room of a segment is for what is written anew, until the old ones have gone.
    private long MostBytes => _options.MaxBytes - _options.SegmentBytes;

    private long WaitingBytes =>
        _pending.Bytes + Interlocked.Read(ref _stagedBytes) + _writer.UnsafeBytes;

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
            // Nothing older waits for the disk: what everybody has is as good as on it.
            if (_pending.ForgetLeftOut() is > 0 and var through && !_hasOlder)
                Raise(ref _safeThrough, through);
            if (Refusal(entry) is { } refusal)
                return refusal;
            entry.Position = ++_given;
            entry.Hold();
            _pending.Add(entry);
            return AppendOutcome.Appended;
        }
    }

    /// <summary>Everything up to <paramref name="position"/> is to be made safe by the next step.</summary>
    public void Demand(long position)
    {
        var wanted = Math.Min(position, Tail);
        Raise(ref _demanded, wanted);
    }

    /// <summary>Nobody needs records up to <paramref name="through"/>; whole segments of them go.</summary>
    public void Trim(long through) => Raise(ref _trimThrough, Math.Min(through, Tail));

    /// <summary>
    /// Nobody needs a record any more. Its body goes at once where it can be left out for certain: nothing on disk may
    /// be read again, and so nothing will be before the next step, which leaves out what was cancelled by then.
    /// </summary>
    public void Cancel(LogEntry entry)
    {
        entry.Cancel(_coverage.Epoch);
        if (!MayRepeat)
            entry.TryLeaveOut();
    }

    /// <summary>
    /// A record is to be written in any case: it counts as written from now on, so that what is cancelled later is not
    /// left out behind it. Called before that is cancelled.
    /// </summary>
    public void MarkDue(long position) => _coverage.MarkDue(position);

    /// <summary>No reader gets records up to <paramref name="through"/> again, also after a crash.</summary>
    public void Cover(long through) => _coverage.Cover(through);

    /// <summary>A reader may get records above <paramref name="through"/> again.</summary>
    public void Uncover(long through) => _coverage.Uncover(through);

    /// <summary>A reader of the safe records from <paramref name="from"/> on. Used by one thread.</summary>
    /// <param name="from">The first position it gives.</param>
    /// <param name="damaged">Told of what it passes over.</param>
    /// <param name="patience">How long it asks again, in all, for what the disk fails to give; none by default.</param>
    public SegmentReader OpenReader(long from, Action<LogDamage> damaged, TimeSpan patience = default) => new(
        patience > TimeSpan.Zero ? new PatientDisk(_disk, patience) : _disk, _segments, from, damaged, _options.Safety);

    /// <summary>
    /// Calls <paramref name="waiting"/> when a record is safe, or cannot be made safe now: once, from any thread, maybe
    /// before this call returns; it must return at once.
    /// </summary>
    /// <param name="entry">A record that was appended.</param>
    /// <param name="now">
    /// Since when it is waited for: <see cref="Ripe"/> looks no further than the first whose patience is not over.
    /// </param>
    /// <param name="waiting">Takes whether it is safe.</param>
    internal void Ask(LogEntry entry, long now, Action<bool> waiting)
    {
        _asked.Add(entry, now, waiting);
        // What is written already is made safe at once.
        if (entry.Position <= Written)
            Demand(entry.Position);
    }

    /// <summary>
    /// The highest position that somebody has waited for since <paramref name="before"/> or longer; 0 for none. And
    /// since when somebody waits at the longest for another, <see cref="long.MaxValue"/> for nobody.
    /// </summary>
    internal (long Through, long Next) Ripe(long before) => _asked.Ripe(before);

    /// <summary>
    /// Writes what waits up to <paramref name="through"/> and makes it safe, if somebody asks for it; what was
    /// cancelled is left out if that is allowed.
    /// </summary>
    /// <returns>Whether records were written.</returns>
    public bool WriteStep(long through = long.MaxValue)
    {
        long given, written;
        bool isCovered;
        int epoch;
        lock (_gate)
        {
            _hasOlder = true;
            _pending.MoveTo(_staged);
            given = _given;
            // Whoever asks meanwhile takes it that all of it is written. So whatever was acknowledged because
            // everybody has it was cancelled before, as everything was that must not come behind it.
            (written, isCovered, epoch) = _coverage.BeginStep(given);
        }

        _takenThrough = given;
        try
        {
            var leaveOut = isCovered || CoverNow(written, through);
            // Cancelled is looked at first: what is due was marked before.
            _staged.RemoveAll(entry => entry.IsLeftOut
                || (((leaveOut && entry.IsCancelled && _coverage.IsDueCovered) || entry.IsCancelledBefore(epoch))
                    && entry.TryLeaveOut()));
            var waiting = _writer.UnsafeBytes + StagedBytes();
            var isAsked = Interlocked.Read(ref _demanded) > SafeThrough;
            if (isAsked || waiting >= WriteUnaskedBytes || _condition != LogCondition.Working)
                through = long.MaxValue;
            else if (Ripe(long.MaxValue).Through is var asked && (isAsked = asked > 0))
                through = Math.Min(through, asked);
            else
                return false;
            // Whatever becomes of the write: from here on they are the writer's.
            var taken = 0;
            while (taken < _staged.Count && _staged[taken].Position <= through)
                taken++;
            LogEntry[] entries = [.. _staged.Take(taken).Where(static entry => entry.TryClaim())];
            if (entries.Length > 0)
                written = entries[^1].Position;
            _staged.RemoveRange(0, taken);
            _writer.Commit(entries, given, isAsked || waiting > SyncUnaskedBytes);
            if (_condition != LogCondition.Working)
                Change(LogCondition.Working, new LogEvent(LogEventKind.Resumed, "Records are made safe again."));
            return entries.Length > 0;
        }
        catch (DiskException e)
        {
            var condition = e.Fault == DiskFault.Full ? LogCondition.DiskFull : LogCondition.DiskFailing;
            if (_condition != condition)
                Change(condition, new LogEvent(LogEventKind.Stopped, e.Message));
            return false;
        }
        finally
        {
            Interlocked.Exchange(ref _stagedBytes, StagedBytes());
            _coverage.EndStep(written);
            var first = _writer.Unsafe.Count > 0 ? _writer.Unsafe[0] : _staged.Count > 0 ? _staged[0] : null;
            Raise(ref _safeThrough, first is null ? _takenThrough : first.Position - 1);
            _hasOlder = first is not null;
        }
    }

    /// <summary>Whoever waits for a record hears that it cannot be made safe now. For the thread that writes.</summary>
    internal void AnswerUnsafe()
    {
        foreach (var entry in _writer.Unsafe)
            entry.Answer(isSafe: false);
        foreach (var entry in _staged)
            entry.Answer(isSafe: false);
        lock (_gate)
            _pending.AnswerUnsafe();
    }

    /// <summary>Removes what was trimmed and makes files ready. May take long.</summary>
    /// <returns>False when something failed, which is tried again by the next call.</returns>
    public bool KeepStep()
    {
        try
        {
            while (_segments.Unneeded(Interlocked.Read(ref _trimThrough)) is { } segment)
            {
                if (_segments.Remove(segment))
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

    /// <inheritdoc cref="SegmentStore.TryDropSpare"/>
    internal bool TryDropSpare() => _store.TryDropSpare();

    /// <inheritdoc cref="Compaction.Measure"/>
    public long? Measure(Segment segment, Func<long, bool> isNeeded) => _compaction.Measure(segment, isNeeded);

    /// <inheritdoc cref="Compaction.Run"/>
    public Segment? Compact(IReadOnlyList<Segment> run, Func<long, bool> isNeeded) => _compaction.Run(run, isNeeded);

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

    /// <summary>
    /// Sees to it that nothing on disk is read again after a crash, if that spares writing. Whether it is so.
    /// </summary>
    private bool CoverNow(long written, long through)
    {
        if (!_coverage.IsCovered(written)
            && _staged.Exists(entry => entry.Position <= through && entry.IsCancelled))
            Checkpoint?.Invoke(written);
        return _coverage.IsCovered(written);
    }

    private long StagedBytes()
    {
        var bytes = 0L;
        foreach (var entry in CollectionsMarshal.AsSpan(_staged))
            bytes += entry.Size;
        return bytes;
    }

    private AppendOutcome? Refusal(LogEntry entry)
    {
        var size = entry.Size;
        if (_isClosed)
            return AppendOutcome.Closed;
        if (_condition != LogCondition.Working)
            return _condition == LogCondition.DiskFull ? AppendOutcome.DiskFull : AppendOutcome.DiskFailing;
        var waiting = WaitingBytes;
        if (waiting > 0 && waiting + size > _options.MaxPendingBytes)
            return AppendOutcome.Busy;
        var missing = Math.Max(0, _pending.Bytes + Interlocked.Read(ref _stagedBytes) + size - _writer.Room);
        // Rounded up to whole files: a record that was taken is not to meet a full disk.
        var data = _options.SegmentBytes - SegmentFormat.DataStart;
        var files = (missing + data - 1) / data;
        // The room of one more is for what is vital.
        if (_segments.Bytes + (files * _options.SegmentBytes) > MostBytes - (entry.IsVital ? 0 : _options.SegmentBytes))
            return AppendOutcome.LimitReached;
        // A spare has no room for more than a file's.
        return _store.IsShortOfSpace && (_store.SparesSoon < files || size > data) ? AppendOutcome.DiskFull : null;
    }

    private void Change(LogCondition condition, LogEvent news)
    {
        _condition = condition;
        _tell(news);
    }
}
