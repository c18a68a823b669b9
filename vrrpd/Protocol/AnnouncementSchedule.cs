namespace Vrrp;

/// <summary>
/// When a master tells the neighbours about its addresses: a burst when it becomes master or is in doubt, a second
/// burst after a delay, and a refresh in peace. However many reasons there are, no address is announced more than ten
/// times within a second.
/// </summary>
internal sealed class AnnouncementSchedule
{
    /// <summary>Announcements of one address within a second.</summary>
    public const int MaxPerSecond = 10;

    private readonly long[] _sent = new long[MaxPerSecond];
    private int _oldest;
    private int _pending;
    private long _secondBurstAt = RouterTimers.Never;
    private long _refreshAt = RouterTimers.Never;

    public AnnouncementSchedule() => Array.Fill(_sent, long.MinValue);

    /// <summary>When <see cref="Take"/> has something again.</summary>
    public long Deadline =>
        Math.Min(_pending > 0 ? RoomAt : RouterTimers.Never, Math.Min(_secondBurstAt, _refreshAt));

    // Written so that a time that never was does not wrap around.
    private long RoomAt => _sent[_oldest] == long.MinValue ? long.MinValue : _sent[_oldest] + RouterTimers.Second;

    /// <summary>Asks for a burst now and one after the delay. Asking while one is under way adds nothing.</summary>
    public void Burst(RouterConfig config, long now)
    {
        _pending = Math.Max(_pending, config.GarpMasterRepeat);
        if (config.GarpMasterDelay > TimeSpan.Zero && _secondBurstAt == RouterTimers.Never)
            _secondBurstAt = now + RouterConfig.Micros(config.GarpMasterDelay);
        RestartRefresh(config, now);
    }

    /// <summary>Asks for one announcement now.</summary>
    public void Once() => _pending = Math.Max(_pending, 1);

    /// <summary>Counts the time to the next refresh from now.</summary>
    public void RestartRefresh(RouterConfig config, long now) => _refreshAt = config.GarpMasterRefresh > TimeSpan.Zero
        ? now + RouterConfig.Micros(config.GarpMasterRefresh)
        : RouterTimers.Never;

    /// <summary>Forgets what was asked for; what was sent still counts.</summary>
    public void Stop()
    {
        _pending = 0;
        _secondBurstAt = _refreshAt = RouterTimers.Never;
    }

    /// <summary>How many announcements of every address are due now.</summary>
    public int Take(RouterConfig config, long now)
    {
        if (now >= _secondBurstAt)
        {
            _secondBurstAt = RouterTimers.Never;
            _pending = Math.Max(_pending, config.GarpMasterRepeat);
        }

        if (now >= _refreshAt)
        {
            _pending = Math.Max(_pending, config.GarpMasterRefreshRepeat);
            RestartRefresh(config, now);
        }

        int count = 0;
        for (; _pending > 0 && now >= RoomAt; _pending--, count++)
        {
            _sent[_oldest] = now;
            _oldest = (_oldest + 1) % MaxPerSecond;
        }

        return count;
    }
}
