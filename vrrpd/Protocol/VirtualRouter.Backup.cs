namespace Vrrp;

/// <summary>Backup: RFC 3768 §6.4.2, RFC 9568 §6.4.2.</summary>
public sealed partial class VirtualRouter
{
    private long _downAt = RouterTimers.Never;
    private long _masterInterval;
    private long _masterHeardAt = long.MinValue;
    private long _preemptAt = RouterTimers.Never;
    private TransitionReason _takeover;

    /// <summary>Whose advertisements are followed, or were last; none if none was heard.</summary>
    public Address MasterAddress { get; private set; }

    /// <summary>The priority it announced.</summary>
    public byte MasterPriority { get; private set; }

    /// <summary>
    /// The interval by which its silence is measured, in microseconds: the own one, in version 3 the master's.
    /// </summary>
    public long MasterInterval => _masterInterval;

    private long SkewTime => RouterTimers.Skew(Config.Version, Priority, _masterInterval);

    private long MasterDownTime => RouterTimers.MasterDown(Config.Version, Priority, _masterInterval);

    /// <summary>Waits for a master, whose interval is taken to be the own one until it is heard.</summary>
    private void BecomeBackup(TransitionReason reason, long now)
    {
        _masterInterval = Config.IntervalMicros;
        _downAt = now + MasterDownTime;
        _takeover = TransitionReason.MasterSilent;
        _preemptAt = RouterTimers.Never;
        Change(RouterState.Backup, reason, now);
    }

    private void HearAsBackup(in Advert advert, long now)
    {
        // §6.4.2: priority 0, set the timer to Skew_Time. From the current master only, and never later than it was: a
        // stranger must not end a master's time, and repeating it must not prolong anything.
        if (advert.Priority == 0)
        {
            if (advert.Source != MasterAddress)
                return;
            _downAt = Math.Min(_downAt, now + SkewTime);
            _takeover = TransitionReason.MasterResigned;
        }

        // §6.4.2: equal or higher priority, or no preemption: reset the timer.
        else if (advert.Priority >= Priority)
        {
            _preemptAt = RouterTimers.Never;
            Follow(advert, now);
        }
        else if (!Config.Preempt || IsPreemptionDelayed(now))
        {
            Follow(advert, now);
        }

        // §6.4.2: lower priority: discard, and so let the timer run out.
        else
        {
            _takeover = TransitionReason.Preempted;
            if (_masterHeardAt == long.MinValue || now - _masterHeardAt > MasterDownTime
                || advert.Source == MasterAddress)
                Remember(advert, now);
        }
    }

    private bool IsPreemptionDelayed(long now)
    {
        if (Config.PreemptDelay <= TimeSpan.Zero)
            return false;
        if (_preemptAt == RouterTimers.Never)
            _preemptAt = now + RouterConfig.Micros(Config.PreemptDelay);
        return now < _preemptAt;
    }

    /// <summary>The sender is the master: its silence is measured from now.</summary>
    private void Follow(in Advert advert, long now)
    {
        _masterInterval = IntervalOf(advert, now);
        Remember(advert, now);
        _downAt = now + MasterDownTime;
        _takeover = TransitionReason.MasterSilent;
    }

    private void Remember(in Advert advert, long now)
    {
        MasterAddress = advert.Source;
        MasterPriority = advert.Priority;
        _masterHeardAt = now;
    }

    // RFC 9568 §6.4.2: Active_Adver_Interval is the advertisement's. A longer one than the own counts from the second
    // advertisement of a source in its own rhythm, so that a single packet cannot silence the backups for long.
    private long IntervalOf(in Advert advert, long now)
    {
        long own = Config.IntervalMicros;
        if (Config.Version == VrrpVersion.V2)
            return own;
        bool isSecond = advert.Source == MasterAddress && _masterHeardAt != long.MinValue
            && now - _masterHeardAt <= RouterTimers.MasterDown(Config.Version, 0, advert.IntervalMicros);
        return isSecond ? advert.IntervalMicros : Math.Min(own, advert.IntervalMicros);
    }

    /// <summary>
    /// A backup that was not running cannot know whether its master was: it listens for one more advertisement.
    /// A master may have lost its addresses, and the neighbours may have learned another.
    /// </summary>
    private void OnResumed(long now)
    {
        if (State == RouterState.Backup)
        {
            _downAt = Math.Max(_downAt, now + _masterInterval + SkewTime);
        }
        else if (State == RouterState.Master)
        {
            Do(RouterActionKind.AddAddresses);
            Advertise(now);
            AnnounceInDoubt(now);
        }
    }
}
