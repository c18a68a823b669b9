using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Gateway.SystemTests.Setup;

/// <summary>InfluxDB's HTTP interface as a client uses it, against the gateway or straight against a server.</summary>
internal sealed class InfluxClient : IDisposable
{
    private readonly HttpClient http;

    /// <param name="address">The server's root.</param>
    /// <param name="from">The loopback address it comes from; null for any.</param>
    public InfluxClient(Uri address, IPAddress? from = null)
    {
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            SslOptions = new SslClientAuthenticationOptions
            {
                // The certificates of these tests are made when they run.
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            },
        };
        if (from is not null)
        {
            handler.ConnectCallback = async (context, stop) =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(context.DnsEndPoint, stop);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        http = new HttpClient(handler) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Address => http.BaseAddress!;

    /// <summary>Sent with every request unless the request brings its own.</summary>
    public AuthenticationHeaderValue? Authorization { get; set; }

    public static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public Task<Answer> WriteAsync(string db, string lines, string more = "") =>
        WriteAsync(db, Encoding.UTF8.GetBytes(lines), more);

    /// <param name="db">The database.</param>
    /// <param name="body">Line protocol.</param>
    /// <param name="more">Further parameters as they stand in a URL, for example <c>precision=s&amp;rp=x</c>.</param>
    public Task<Answer> WriteAsync(string db, byte[] body, string more = "") =>
        SendAsync(HttpMethod.Post, WritePath(db, more), new ByteArrayContent(body));

    public Task<Answer> WriteGzipAsync(string db, string lines, string more = "")
    {
        ByteArrayContent content = new(Gzip(Encoding.UTF8.GetBytes(lines)));
        content.Headers.ContentEncoding.Add("gzip");
        return SendAsync(HttpMethod.Post, WritePath(db, more), content);
    }

    /// <summary>A statement by POST with a form body, as the influx command line and most libraries send it.</summary>
    public Task<Answer> QueryAsync(string q, string? db = null, string more = "")
    {
        Dictionary<string, string> form = new() { ["q"] = q };
        return SendAsync(HttpMethod.Post, QueryPath(db, more), new FormUrlEncodedContent(form));
    }

    public Task<Answer> GetQueryAsync(string q, string? db = null, string more = "", string? pin = null)
    {
        string path = QueryPath(db, more);
        path += (path.Contains('?') ? "&" : "?") + "q=" + Uri.EscapeDataString(q);
        return pin is null
            ? SendAsync(HttpMethod.Get, path)
            : SendAsync(HttpMethod.Get, path, null, ("X-Gateway-Destination", pin));
    }

    /// <summary>A query that must succeed; fails on any error, also on one inside a 200.</summary>
    public async Task<Answer> MustQueryAsync(string q, string? db = null)
    {
        Answer answer = await QueryAsync(q, db);
        Assert.True(answer.Status == 200 && !answer.Body.Contains("\"error\""), $"{q}: {answer}");
        return answer;
    }

    public async Task<Answer> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, path) { Content = content };
        request.Headers.Authorization = Authorization;
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        Stopwatch watch = Stopwatch.StartNew();
        using HttpResponseMessage response = await http.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        return new Answer(response, body, watch.Elapsed);
    }

    /// <summary>The answer as soon as its head is there; its body is read by the caller.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path) =>
        http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);

    public static byte[] Gzip(byte[] plain)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
            gzip.Write(plain);
        return packed.ToArray();
    }

    public void Dispose() => http.Dispose();

    private static string WritePath(string db, string more) =>
        $"/write?db={Uri.EscapeDataString(db)}" + (more.Length == 0 ? "" : "&" + more);

    private static string QueryPath(string? db, string more)
    {
        string[] parameters = db is null ? [more] : ["db=" + Uri.EscapeDataString(db), more];
        string joined = string.Join('&', parameters.Where(parameter => parameter.Length > 0));
        return joined.Length == 0 ? "/query" : "/query?" + joined;
    }
}
