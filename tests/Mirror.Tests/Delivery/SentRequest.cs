using System.IO.Compression;
using System.Net;
using System.Text;
using InfluxMirror.Inputs;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A request as a destination gets it, until it is answered.</summary>
internal sealed class SentRequest
{
    private readonly TaskCompletionSource<HttpResponseMessage> _reply =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SentRequest(HttpRequestMessage message, string body)
    {
        Message = message;
        Body = body;
        Path = message.RequestUri!.AbsolutePath;
        List<QueryPair> query = [.. QueryString.Pairs(message.RequestUri.Query)];
        Database = query.Find(static pair => pair.Name == "db").Value ?? "";
        RetentionPolicy = query.Find(static pair => pair.Name == "rp").Value;
        Query = query.Find(static pair => pair.Name == "q").Value;
    }

    public HttpRequestMessage Message { get; }

    /// <summary>The body, inflated.</summary>
    public string Body { get; }

    public string[] Lines => Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public string Path { get; }

    public string Database { get; }

    public string? RetentionPolicy { get; }

    /// <summary>The statement; null for a write.</summary>
    public string? Query { get; }

    public Task<HttpResponseMessage> Reply => _reply.Task;

    public static async Task<SentRequest> ReadAsync(HttpRequestMessage message, CancellationToken cancellation)
    {
        byte[] bytes = message.Content is null ? [] : await message.Content.ReadAsByteArrayAsync(cancellation);
        if (message.Content?.Headers.ContentEncoding.Contains("gzip") ?? false)
        {
            using GZipStream gzip = new(new MemoryStream(bytes), CompressionMode.Decompress);
            using MemoryStream inflated = new();
            await gzip.CopyToAsync(inflated, cancellation);
            bytes = inflated.ToArray();
        }

        return new(message, Encoding.UTF8.GetString(bytes));
    }

    /// <summary>Answers.</summary>
    public void Answer(int status, string error = "") => _reply.SetResult(Response(status, error));

    /// <summary>Fails instead of an answer.</summary>
    public void Fail(Exception failure) => _reply.SetException(failure);

    /// <summary>An answer in InfluxDB's shape.</summary>
    public static HttpResponseMessage Response(int status, string error = "")
    {
        HttpResponseMessage response = new((HttpStatusCode)status)
        {
            Content = new ByteArrayContent(
                status == 204 ? [] : Encoding.UTF8.GetBytes(error.Length == 0 ? "{}" : $$"""{"error":"{{error}}"}""")),
        };
        response.Headers.Add("X-Influxdb-Version", "1.6.7");
        if (error.Length > 0)
            response.Headers.Add("X-Influxdb-Error", error);
        return response;
    }

    public override string ToString() => $"{Path} {Database} {Query}{Body.ReplaceLineEndings("|")}";
}
