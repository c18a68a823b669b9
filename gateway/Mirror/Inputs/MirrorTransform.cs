using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
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
/// <param name="route">What the route's configuration says.</param>
/// <param name="isFirst">See <see cref="IsFirst"/>.</param>
/// <param name="cluster">Where it goes.</param>
/// <param name="inputs">What takes the requests.</param>
internal sealed class MirrorTransform(RouteMirror route, bool isFirst, MirroredCluster cluster, MirrorInputs inputs)
    : RequestTransform
{
    /// <summary>What the route carries.</summary>
    public MirrorKind Kind => route.Kind;

    /// <summary>
    /// No other transform of the route comes before it, so that nothing YARP does until then makes a difference.
    /// </summary>
    public bool IsFirst => isFirst;

    /// <inheritdoc/>
    public override ValueTask ApplyAsync(RequestTransformContext context) =>
        Answers(context.HttpContext) ? new ValueTask(AnswerAsync(context.HttpContext)) : ValueTask.CompletedTask;

    /// <summary>Whether a request is its own, and not one to be forwarded.</summary>
    public bool Answers(HttpContext http) => route.Kind switch
    {
        MirrorKind.LineProtocol => HttpMethods.IsPost(http.Request.Method),
        MirrorKind.Raw => !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method)
            && !HttpMethods.IsOptions(http.Request.Method),
        _ => http.Features.Get<QueryRequest>()?.Analysis?.Kind == InfluxQL.StatementKind.Mutation,
    };

    /// <summary>Answers a request that is its own.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        try
        {
            await (route.Kind switch
            {
                MirrorKind.LineProtocol => inputs.Writes.HandleAsync(http, cluster, route),
                MirrorKind.Raw => inputs.Raw.HandleAsync(http, cluster, route),
                _ => inputs.Statements.HandleAsync(
                    http, cluster, route, http.Features.GetRequiredFeature<QueryRequest>()),
            }).ConfigureAwait(false);
        }
        catch (Exception fault) when (!http.Response.HasStarted)
        {
            // Clients expect InfluxDB's words, and YARP would make a 502 of it, as if the destinations were ill.
            MirrorLog.RequestFault(inputs.Log, fault, http.Request.Method, http.Request.Path);
            inputs.Metrics.CountRequest(RequestOutcome.Failed);
            await InfluxAnswer.ErrorAsync(
                http, StatusCodes.Status500InternalServerError, "the gateway failed; its log says why", cluster.Version)
                .ConfigureAwait(false);
        }
    }
}
