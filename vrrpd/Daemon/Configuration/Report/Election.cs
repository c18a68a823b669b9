namespace Vrrp.Daemon.Configuration.Report;

/// <summary>Who has the addresses.</summary>
internal enum Winner
{
    Here,
    There,

    /// <summary>The priorities are equal: whoever sends from the higher address.</summary>
    HigherAddress,
    Nobody,
}

/// <summary>Two routers of one virtual router, and who of them is master when which of their checks fail.</summary>
internal sealed class Election(RouterConfig here, RouterConfig there)
{
    /// <summary>The router of the file.</summary>
    public RouterConfig Here => here;

    /// <summary>The other one.</summary>
    public RouterConfig There => there;

    /// <summary>The winner once everything has settled, and nobody waits for a check to recover.</summary>
    public Winner Of(Func<TrackedItem, bool> failsHere, Func<TrackedItem, bool> failsThere)
    {
        int own = Rank(here, failsHere);
        int others = Rank(there, failsThere);
        return (own, others) switch
        {
            (0, 0) => Winner.Nobody,
            _ when own > others => Winner.Here,
            _ when own < others => Winner.There,
            _ => Winner.HigherAddress,
        };
    }

    /// <summary>The effective priority; 0 in Fault.</summary>
    public static int Rank(RouterConfig router, Func<TrackedItem, bool> fails)
    {
        Health[] health = [.. router.Tracked.Select(item => fails(item) ? Health.Sick : Health.Healthy)];
        return EffectivePriority.IsFault(router, health) ? 0 : EffectivePriority.Of(router, health);
    }

    /// <summary>The time after which the router takes over from a master that vanished.</summary>
    public static TimeSpan Down(RouterConfig router, int priority) => TimeSpan.FromMicroseconds(
        RouterTimers.MasterDown(router.Version, priority, router.IntervalMicros));

    /// <summary>The time after which the router takes over from a master that resigned.</summary>
    public static TimeSpan Skew(RouterConfig router, int priority) => TimeSpan.FromMicroseconds(
        RouterTimers.Skew(router.Version, priority, router.IntervalMicros));
}
