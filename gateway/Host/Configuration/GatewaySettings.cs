using Gateway.Listeners;
using Gateway.Management;
using Gateway.RateLimiting;
using InfluxMirror;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>All that one configuration says, parsed, bound and found valid; replaced whole, never changed.</summary>
internal sealed record GatewaySettings
{
    /// <summary>Which file this is: the start of the SHA-256 of its bytes, in hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>The flat values behind the rest: what logging and Kestrel read.</summary>
    public required IConfigurationRoot Values { get; init; }

    public required MirrorOptions Mirror { get; init; }

    public required RateLimitingOptions RateLimiting { get; init; }

    public required ManagementOptions Management { get; init; }

    public required ListenerLimits Limits { get; init; }

    public required IReadOnlyList<RouteConfig> Routes { get; init; }

    public required IReadOnlyList<ClusterConfig> Clusters { get; init; }
}

/// <summary>What came of reading a configuration: settings, or the faults that stand in their way.</summary>
internal sealed record SettingsReading(GatewaySettings? Settings, IReadOnlyList<ConfigFault> Faults)
{
    public static SettingsReading Refused(params IReadOnlyList<ConfigFault> faults) => new(null, faults);
}
