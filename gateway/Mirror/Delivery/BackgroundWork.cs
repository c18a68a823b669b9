namespace InfluxMirror.Delivery;

/// <summary>
/// Work of a courier on the thread pool that is at most once under way, and begins again when something may have come
/// for it just as it ended.
/// </summary>
internal abstract class BackgroundWork(Courier courier) : IThreadPoolWorkItem
{
    /// <summary>How long it waits after something failed.</summary>
    protected static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private bool _isRunning;

    /// <summary>Whom it works for.</summary>
    protected Courier Courier => courier;

    /// <summary>Begins, unless it is at work already.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_isRunning)
                return;
            _isRunning = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    public void Execute()
    {
        var running = RunAsync();
        lock (_gate)
            _running = running;
    }

    /// <summary>Completes when it is not at work; the courier is stopping.</summary>
    public async Task StopAsync()
    {
        while (true)
        {
            Task running;
            lock (_gate)
            {
                if (!_isRunning)
                    return;
                running = _running;
            }

            await running.ConfigureAwait(false);
            await Task.Yield();
        }
    }

    /// <summary>Does what there is to do. When the courier stops, what is left is on disk for the next start.</summary>
    protected abstract Task WorkAsync();

    /// <summary>It has ended; something may have come since it looked last.</summary>
    protected abstract void Ended();

    /// <summary>Waits, unless the courier stops.</summary>
    protected Task PauseAsync(TimeSpan pause) => Task.Delay(pause, courier.Time, courier.Stopping);

    private async Task RunAsync()
    {
        try
        {
            while (!await RunUntilFaultAsync().ConfigureAwait(false))
                await PauseAsync(AfterFault).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (courier.IsStopping)
        {
            // The end.
        }
        finally
        {
            lock (_gate)
                _isRunning = false;
        }

        Ended();
    }

    /// <summary>Works to the end. False after a fault of ours: it is logged, for nobody waits for this work.</summary>
    private async Task<bool> RunUntilFaultAsync()
    {
        try
        {
            await WorkAsync().ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !courier.IsStopping)
        {
            courier.LogFault(fault);
            return false;
        }
    }
}
