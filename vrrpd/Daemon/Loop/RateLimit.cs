namespace Vrrp.Daemon.Loop;

/// <summary>Lets something through once in a while and counts the rest.</summary>
internal struct RateLimit
{
    /// <summary>Time between two lines of the log about the same thing.</summary>
    public const long Gap = 10 * RouterTimers.Second;

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

/// <summary>Lets a few things through once in a while, whichever they are: many names are bounded too.</summary>
internal struct BurstLimit
{
    private int _passed;
    private long _since;

    /// <summary>Whether one more may pass.</summary>
    /// <param name="now">The time.</param>
    /// <param name="most">How many may within the time that a <see cref="RateLimit"/> lets one through.</param>
    public bool TryPass(long now, int most)
    {
        if (now - _since >= RateLimit.Gap)
            (_passed, _since) = (0, now);
        if (_passed >= most)
            return false;
        _passed++;
        return true;
    }
}
