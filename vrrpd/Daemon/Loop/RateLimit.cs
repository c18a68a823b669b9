namespace Vrrp.Daemon.Loop;

/// <summary>Lets something through once in a while and counts the rest.</summary>
internal struct RateLimit
{
    /// <summary>Time between two lines of the log about the same thing.</summary>
    private const long Gap = 10 * RouterTimers.Second;

    private long _suppressed;
    private long _nextAt;

    /// <summary>Whether it may pass; tells how many did not since the last that did.</summary>
    public bool TryPass(long now, out long suppressed)
    {
        suppressed = 0;
        if (now < _nextAt)
        {
            _suppressed++;
            return false;
        }

        (suppressed, _suppressed) = (_suppressed, 0);
        _nextAt = now + Gap;
        return true;
    }
}
