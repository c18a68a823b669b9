using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>Asks YARP's validators, transforms and health policies included, about routes and clusters.</summary>
internal sealed class ProxyValidator(IConfigValidator validator)
{
    public async Task<IReadOnlyList<ConfigFault>> ValidateAsync(GatewaySettings settings)
    {
        List<ConfigFault> faults = [];
        foreach (RouteConfig route in settings.Routes)
            foreach (Exception fault in await validator.ValidateRouteAsync(route))
                faults.Add(new($"{ProxySection.Name}:Routes:{route.RouteId}", fault.Message));
        foreach (ClusterConfig cluster in settings.Clusters)
            foreach (Exception fault in await validator.ValidateClusterAsync(cluster))
                faults.Add(new($"{ProxySection.Name}:Clusters:{cluster.ClusterId}", fault.Message));
        return faults;
    }
}
