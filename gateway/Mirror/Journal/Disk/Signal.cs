namespace InfluxMirror.Journal.Disk;

/// <summary>Wakes one thread; a signal that comes before the wait is not lost.</summary>
internal sealed class Signal
{
    private readonly object _gate = new();
    private bool _isSet;
    private bool _isAwaited;

    /// <summary>The thread waits, and nothing has come for it.</summary>
    public bool IsAwaited
    {
        get
        {
            lock (_gate)
                return _isAwaited && !_isSet;
        }
    }

    public void Set()
    {
        lock (_gate)
        {
            if (_isSet)
                return;
            _isSet = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Returns at the next signal or after <paramref name="most"/>.</summary>
    public void Wait(TimeSpan most)
    {
        lock (_gate)
        {
            _isAwaited = true;
            if (!_isSet)
                Monitor.Wait(_gate, most);
            _isAwaited = _isSet = false;
        }
    }
}
