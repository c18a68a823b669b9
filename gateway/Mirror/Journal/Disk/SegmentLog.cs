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
    private readonly TimeSpan _patience;
    private long _urgent;
    private readonly Thread _writer;
    private readonly Thread _keeper;
    private volatile bool _isStopping;

    private SegmentLog(IDisk disk, LogOptions options, Action<LogEvent> tell, IDisposable @lock)
    {
        _lock = @lock;
        _patience = options.Patience;
        Recovered = Recovery.Run(disk, options);
        _core = new LogCore(disk, options, Recovered, tell);
        _writer = new Thread(Write) { IsBackground = true, Name = "journal writer" };
        _keeper = new Thread(Keep) { IsBackground = true, Name = "journal keeper" };
    }

    /// <summary>What was found when the log was opened.</summary>
    public RecoveredLog Recovered { get; }

    /// <summary>The highest position handed out.</summary>
    public long Tail => _core.Tail;

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
            _write.Set();
        return outcome;
    }

    /// <summary>
    /// Completes when <paramref name="position"/> is safe, which this call asks for: true. False when the log cannot
    /// make it safe now (<see cref="Condition"/>); the record stays, and is written when that passes.
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

        _core.Demand(position);
        _write.Set();
        return new ValueTask<bool>(cancellation.CanBeCanceled ? source.Task.WaitAsync(cancellation) : source.Task);
    }

    /// <summary>
    /// Makes everything up to <paramref name="position"/> safe at once: <see cref="LogOptions.Patience"/> would be in
    /// vain.
    /// </summary>
    public void Demand(long position)
    {
        var seen = Interlocked.Read(ref _urgent);
        while (seen < position)
        {
            var before = Interlocked.CompareExchange(ref _urgent, position, seen);
            if (before == seen)
                break;
            seen = before;
        }

        _core.Demand(position);
        _hurry.Set();
        _write.Set();
    }

    /// <inheritdoc cref="LogCore.Trim"/>
    public void Trim(long through)
    {
        _core.Trim(through);
        if (_core.HasKeepWork)
            _keep.Set();
    }

    /// <inheritdoc cref="LogCore.OpenReader"/>
    public SegmentReader OpenReader(long from, Action<LogDamage> damaged) => _core.OpenReader(from, damaged);

    /// <summary>Takes no more records, makes those that wait safe if that is possible, and lets go of the folder.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isStopping)
            return;
        _core.Close();
        _core.Demand(_core.Tail);
        _isStopping = true;
        _write.Set();
        _hurry.Set();
        _keep.Set();
        await Task.Run(() =>
        {
            _writer.Join();
            _keeper.Join();
        }).ConfigureAwait(false);
        _core.Dispose();
        _lock.Dispose();
    }

    private void Write()
    {
        while (true)
        {
            var isLast = _isStopping;
            if (isLast || _core.HasWriteWork)
            {
                if (!isLast)
                    AwaitCompany();
                _core.WriteStep();
            }

            Answer(isLast);
            if (isLast)
                return;
            if (_core.HasKeepWork)
                _keep.Set();
            if (_core.Condition != LogCondition.Working)
                _write.Wait(Retry);
            else if (!_core.HasWriteWork)
                _write.Wait(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>What is cancelled within the patience need not be written; what is urgent has none.</summary>
    private void AwaitCompany()
    {
        var began = Stopwatch.GetTimestamp();
        while (!_isStopping && _core.Condition == LogCondition.Working && !_core.IsCrowded
            && Interlocked.Read(ref _urgent) <= _core.SafeThrough)
        {
            var left = _patience - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                return;
            _hurry.Wait(left);
        }
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

        foreach (var source in safe)
            source.TrySetResult(true);
        foreach (var source in unsafeOnes)
            source.TrySetResult(false);
    }
}
