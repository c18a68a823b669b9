using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Configuration;

namespace InfluxMirror.Inputs;

/// <summary>The mirroring transforms, by the configuration of their route as long as YARP has it.</summary>
internal sealed class MirrorRoutes
{
    private readonly ConditionalWeakTable<RouteConfig, MirrorTransform> _transforms = [];

    /// <summary>A route was built with this transform.</summary>
    public void Add(RouteConfig route, MirrorTransform transform) => _transforms.AddOrUpdate(route, transform);

    /// <summary>The transform of a route; null when it is not mirrored.</summary>
    public MirrorTransform? Find(RouteConfig route) =>
        _transforms.TryGetValue(route, out var transform) ? transform : null;
}
