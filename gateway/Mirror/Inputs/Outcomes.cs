using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Http;

namespace InfluxMirror.Inputs;

/// <summary>
/// How the fate of a record becomes an answer: 204, InfluxDB's own 4xx, or 503 with <c>Retry-After</c>.
/// </summary>
internal static class Outcomes
{
    /// <summary>Answers, and counts the answer.</summary>
    public static Task AnswerAsync(
        HttpContext context, MirroredCluster cluster, WriteResult result, MirrorMetrics metrics)
    {
        metrics.CountRequest(result.Outcome switch
        {
            WriteOutcome.Accepted => RequestOutcome.Accepted,
            WriteOutcome.Refused => RequestOutcome.Refused,
            WriteOutcome.Kept => RequestOutcome.Kept,
            _ => RequestOutcome.Unavailable,
        });
        var version = cluster.Version;
        switch (result.Outcome)
        {
            case WriteOutcome.Accepted or WriteOutcome.Refused when result.Answer is { } answer:
                return InfluxAnswer.PassAsync(context, answer, version);
            case WriteOutcome.Accepted:
                InfluxAnswer.Empty(context, StatusCodes.Status204NoContent, version);
                return Task.CompletedTask;
            case WriteOutcome.Kept:
                return Unavailable("not confirmed in time; it is kept and will be delivered");
            case WriteOutcome.NoDestination:
                return Unavailable("no destination is configured");
            case WriteOutcome.NotTaken:
                return Unavailable("the journal's disk is full, fails or is too slow; nothing of this was taken");
            case WriteOutcome.NotSafe:
                return Unavailable("the journal does not make it safe; it may be delivered all the same");
            default:
                return Unavailable("the journal is full");
        }

        Task Unavailable(string error) =>
            InfluxAnswer.ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, error, version);
    }
}
