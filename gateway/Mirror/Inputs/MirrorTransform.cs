using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;
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
/// <param name="route">What the route's configuration says.</param>
/// <param name="isFirst">No other transform of the route comes before it.</param>
/// <param name="cluster">Where it goes.</param>
/// <param name="inputs">What takes the requests.</param>
internal sealed class MirrorTransform(RouteMirror route, bool isFirst, MirroredCluster cluster, MirrorInputs inputs)
    : RequestTransform
{
    /// <summary>What the route's configuration says.</summary>
    public RouteMirror Route => route;

    /// <inheritdoc/>
    public override async ValueTask ApplyAsync(RequestTransformContext context)
    {
        if (Answers(context.HttpContext))
            await AnswerAsync(context.HttpContext).ConfigureAwait(false);
    }

    /// <summary>Whether it answers a request, and nothing that YARP does before can make a difference.</summary>
    public bool AnswersFirst(HttpContext http) => isFirst && Answers(http);

    /// <summary>Answers a request that is its own.</summary>
    /// <returns>Nothing went wrong in forwarding: so YARP has it of a request that a transform answered.</returns>
    public async ValueTask<ForwarderError> AnswerAsync(HttpContext http)
    {
        try
        {
            await (route.Kind switch
            {
                MirrorKind.LineProtocol => inputs.Writes.HandleAsync(http, cluster, route),
                MirrorKind.Raw => inputs.Raw.HandleAsync(http, cluster, route),
                _ => inputs.Statements.HandleAsync(http, cluster, route, http.Features.GetRequiredFeature<QueryRequest>()),
            }).ConfigureAwait(false);
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

        return ForwarderError.None;
    }

    private bool Answers(HttpContext http) => route.Kind == MirrorKind.InfluxQL
        ? http.Features.Get<QueryRequest>() is { } query && MustReachAll(query)
        : Answers(route, http.Request.Method);

    /// <summary>Whether some statement of a query changes something that all destinations share.</summary>
    public static bool MustReachAll(QueryRequest query) => query.Analysis?.Kind == InfluxQL.StatementKind.Mutation;

    /// <summary>
    /// Whether a route of line protocol or raw requests answers this method itself; what changes nothing is forwarded.
    /// </summary>
    public static bool Answers(RouteMirror route, string method) => route.Kind == MirrorKind.LineProtocol
        ? HttpMethods.IsPost(method)
        : !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);
}
