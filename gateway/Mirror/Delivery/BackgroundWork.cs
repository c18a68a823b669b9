namespace InfluxMirror.Delivery;

/// <summary>
/// Work on the thread pool that is at most once under way, and begins again when something may have come for it just
/// as it ended.
/// </summary>
internal abstract class BackgroundWork : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private bool _isRunning;

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

    /// <summary>Completes when it is not at work; nobody starts it any more.</summary>
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

    /// <summary>Does what there is to do; ends by itself when its owner is stopping.</summary>
    protected abstract Task WorkAsync();

    /// <summary>It has ended; something may have come since it looked last.</summary>
    protected abstract void Ended();

    private async Task RunAsync()
    {
        try
        {
            await WorkAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
                _isRunning = false;
        }

        Ended();
    }
}
