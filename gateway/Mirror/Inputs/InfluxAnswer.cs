using System.Text.Json;
using InfluxMirror.Delivery;
using Microsoft.AspNetCore.Http;

namespace InfluxMirror.Inputs;

/// <summary>Answers in InfluxDB's shape: its headers, its <c>{"error":"…"}</c>.</summary>
public static class InfluxAnswer
{
    /// <summary>Clients refuse long headers, and the body has the whole text.</summary>
    private const int MaxHeaderLength = 1024;

    /// <summary>Seconds after which a client that was put off may come again.</summary>
    private const string RetryAfterSeconds = "1";

    /// <summary>An answer without a body.</summary>
    public static void Empty(HttpContext context, int status, string? version)
    {
        Identify(context, version);
        context.Response.StatusCode = status;
    }

    /// <summary>
    /// An error, in the body and in <c>X-Influxdb-Error</c>; 503 with <c>Retry-After</c>, unless that is set already.
    /// </summary>
    public static Task ErrorAsync(HttpContext context, int status, string error, string? version)
    {
        Identify(context, version);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.Headers["X-Influxdb-Error"] = HeaderText(error);
        if (status == StatusCodes.Status503ServiceUnavailable && response.Headers.RetryAfter.Count == 0)
            response.Headers.RetryAfter = RetryAfterSeconds;
        var json = new Dictionary<string, string> { ["error"] = error };
        byte[] body = [.. JsonSerializer.SerializeToUtf8Bytes(json, Json), (byte)'\n'];
        response.ContentLength = body.Length;
        return WriteAsync(response, body);
    }

    /// <summary>A destination's answer, verbatim.</summary>
    public static Task PassAsync(HttpContext context, DestinationAnswer answer, string? version)
    {
        Identify(context, version);
        var response = context.Response;
        response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            response.Headers[name] = HeaderText(value);
        if (answer.Body.IsEmpty)
        {
            // YARP takes a bare 200 for "not answered yet": it has to be started.
            return answer.Status == StatusCodes.Status200OK ? response.StartAsync() : Task.CompletedTask;
        }

        response.ContentLength = answer.Body.Length;
        return WriteAsync(response, answer.Body);
    }

    private static readonly JsonSerializerOptions Json = new()
    {
        // As Go writes it: only what JSON demands is escaped.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> body)
    {
        if (HttpMethods.IsHead(response.HttpContext.Request.Method))
        {
            await response.StartAsync().ConfigureAwait(false);
            return;
        }

        await response.Body.WriteAsync(body, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Version and request id, as influxd gives them; a client's own request id comes back.</summary>
    private static void Identify(HttpContext context, string? version)
    {
        var headers = context.Response.Headers;
        var asked = context.Request.Headers["X-Request-Id"];
        if (asked.Count == 0)
            asked = context.Request.Headers["Request-Id"];
        var id = asked.Count == 0 ? RequestId.Next() : HeaderText(asked.ToString());
        headers["Request-Id"] = id;
        headers["X-Request-Id"] = id;
        if (version is not null)
            headers["X-Influxdb-Version"] = version;
    }

    /// <summary>An error may quote a client's line: what a header cannot hold becomes a space.</summary>
    private static string HeaderText(string error)
    {
        if (error.Length > MaxHeaderLength)
            error = error[..MaxHeaderLength];
        if (error.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
            return error;
        return string.Create(error.Length, error, static (span, text) =>
        {
            for (var i = 0; i < text.Length; i++)
                span[i] = text[i] is >= ' ' and <= '~' ? text[i] : ' ';
        });
    }
}
