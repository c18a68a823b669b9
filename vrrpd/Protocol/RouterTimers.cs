namespace Vrrp;

/// <summary>The arithmetic of the timers, in microseconds.</summary>
public static class RouterTimers
{
    /// <summary>Microseconds of a second.</summary>
    public const long Second = 1_000_000;

    /// <summary>A deadline that never comes.</summary>
    public const long Never = long.MaxValue;

    /// <summary>
    /// Skew_Time: the higher the priority, the sooner a backup acts. RFC 3768 §6.1: (256 - priority) / 256 seconds,
    /// whatever the interval; RFC 9568 §6.1: that share of the master's interval.
    /// </summary>
    public static long Skew(VrrpVersion version, int priority, long intervalMicros) =>
        (256 - priority) * (version == VrrpVersion.V2 ? Second : intervalMicros) / 256;

    /// <summary>
    /// Master_Down_Interval (RFC 3768 §6.1), Active_Down_Interval (RFC 9568 §6.1): three of the master's intervals and
    /// the skew.
    /// </summary>
    public static long MasterDown(VrrpVersion version, int priority, long intervalMicros) =>
        3 * intervalMicros + Skew(version, priority, intervalMicros);

    /// <summary>
    /// Least time between two advertisements of which the second only answers somebody: a flood of packets that want an
    /// answer makes at most ten a second of them, or four an interval.
    /// </summary>
    public static long AnswerGap(long intervalMicros) => Math.Min(Second / 10, intervalMicros / 4);
}
