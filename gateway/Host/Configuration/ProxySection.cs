using System.Globalization;
using System.Net;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace Gateway.Configuration;

/// <summary>Reads YARP's section with YARP's own reader, and fills in what mirrored clusters need.</summary>
internal static class ProxySection
{
    public const string Name = "ReverseProxy";

    private const string HeaderEncoding = "latin1";

    // The longest query a destination may answer; YARP's 100 s would cut it.
    private static readonly TimeSpan QueryTimeout = TimeSpan.FromHours(1);

    /// <summary>The routes and clusters as YARP understands them.</summary>
    /// <exception cref="Exception">YARP's reader found a value it cannot convert.</exception>
    public static (IReadOnlyList<RouteConfig> Routes, IReadOnlyList<ClusterConfig> Clusters) Read(IConfiguration values)
    {
        ServiceCollection services = new();
        services.AddLogging();
        services.AddReverseProxy().LoadFromConfig(values.GetSection(Name));
        using ServiceProvider provider = services.BuildServiceProvider();
        IProxyConfig read = provider.GetRequiredService<IProxyConfigProvider>().GetConfig();

        HashSet<string> mirrored = new(StringComparer.OrdinalIgnoreCase);
        mirrored.UnionWith(read.Routes.Where(IsMirrored).Select(route => route.ClusterId).OfType<string>());
        return (
            [.. read.Routes.Select(WithComparableBodySize)],
            [.. read.Clusters.Select(cluster => mirrored.Contains(cluster.ClusterId) ? ForMirror(cluster) : cluster)]);
    }

    /// <summary>Whether a route has the transform that mirrors.</summary>
    public static bool IsMirrored(RouteConfig route) =>
        route.Transforms?.Any(transform => transform.ContainsKey("Mirror")) ?? false;

    private static ClusterConfig ForMirror(ClusterConfig cluster)
    {
        ForwarderRequestConfig request = cluster.HttpRequest ?? new ForwarderRequestConfig();
        HealthCheckConfig health = cluster.HealthCheck ?? new HealthCheckConfig();
        HttpClientConfig client = cluster.HttpClient ?? new HttpClientConfig();
        return cluster with
        {
            LoadBalancingPolicy = cluster.LoadBalancingPolicy ?? LoadBalancingPolicies.PowerOfTwoChoices,
            HttpRequest = request with
            {
                ActivityTimeout = request.ActivityTimeout ?? QueryTimeout,
                Version = request.Version ?? HttpVersion.Version11,
            },
            // Header bytes pass unchanged, as Kestrel is told on its side too.
            HttpClient = client with
            {
                RequestHeaderEncoding = client.RequestHeaderEncoding ?? HeaderEncoding,
                ResponseHeaderEncoding = client.ResponseHeaderEncoding ?? HeaderEncoding,
            },
            HealthCheck = health with
            {
                AvailableDestinationsPolicy = health.AvailableDestinationsPolicy
                    ?? HealthCheckConstants.AvailableDestinations.HealthyAndUnknown,
            },
        };
    }

    // YARP 2.3 leaves MaxRequestBodySize out when it compares routes, so that a reload that changes nothing else
    // would do nothing; metadata is compared.
    private static RouteConfig WithComparableBodySize(RouteConfig route)
    {
        if (route.MaxRequestBodySize is not { } size)
            return route;
        Dictionary<string, string> metadata = new(route.Metadata ?? new Dictionary<string, string>())
        {
            [nameof(RouteConfig.MaxRequestBodySize)] = size.ToString(CultureInfo.InvariantCulture),
        };
        return route with { Metadata = metadata };
    }
}
