using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>What YARP lets pass and this gateway does not: found by the names and addresses alone.</summary>
internal static class ProxyRules
{
    public static IEnumerable<ConfigFault> Check(
        IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters, IReadOnlyCollection<string> policies)
    {
        if (routes.Count == 0)
            yield return new($"{ProxySection.Name}:Routes", "at least one route is needed");
        if (clusters.Count == 0)
            yield return new($"{ProxySection.Name}:Clusters", "at least one cluster is needed");
        List<string> clusterIds = [.. clusters.Select(cluster => cluster.ClusterId)];
        foreach (RouteConfig route in routes)
            foreach (ConfigFault fault in CheckRoute(route, clusterIds, policies))
                yield return fault;
        foreach (ClusterConfig cluster in clusters)
            foreach (ConfigFault fault in CheckCluster(cluster))
                yield return fault;
    }

    private static IEnumerable<ConfigFault> CheckRoute(
        RouteConfig route, List<string> clusters, IReadOnlyCollection<string> policies)
    {
        string path = $"{ProxySection.Name}:Routes:{route.RouteId}";
        if (string.IsNullOrEmpty(route.ClusterId))
            yield return new($"{path}:ClusterId", "is missing");
        else if (!clusters.Contains(route.ClusterId, StringComparer.OrdinalIgnoreCase))
            yield return new($"{path}:ClusterId",
                $"there is no cluster '{route.ClusterId}'{KeyHint.For(route.ClusterId, clusters)}");
        if (route.RateLimiterPolicy is { Length: > 0 } policy && !policies.Contains(policy)
            && !policy.Equals("disable", StringComparison.OrdinalIgnoreCase))
            yield return new($"{path}:RateLimiterPolicy",
                $"RateLimiting:Policies has no '{policy}'{KeyHint.For(policy, policies)}");

        // YARP accepts these, and every request would fail for want of the middleware behind them.
        (string Key, object? Value)[] unserved =
        [
            (nameof(route.AuthorizationPolicy), route.AuthorizationPolicy),
            (nameof(route.CorsPolicy), route.CorsPolicy),
            (nameof(route.OutputCachePolicy), route.OutputCachePolicy),
            (nameof(route.TimeoutPolicy), route.TimeoutPolicy),
            (nameof(route.Timeout), route.Timeout),
        ];
        foreach ((string key, object? value) in unserved)
            if (value is not null)
                yield return new($"{path}:{key}", "is not supported by the gateway");
    }

    private static IEnumerable<ConfigFault> CheckCluster(ClusterConfig cluster)
    {
        string path = $"{ProxySection.Name}:Clusters:{cluster.ClusterId}";
        if (cluster.SessionAffinity?.Enabled ?? false)
            yield return new($"{path}:SessionAffinity", "is not supported by the gateway");
        if (cluster.HealthCheck?.Passive?.Enabled ?? false)
            yield return new($"{path}:HealthCheck:Passive", "is not supported by the gateway: use Active");
        if (cluster.Destinations is not { Count: > 0 } destinations)
        {
            yield return new($"{path}:Destinations", "at least one destination is needed");
            yield break;
        }
        Dictionary<string, string> owners = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string id, DestinationConfig destination) in destinations)
        {
            string place = $"{path}:Destinations:{id}";
            if (AddressFault(destination.Address) is { } wrong)
                yield return new($"{place}:Address", wrong);
            else if (!owners.TryAdd(destination.Address.TrimEnd('/'), id))
                yield return new($"{place}:Address",
                    $"'{destination.Address}' is also the address of '{owners[destination.Address.TrimEnd('/')]}'");
            if (!string.IsNullOrEmpty(destination.Health) && AddressFault(destination.Health) is { } wrongHealth)
                yield return new($"{place}:Health", wrongHealth);
        }
    }

    private static string? AddressFault(string? address)
    {
        if (string.IsNullOrWhiteSpace(address))
            return "is missing";
        // Whatever else is wrong with it, a password is not repeated.
        if (address.Contains('@', StringComparison.Ordinal))
            return "holds credentials; clients bring their own, so write the address without them";
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
            return $"'{address}' is not an absolute http or https URI";
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            return $"'{address}' has a query or a fragment; write the server's root";
        return uri.AbsolutePath.TrimEnd('/').EndsWith("/write", StringComparison.Ordinal)
            ? $"'{address}' ends with /write; write the server's root, as in http://host:8086"
            : null;
    }
}
