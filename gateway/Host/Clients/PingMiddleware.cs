using System.Text.Json;
using InfluxMirror;
using InfluxMirror.Inputs;

namespace Gateway.Clients;

/// <summary>
/// Answers <c>/ping</c> as influxd does, for the gateway itself: 204 when it takes writes. It comes before routing,
/// so that no route and no rate limit reaches it.
/// </summary>
internal sealed class PingMiddleware(RequestDelegate next, MirrorView mirror)
{
    private const string RetryAfterSeconds = "1";

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Path.Equals("/ping", StringComparison.Ordinal) ? AnswerAsync(context) : next(context);

    private Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        HttpResponse response = context.Response;
        MirrorReadiness readiness = mirror.Readiness();
        if (readiness.InfluxVersion is { } version)
            response.Headers["X-Influxdb-Version"] = version;
        response.Headers["X-Gateway-Version"] = GatewayVersion.Text;

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return response.WriteAsync("Method Not Allowed\n", context.RequestAborted);
        }
        if (!readiness.AcceptsWrites)
        {
            response.Headers.RetryAfter = RetryAfterSeconds;
            string reasons = readiness.Reasons.Count > 0 ? string.Join("; ", readiness.Reasons) : "no writes are taken";
            return InfluxAnswer.ErrorAsync(
                context, StatusCodes.Status503ServiceUnavailable, reasons, readiness.InfluxVersion);
        }
        response.ContentType = "application/json";
        if (request.Query["verbose"].ToString() is "" or "0" or "false")
        {
            response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }
        return HttpMethods.IsHead(request.Method)
            ? Task.CompletedTask
            : response.WriteAsync(
                JsonSerializer.Serialize(new { version = readiness.InfluxVersion ?? "" }), context.RequestAborted);
    }
}
