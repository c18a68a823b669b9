using Gateway.Listeners;
using Gateway.Management;
using Gateway.RateLimiting;
using InfluxMirror;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>
/// The shape of the configuration file: which keys there are, and of what type. A property of type
/// <see cref="object"/> is a framework's own schema, which is not ours to check.
/// </summary>
internal sealed class GatewaySchema
{
    /// <summary>The mirror: journal, delivery, writes, reads.</summary>
    public MirrorOptions Mirror { get; set; } = new();

    /// <summary>Rate limiting policies that routes name.</summary>
    public RateLimitingOptions RateLimiting { get; set; } = new();

    /// <summary>The management listener.</summary>
    public ManagementOptions Management { get; set; } = new();

    /// <summary>YARP's routes and clusters.</summary>
    public ReverseProxySchema ReverseProxy { get; set; } = new();

    /// <summary>Listeners and their limits.</summary>
    public KestrelSchema Kestrel { get; set; } = new();

    /// <summary>The framework's logging section.</summary>
    public object Logging { get; set; } = new();
}

/// <summary>YARP's section, by YARP's own types.</summary>
internal sealed class ReverseProxySchema
{
    public Dictionary<string, RouteConfig> Routes { get; set; } = [];

    public Dictionary<string, ClusterConfig> Clusters { get; set; } = [];
}

/// <summary>Kestrel's section; its limits are read by us, the rest by Kestrel.</summary>
internal sealed class KestrelSchema
{
    public Dictionary<string, EndpointSchema> Endpoints { get; set; } = [];

    public object EndpointDefaults { get; set; } = new();

    public object Certificates { get; set; } = new();

    public ListenerLimits Limits { get; set; } = new();
}

/// <summary>What Kestrel reads of an endpoint.</summary>
internal sealed class EndpointSchema
{
    public string? Url { get; set; }

    public object Protocols { get; set; } = new();

    public object SslProtocols { get; set; } = new();

    public object ClientCertificateMode { get; set; } = new();

    public object Certificate { get; set; } = new();

    public object Sni { get; set; } = new();
}
