using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Transforms;

namespace InfluxMirror.Inputs;

/// <summary>The inputs a transform hands its requests to.</summary>
internal sealed record MirrorInputs(
    LineProtocolInput Writes,
    StatementInput Statements,
    RawInput Raw,
    MirrorMetrics Metrics,
    ILogger<MirrorTransform> Log);

/// <summary>
/// Answers mirrored requests by itself, so that YARP does not forward them. What it leaves alone is forwarded: reads,
/// and methods that change nothing.
/// </summary>
internal sealed class MirrorTransform(RouteMirror route, MirroredCluster cluster, MirrorInputs inputs)
    : RequestTransform
{
    /// <inheritdoc/>
    public override async ValueTask ApplyAsync(RequestTransformContext context)
    {
        var http = context.HttpContext;
        try
        {
            switch (route.Kind)
            {
                case MirrorKind.LineProtocol when Answers(route, http.Request.Method):
                    await inputs.Writes.HandleAsync(http, cluster, route).ConfigureAwait(false);
                    break;
                case MirrorKind.Raw when Answers(route, http.Request.Method):
                    await inputs.Raw.HandleAsync(http, cluster, route).ConfigureAwait(false);
                    break;
                case MirrorKind.InfluxQL when http.Features.Get<QueryRequest>() is { } query && MustReachAll(query):
                    await inputs.Statements.HandleAsync(http, cluster, route, query).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception fault) when (!http.Response.HasStarted)
        {
            // YARP would make a 502 of it, and clients would take the destinations for ill.
            MirrorLog.RequestFault(inputs.Log, fault, http.Request.Method, http.Request.Path);
            inputs.Metrics.CountRequest(RequestOutcome.Failed);
            await InfluxAnswer.ErrorAsync(
                http, StatusCodes.Status500InternalServerError, "the gateway failed; its log says why", cluster.Version)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Whether some statement of a query changes something that all destinations share.</summary>
    public static bool MustReachAll(QueryRequest query) => query.Analysis?.Kind == InfluxQL.StatementKind.Mutation;

    /// <summary>
    /// Whether a route of line protocol or raw requests answers this method itself; what changes nothing is forwarded.
    /// </summary>
    public static bool Answers(RouteMirror route, string method) => route.Kind == MirrorKind.LineProtocol
        ? HttpMethods.IsPost(method)
        : !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);
}
