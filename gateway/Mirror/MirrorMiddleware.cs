using InfluxMirror.Delivery;
using InfluxMirror.InfluxQL;
using InfluxMirror.Inputs;
using InfluxMirror.Reads;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace InfluxMirror;

/// <summary>
/// The mirror's step in YARP's pipeline, before load balancing: tells reads from statements, sends reads to a
/// destination that is fit, and has mirrored requests answered by their transform, whoever is up.
/// </summary>
internal sealed class MirrorMiddleware(
    CourierFleet fleet, MirrorRoutes routes, BodyReader bodies, ReadRouting reads, MirrorMetrics metrics,
    RequestDelegate next)
{
    /// <summary>Nobody has an answer to a read.</summary>
    private const string NobodyThere = "no destination can answer: all are down";

    /// <summary>One request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var proxy = context.GetReverseProxyFeature();
        if (fleet.Find(proxy.Cluster.Config.ClusterId) is not { } cluster)
            return next(context);
        var mirror = routes.Find(proxy.Route.Config);
        if (mirror?.Kind == MirrorKind.InfluxQL)
            return QueryAsync(context, cluster, mirror);
        return mirror is not null && mirror.Answers(context)
            ? AnswerAsync(context, mirror)
            : ReadAsync(context, cluster, null, IsWithoutBody(context.Request));
    }

    /// <summary>
    /// A request that every destination gets: its transform answers, whoever is up. As a rule at once, so that YARP
    /// need not pick a destination and make a message for it, which nobody would send.
    /// </summary>
    private Task AnswerAsync(HttpContext context, MirrorTransform mirror)
    {
        if (mirror.IsFirst)
            return mirror.AnswerAsync(context);
        var proxy = context.GetReverseProxyFeature();
        proxy.AvailableDestinations = proxy.AllDestinations;
        return next(context);
    }

    private async Task QueryAsync(HttpContext context, MirroredCluster cluster, MirrorTransform mirror)
    {
        BodyResult read = default;
        if (HttpMethods.IsPost(context.Request.Method) || QueryRequest.MayHoldParts(context.Request))
        {
            read = await bodies.ReadAsync(context.Request).ConfigureAwait(false);
            if (read.Body is null)
            {
                await RefuseAsync(context, cluster, read.Status, read.Error!).ConfigureAwait(false);
                return;
            }
        }

        try
        {
            var query = await QueryRequest.ReadAsync(context.Request, read.Body).ConfigureAwait(false);
            using var again = read.Body?.OpenRead();
            if (again is not null)
                context.Request.Body = again;
            context.Features.Set(query);
            await DispatchAsync(context, cluster, mirror, query).ConfigureAwait(false);
        }
        catch (InvalidDataException unreadable)
        {
            await RefuseAsync(context, cluster, StatusCodes.Status400BadRequest, unreadable.Message)
                .ConfigureAwait(false);
        }
        finally
        {
            read.Body?.Release();
        }
    }

    private async Task DispatchAsync(
        HttpContext context, MirroredCluster cluster, MirrorTransform mirror, QueryRequest query)
    {
        var pin = context.Request.Headers[ReadRouting.DestinationHeader];
        if (Refusal(query, pin.Count > 0) is { } refusal)
        {
            await RefuseAsync(context, cluster, StatusCodes.Status400BadRequest, refusal).ConfigureAwait(false);
        }
        else if (mirror.Answers(context))
        {
            await AnswerAsync(context, mirror).ConfigureAwait(false);
        }
        else
        {
            var scope = new ReadScope(query.Analysis?.Databases ?? [], query.Analysis?.AllDatabases ?? true);
            await ReadAsync(context, cluster, scope, mayRepeat: true).ConfigureAwait(false);
        }
    }

    /// <summary>Why a query is not even tried; null when it is.</summary>
    private static string? Refusal(QueryRequest query, bool pinned)
    {
        if (query.IsAmbiguous)
            return "parameter \"q\" is given more than once";
        if (query.Query?.Contains('\0', StringComparison.Ordinal) ?? false)
            return "parameter \"q\" holds a NUL character";
        if (query.Analysis is not { } analysis)
            return null;
        if (analysis.MixesPinAndMutation)
        {
            return "KILL QUERY and DROP SHARD concern one server, the other statements all of them: "
                + "send them in queries of their own";
        }

        return analysis.Kind switch
        {
            StatementKind.PinRequired when !pinned =>
                "KILL QUERY and DROP SHARD name something that only one server knows: say which server with the header "
                + $"{ReadRouting.DestinationHeader}: <destination id>",
            StatementKind.Mutation when pinned =>
                "this changes something and must reach every destination: "
                + $"send it without {ReadRouting.DestinationHeader}",
            _ => null,
        };
    }

    private async Task ReadAsync(HttpContext context, MirroredCluster cluster, ReadScope? scope, bool mayRepeat)
    {
        var pin = context.Request.Headers[ReadRouting.DestinationHeader];
        if (pin.Count > 0)
        {
            if (!await ReadRouting.PinAsync(context, pin.ToString(), next).ConfigureAwait(false))
            {
                var known = string.Join(", ", cluster.Couriers.Select(static courier => courier.Destination));
                await RefuseAsync(
                    context, cluster, StatusCodes.Status400BadRequest,
                    $"{ReadRouting.DestinationHeader}: there is no destination '{pin}', there are: {known}")
                    .ConfigureAwait(false);
                return;
            }
        }
        else if (!await reads.RouteAsync(context, cluster, scope, next, mayRepeat).ConfigureAwait(false))
        {
            await InfluxAnswer.ErrorAsync(
                context, StatusCodes.Status503ServiceUnavailable, NobodyThere, cluster.Version).ConfigureAwait(false);
            return;
        }

        await ExplainAsync(context, cluster).ConfigureAwait(false);
    }

    /// <summary>YARP leaves its own errors without a body: clients of InfluxDB expect one.</summary>
    private static Task ExplainAsync(HttpContext context, MirroredCluster cluster)
    {
        if (context.Response.HasStarted || context.Features.Get<IForwarderErrorFeature>() is not { } failure)
            return Task.CompletedTask;
        var status = failure.Error == ForwarderError.RequestTimedOut
            ? StatusCodes.Status504GatewayTimeout
            : StatusCodes.Status503ServiceUnavailable;
        return InfluxAnswer.ErrorAsync(
            context, status, $"the destination did not answer ({failure.Error})", cluster.Version);
    }

    private Task RefuseAsync(HttpContext context, MirroredCluster cluster, int status, string error)
    {
        metrics.CountRequest(status >= 500 ? RequestOutcome.Unavailable : RequestOutcome.Refused);
        return InfluxAnswer.ErrorAsync(context, status, error, cluster.Version);
    }

    private static bool IsWithoutBody(HttpRequest request) =>
        request.ContentLength is null or 0 && !request.Headers.ContainsKey("Transfer-Encoding");
}
