using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.LineProtocol;
using InfluxMirror.Telemetry;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Http;

namespace InfluxMirror.Inputs;

/// <summary>
/// <c>POST /write</c>: reads, checks and stamps line protocol, and hands it to the writer. The bytes stay the
/// client's own, but for timestamps where there were none.
/// </summary>
internal sealed class LineProtocolInput(
    WriteTargets targets, BodyReader bodies, Inflater inflater, MirrorWriter writer, MirrorMetrics metrics,
    TimeProvider time)
{
    [ThreadStatic]
    private static InsertionPoints? _insertions;

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context, MirroredCluster cluster, RouteMirror route)
    {
        var parsed = targets.Of(context.Request);
        if (parsed.Error is not null)
        {
            await RefuseAsync(context, cluster, StatusCodes.Status400BadRequest, parsed.Error).ConfigureAwait(false);
            return;
        }

        var client = context.Connection.RemoteIpAddress?.ToString() ?? "";
        if (writer.MustWait(cluster, client, parsed.Target, out var alone))
        {
            await RefuseAsync(
                context, cluster, StatusCodes.Status503ServiceUnavailable,
                "your writes to this database were refused lately; others come first").ConfigureAwait(false);
            return;
        }

        var read = await bodies.ReadAsync(context.Request).ConfigureAwait(false);
        if (read.Body is null)
        {
            await RefuseAsync(context, cluster, read.Status, read.Error!).ConfigureAwait(false);
            return;
        }

        var (body, status, error) = Prepare(read.Body, IsGzip(context.Request), parsed.Target);
        if (body is null)
        {
            await RefuseAsync(context, cluster, status, error!).ConfigureAwait(false);
            return;
        }

        var result = await writer.WriteAsync(
            cluster, parsed.Level ?? route.Consistency, route.AckTimeout,
            watch => new MirroredRecord(body.Bytes)
            {
                Kind = RecordKind.Write,
                Target = parsed.Target,
                ContentEncoding = body.IsGzip ? "gzip" : null,
                Points = body.Scan.Points,
                SendAlone = alone || body.Scan.Faults > 0 || body.Scan.EndsOpen || body.Scan.FailsInfluxd,
                EndsWithNewline = body.Scan.EndsWithNewline,
                Client = client,
                Watch = watch,
            }).ConfigureAwait(false);
        await AnswerAsync(context, cluster, body, result).ConfigureAwait(false);
    }

    private Task AnswerAsync(HttpContext context, MirroredCluster cluster, PreparedBody body, WriteResult result)
    {
        if (result.Outcome is not (WriteOutcome.Full or WriteOutcome.NotTaken or WriteOutcome.NoDestination))
            metrics.CountPoints(body.Scan.Points, body.Scan.Faults);

        // No destination could be asked: our own check says what influxd will say of the faulty lines.
        if (result is { Outcome: WriteOutcome.Accepted, Answer: null } && body.Faults is not null)
        {
            metrics.CountRequest(RequestOutcome.Refused);
            return InfluxAnswer.ErrorAsync(context, StatusCodes.Status400BadRequest, body.Faults, cluster.Version);
        }

        return Outcomes.AnswerAsync(context, cluster, result, metrics);
    }

    /// <summary>Checks and stamps a body; takes over its buffer.</summary>
    private (PreparedBody? Body, int Status, string? Error) Prepare(
        SharedBuffer received, bool gzip, WriteTarget target)
    {
        if (!gzip)
            return Check(received, target, compressed: null);
        var inflated = inflater.Inflate(received);
        if (inflated.Body is not null)
            return Check(inflated.Body, target, received);
        received.Release();
        return (null, inflated.Status, inflated.Error);
    }

    /// <summary>
    /// Scans <paramref name="lines"/>; what goes on is the stamped copy if a timestamp was missing, else the body as
    /// it came. Takes over both buffers.
    /// </summary>
    private (PreparedBody? Body, int Status, string? Error) Check(
        SharedBuffer lines, WriteTarget target, SharedBuffer? compressed)
    {
        var insertions = _insertions ??= new InsertionPoints();
        insertions.Clear();
        var scan = LineScanner.Scan(lines.Span, target.Precision, insertions);
        if (scan.EndsInfluxd)
        {
            Drop(lines, compressed);
            return (null, StatusCodes.Status400BadRequest,
                "a line of this shape (a field key that ends in backslashes before a string) ends the influxd process; "
                + "nothing of this request was stored");
        }

        var faults = scan.Faults == 0 ? null : Describe(lines.Span, target.Precision, scan);
        if (insertions.Count > 0)
        {
            var stamped = Stamp(lines, insertions, target.Precision);
            Drop(lines, compressed);
            return (new PreparedBody(stamped, false, scan, faults), 0, null);
        }

        if (compressed is null)
            return (new PreparedBody(lines, false, scan, faults), 0, null);
        lines.Release();
        return (new PreparedBody(compressed, true, scan, faults), 0, null);
    }

    private SharedBuffer Stamp(SharedBuffer lines, InsertionPoints insertions, Precision precision)
    {
        var nanoseconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        var timestamp = nanoseconds / precision.UnitNanoseconds();
        var stamped = SharedBuffer.Rent(TimestampStamper.StampedLength(lines.Length, insertions.Count, timestamp));
        stamped.Length = TimestampStamper.Stamp(lines.Span, insertions.AsSpan(), timestamp, stamped.Block.Span);
        return stamped;
    }

    private static string Describe(ReadOnlySpan<byte> lines, Precision precision, BodyScan scan) =>
        scan.Points == 0
            ? LineFaultText.Describe(lines, precision)
            : $"partial write: {LineFaultText.Describe(lines, precision)} dropped=0";

    private static void Drop(SharedBuffer lines, SharedBuffer? compressed)
    {
        lines.Release();
        compressed?.Release();
    }

    private Task RefuseAsync(HttpContext context, MirroredCluster cluster, int status, string error)
    {
        metrics.CountRequest(status >= 500 ? RequestOutcome.Unavailable : RequestOutcome.Refused);
        return InfluxAnswer.ErrorAsync(context, status, error, cluster.Version);
    }

    /// <summary>influxd knows this one encoding, in this spelling; anything else it reads as plain text.</summary>
    private static bool IsGzip(HttpRequest request) => request.Headers.ContentEncoding == "gzip";

    /// <summary>What is sent on.</summary>
    private sealed record PreparedBody(SharedBuffer Bytes, bool IsGzip, BodyScan Scan, string? Faults);
}
