using System.Collections.Immutable;

namespace Vrrp.Daemon.Configuration;

/// <summary>What can only be promised when the loop runs at once whenever it is due.</summary>
public static class RealtimeNeed
{
    /// <summary>
    /// A finding for each instance with an interval below one second: faults for a daemon that may not run with
    /// realtime priority.
    /// </summary>
    public static ImmutableArray<ConfigurationFinding> Of(DaemonConfig config) =>
        [.. config.Instances.Where(instance => instance.Router.AdvertInterval < TimeSpan.FromSeconds(1))
            .Select(instance => new ConfigurationFinding(
                $"Instances:{instance.Name}:AdvertInterval",
                $"{TimeText.Seconds(instance.Router.AdvertInterval)} needs realtime priority, which is not permitted; "
                + "allow it (LimitRTPRIO=1 or CAP_SYS_NICE), or take 1 s or more"))];
}
