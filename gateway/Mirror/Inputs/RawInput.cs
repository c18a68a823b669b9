using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Http;

namespace InfluxMirror.Inputs;

/// <summary>Requests that are passed to every destination as they are, such as Prometheus' remote write.</summary>
internal sealed class RawInput(BodyReader bodies, MirrorWriter writer, MirrorMetrics metrics)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context, MirroredCluster cluster, RouteMirror route)
    {
        var request = context.Request;
        var read = await bodies.ReadAsync(request).ConfigureAwait(false);
        if (read.Body is null)
        {
            metrics.CountRequest(read.Status >= 500 ? RequestOutcome.Unavailable : RequestOutcome.Refused);
            await InfluxAnswer.ErrorAsync(context, read.Status, read.Error!, cluster.Version).ConfigureAwait(false);
            return;
        }

        var target = WriteTargets.OfRaw(request);
        var encoding = request.Headers.ContentEncoding;
        var result = await writer.WriteAsync(
            cluster, route.Consistency, route.AckTimeout,
            watch => new MirroredRecord(read.Body)
            {
                Kind = RecordKind.Raw,
                Target = target,
                Method = HttpMethod.Parse(request.Method),
                ContentType = request.ContentType,
                ContentEncoding = encoding.Count == 0 ? null : encoding.ToString(),
                Points = 1,
                SendAlone = true,
                Client = context.Connection.RemoteIpAddress?.ToString() ?? "",
                Watch = watch,
            }).ConfigureAwait(false);
        await Outcomes.AnswerAsync(context, cluster, result, metrics).ConfigureAwait(false);
    }
}
