using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Clients;

/// <summary>Errors in the shape influxd gives them: a JSON object, and the text again in a header.</summary>
internal static class InfluxError
{
    // As influxd writes them: quotes and angle brackets of a message stay readable.
    private static readonly JsonSerializerOptions Json =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task WriteAsync(HttpContext context, int status, string message, CancellationToken cancellation)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.Headers["X-Influxdb-Error"] = message;
        byte[] body = [.. JsonSerializer.SerializeToUtf8Bytes(new { error = message }, Json), (byte)'\n'];
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body, cancellation).AsTask();
    }

    /// <summary>The answer to a path that no route serves.</summary>
    public static Task NotFoundAsync(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status404NotFound, "no route of the gateway serves this path",
            context.RequestAborted);
}
