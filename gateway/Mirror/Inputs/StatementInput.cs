using InfluxMirror.Delivery;
using InfluxMirror.LineProtocol;
using InfluxMirror.Telemetry;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Http;

namespace InfluxMirror.Inputs;

/// <summary>
/// Queries that change something: every destination executes the whole query, in order with the writes, and the
/// client gets the answer of the first one.
/// </summary>
internal sealed class StatementInput(MirrorWriter writer, MirrorMetrics metrics, TimeProvider time)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context, MirroredCluster cluster, RouteMirror route, QueryRequest query)
    {
        var request = context.Request;
        var analysis = query.Analysis!;
        var nanoseconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        var (search, body, contentType) = query.ToDeliver(request, nanoseconds);
        var authorization = request.Headers.Authorization;
        var target = new WriteTarget
        {
            PathAndQuery = request.Path.ToUriComponent() + search,
            Authorization = authorization.Count == 0 ? null : authorization.ToString(),
            Database = analysis.Databases.Count > 0 ? analysis.Databases[0] : query.Database ?? "",
            RetentionPolicy = null,
            Precision = Precision.Nanoseconds,
            Account = WriteTargets.AccountOf(request.QueryString.Value ?? "", authorization),
        };
        var all = analysis.AllDatabases || analysis.Databases.Count == 0;
        var execution = writer.ExecuteAsync(
            cluster, query.IsAsync ? TimeSpan.Zero : route.AckTimeout,
            watch => new MirroredRecord(body)
            {
                Kind = RecordKind.Statement,
                Target = target,
                Method = HttpMethod.Parse(request.Method),
                ContentType = contentType,
                Accept = request.Headers.Accept.Count == 0 ? null : request.Headers.Accept.ToString(),
                Points = 1,
                SendAlone = true,
                Scope = new StatementScope(all ? [] : analysis.Databases, all, analysis.Destructive),
                Client = context.Connection.RemoteIpAddress?.ToString() ?? "",
                Watch = watch,
            });
        var result = await execution.ConfigureAwait(false);
        if (query.IsAsync && result.Outcome == WriteOutcome.Kept)
            result = new(WriteOutcome.Accepted, null);
        await Outcomes.AnswerAsync(context, cluster, result, metrics).ConfigureAwait(false);
    }
}
