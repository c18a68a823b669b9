using System.Diagnostics;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The append-only log on disk: records in, positions out, and news of when they are safe. A thread of its own
/// gathers what waits, writes it in one call and syncs once for all who wait; another removes and prepares files.
/// Safe for any number of threads. The format is in this folder's README.md.
/// </summary>
public sealed class SegmentLog : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource<bool>, long> _waiting = new();
    private readonly LogCore _core;
    private readonly IDisposable _lock;
    private readonly Signal _write = new();
    private readonly Signal _keep = new();
    private readonly Signal _hurry = new();
    private readonly Patience _patience;
    private readonly Thread _writer;
    private readonly Thread _keeper;
    private volatile bool _isStopping;

    private SegmentLog(IDisk disk, LogOptions options, Action<LogEvent> tell, IDisposable @lock)
    {
        _lock = @lock;
        _patience = new Patience(options.MaxPatience);
        Recovered = Recovery.Run(disk, options);
        _core = new LogCore(disk, options, Recovered, tell);
        _writer = new Thread(Write) { IsBackground = true, Name = "journal writer" };
        _keeper = new Thread(Keep) { IsBackground = true, Name = "journal keeper" };
    }

    /// <summary>What was found when the log was opened.</summary>
    public RecoveredLog Recovered { get; }

    /// <summary>The highest position handed out.</summary>
    public long Tail => _core.Tail;

    /// <inheritdoc cref="LogCore.First"/>
    public long First => _core.First;

    /// <summary>Every record up to here is safe, or was cancelled.</summary>
    public long DurableThrough => _core.SafeThrough;

    /// <summary>Whether records can be made safe.</summary>
    public LogCondition Condition => _core.Condition;

    /// <summary>What it takes and may take.</summary>
    public LogUsage Usage => _core.Usage;

    /// <summary>What it did so far.</summary>
    public LogCounters Counters => _core.Counters;

    /// <summary>The segments that hold records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments => _core.Segments;

    /// <summary>How long a record that somebody waits for is not written now, in case it is cancelled.</summary>
    internal TimeSpan Patience => _patience.Value;

    /// <summary>Its threads have nothing to do, or wait to try again what failed.</summary>
    internal bool IsAtRest => _write.IsAwaited && _keep.IsAwaited;

    /// <summary>Locks the folder, recovers it and starts.</summary>
    /// <param name="disk">The folder.</param>
    /// <param name="options">Sizes and limits.</param>
    /// <param name="tell">Takes the news; must return soon.</param>
    /// <exception cref="DiskException">Another process has the folder, or it cannot be listed.</exception>
    public static SegmentLog Open(IDisk disk, LogOptions options, Action<LogEvent> tell)
    {
        var @lock = disk.Lock();
        try
        {
            var log = new SegmentLog(disk, options, tell, @lock);
            log._writer.Start();
            log._keeper.Start();
            return log;
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="LogCore.TryAppend"/>
    public AppendOutcome TryAppend(LogEntry entry)
    {
        var hadWork = _core.HasWriteWork;
        var outcome = _core.TryAppend(entry);
        // Nobody need be woken for a record that nobody waits for, until there are many of them.
        if (!hadWork && _core.HasWriteWork)
            Wake();
        return outcome;
    }

    /// <summary>
    /// Completes when everything up to <paramref name="position"/> is safe, which this call asks for at once: true.
    /// False when the log cannot make it safe now (<see cref="Condition"/>); the records stay, and are written when
    /// that passes.
    /// </summary>
    public ValueTask<bool> WaitDurableAsync(long position, CancellationToken cancellation = default)
    {
        if (_core.SafeThrough >= position)
            return new ValueTask<bool>(true);
        TaskCompletionSource<bool> source;
        lock (_gate)
        {
            // Under the lock: whoever moves it on looks for waiting ones afterwards.
            if (_core.SafeThrough >= position)
                return new ValueTask<bool>(true);
            if (_isStopping || _core.Condition != LogCondition.Working)
                return new ValueTask<bool>(false);
            source = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(source, position);
        }

        Demand(position);
        return new ValueTask<bool>(cancellation.CanBeCanceled ? source.Task.WaitAsync(cancellation) : source.Task);
    }

    /// <summary>
    /// Calls <paramref name="answer"/> when a record is safe, or cancelled and nothing older can come behind it any
    /// more: true; false as above. It is written only if it is still needed after a while, see
    /// <see cref="LogOptions.MaxPatience"/>.
    /// </summary>
    /// <param name="entry">A record that was appended.</param>
    /// <param name="answer">Called once, from any thread, maybe at once; must return at once.</param>
    public void WhenDurable(LogEntry entry, Action<bool> answer)
    {
        _core.Ask(entry, Stopwatch.GetTimestamp(), answer);
        // Whoever answers all for the last time may not have seen this one.
        if (_isStopping || _core.Condition != LogCondition.Working)
            entry.Answer(isSafe: false);
        else if (_core.IsUrgent)
            Wake();
        else
            _write.Set();
    }

    /// <summary>
    /// Everybody has a record, so that it need not be written, unless something older may come behind it. Safe while
    /// others wait for it.
    /// </summary>
    public void Cancel(LogEntry entry)
    {
        var asked = entry.FirstAskedAt;
        _patience.NoteCancelled(asked == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(asked));
        _core.Cancel(entry);
    }

    /// <summary>Makes everything up to <paramref name="position"/> safe at once: waiting would be in vain.</summary>
    public void Demand(long position)
    {
        _core.Demand(position);
        Wake();
    }

    /// <inheritdoc cref="LogCore.Written"/>
    public long Written => _core.Written;

    /// <inheritdoc cref="LogCore.MayRepeat"/>
    public bool MayRepeat => _core.MayRepeat;

    /// <inheritdoc cref="LogCore.MarkDue"/>
    public void MarkDue(long position) => _core.MarkDue(position);

    /// <inheritdoc cref="LogCore.Cover"/>
    public void Cover(long through) => _core.Cover(through);

    /// <inheritdoc cref="LogCore.Uncover"/>
    public void Uncover(long through) => _core.Uncover(through);

    /// <inheritdoc cref="LogCore.Checkpoint"/>
    public Action<long>? Checkpoint
    {
        set => _core.Checkpoint = value;
    }

    /// <inheritdoc cref="LogCore.Trim"/>
    public void Trim(long through)
    {
        _core.Trim(through);
        if (_core.HasKeepWork)
            _keep.Set();
    }

    /// <summary>
    /// Nobody needs the records of a sealed segment, though somebody may need older ones: its file goes. Not so what
    /// could not be read yet: which positions are in it is not known.
    /// </summary>
    public void Discard(Segment segment)
    {
        segment.IsDiscarded = segment is { IsSealed: true, IsUnread: false };
        if (_core.HasKeepWork)
            _keep.Set();
    }

    /// <inheritdoc cref="SegmentStore.TryDropSpare"/>
    internal bool TryDropSpare() => _core.TryDropSpare();

    /// <inheritdoc cref="Compaction.Measure"/>
    public long? Measure(Segment segment, Func<long, bool> isNeeded) => _core.Measure(segment, isNeeded);

    /// <inheritdoc cref="Compaction.Run"/>
    public Segment? Compact(IReadOnlyList<Segment> run, Func<long, bool> isNeeded) => _core.Compact(run, isNeeded);

    /// <inheritdoc cref="LogCore.OpenReader"/>
    public SegmentReader OpenReader(long from, Action<LogDamage> damaged, TimeSpan patience = default) =>
        _core.OpenReader(from, damaged, patience);

    /// <summary>Takes no more records, makes those that wait safe if that is possible, and lets go of the folder.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isStopping)
            return;
        _core.Close();
        _core.Demand(_core.Tail);
        _isStopping = true;
        Wake();
        _keep.Set();
        await Task.Run(() =>
        {
            _writer.Join();
            _keeper.Join();
        }).ConfigureAwait(false);
        _core.Dispose();
        _lock.Dispose();
    }

    private void Wake()
    {
        _hurry.Set();
        _write.Set();
    }

    private void Write()
    {
        while (true)
        {
            var isLast = _isStopping;
            var through = isLast ? long.MaxValue : AwaitRipe();
            if (through > 0 || _core.HasWriteWork)
            {
                var began = Stopwatch.GetTimestamp();
                if (_core.WriteStep(through))
                    _patience.NoteWritten(Stopwatch.GetElapsedTime(began));
            }

            Answer(isLast);
            if (isLast)
                return;
            if (_core.HasKeepWork)
                _keep.Set();
            if (_core.Condition != LogCondition.Working)
                _write.Wait(Retry);
            else if (through == 0 && !_core.HasWriteWork)
                _write.Wait(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// Waits until somebody's patience is over, and says up to where records are to be written; 0 when nobody waits,
    /// everything when it is urgent.
    /// </summary>
    private long AwaitRipe()
    {
        while (!_core.HasWriteWork && !_isStopping)
        {
            var now = Stopwatch.GetTimestamp();
            var patience = (long)(_patience.Value.TotalSeconds * Stopwatch.Frequency);
            var (through, next) = _core.Ripe(now - patience);
            if (through > 0 && patience > 0)
                _patience.NoteInVain();
            if (through > 0 || next == long.MaxValue)
                return through;
            _hurry.Wait(Stopwatch.GetElapsedTime(now, next + patience));
        }

        return _core.IsUrgent ? long.MaxValue : 0;
    }

    private void Keep()
    {
        while (!_isStopping)
        {
            var isDone = !_core.HasKeepWork || _core.KeepStep();
            _keep.Wait(isDone ? Timeout.InfiniteTimeSpan : Retry);
        }
    }

    /// <summary>Those whose record is safe; all of them when nothing becomes safe for now.</summary>
    private void Answer(bool isLast)
    {
        List<TaskCompletionSource<bool>> safe = [];
        List<TaskCompletionSource<bool>> unsafeOnes = [];
        lock (_gate)
        {
            var through = _core.SafeThrough;
            while (_waiting.TryPeek(out _, out var position) && position <= through)
                safe.Add(_waiting.Dequeue());
            if (isLast || _core.Condition != LogCondition.Working)
                while (_waiting.TryDequeue(out var source, out _))
                    unsafeOnes.Add(source);
        }

        if (isLast || _core.Condition != LogCondition.Working)
            _core.AnswerUnsafe();
        foreach (var source in safe)
            source.TrySetResult(true);
        foreach (var source in unsafeOnes)
            source.TrySetResult(false);
    }
}
