using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Configuration;

namespace InfluxMirror.Inputs;

/// <summary>The mirroring transforms, by the configuration of their route as long as YARP has it.</summary>
internal sealed class MirrorRoutes
{
    private readonly ConditionalWeakTable<RouteConfig, MirrorTransform> _transforms = [];

    /// <summary>A route was built with this transform.</summary>
    public void Add(RouteConfig route, MirrorTransform transform) => _transforms.AddOrUpdate(route, transform);

    /// <summary>The transform of a route; false when it is not mirrored.</summary>
    public bool TryGet(RouteConfig route, [NotNullWhen(true)] out MirrorTransform? transform) =>
        _transforms.TryGetValue(route, out transform);
}
