using InfluxMirror.Delivery;
using Yarp.ReverseProxy.Transforms.Builder;

namespace InfluxMirror.Inputs;

/// <summary>Reads the transform <c>Mirror</c> of a route and enlists the route's cluster.</summary>
internal sealed class MirrorTransformFactory(
    CourierFleet fleet, MirrorInputs inputs, MirrorPipeline pipeline, MirrorRoutes routes) : ITransformFactory
{
    /// <inheritdoc/>
    public bool Validate(TransformRouteValidationContext context, IReadOnlyDictionary<string, string> transformValues)
    {
        if (!transformValues.ContainsKey(RouteMirror.Key))
            return false;
        var faults = new List<string>();
        RouteMirror.Parse(transformValues, faults);
        if (context.Route.ClusterId is null)
            faults.Add("it needs a cluster");
        foreach (var fault in faults)
            context.Errors.Add(new ArgumentException($"Route '{context.Route.RouteId}', transform Mirror: {fault}."));
        return true;
    }

    /// <inheritdoc/>
    public bool Build(TransformBuilderContext context, IReadOnlyDictionary<string, string> transformValues)
    {
        if (!transformValues.ContainsKey(RouteMirror.Key))
            return false;
        if (!pipeline.IsUsed)
        {
            throw new InvalidOperationException(
                $"Route '{context.Route.RouteId}' is mirrored, but the pipeline lacks UseInfluxMirror(): "
                + "MapReverseProxy(p => { p.UseInfluxMirror(); p.UseLoadBalancing(); }).");
        }

        var route = RouteMirror.Parse(transformValues, []);
        var transform = new MirrorTransform(
            route, context.RequestTransforms.Count == 0, fleet.Enlist(context.Route.ClusterId!), inputs);
        context.RequestTransforms.Add(transform);
        routes.Add(context.Route, transform);
        return true;
    }
}
