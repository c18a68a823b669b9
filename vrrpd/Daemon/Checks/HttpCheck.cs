using System.Diagnostics;
using System.Text;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Checks;

/// <summary>Gets a URL, each time over a new connection, as a new client would.</summary>
internal sealed class HttpCheck : HealthCheck
{
    private const int MaxBody = 1 << 20;

    private readonly HttpCheckConfig _config;
    private readonly HttpMessageInvoker _http;

    public HttpCheck(HttpCheckConfig config)
    {
        _config = config;
        _http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = TimeSpan.Zero,
        });
    }

    /// <inheritdoc/>
    public override async Task<CheckResult> LookAsync(CancellationToken cancelled)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        limit.CancelAfter(_config.Timeout);
        long start = Stopwatch.GetTimestamp();
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, _config.Url);
            request.Headers.ConnectionClose = true;
            using HttpResponseMessage response = await _http.SendAsync(request, limit.Token);
            CheckResult judged = await Judge(response, limit.Token);
            TimeSpan latency = Stopwatch.GetElapsedTime(start);
            return judged.IsSuccess && latency > _config.MaxLatency
                ? CheckResult.Failed($"{judged.Detail} after {latency.TotalMilliseconds:0} ms")
                : judged;
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return TimedOut(_config.Timeout);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return CheckResult.Failed((exception.InnerException ?? exception).Message);
        }
    }

    public override void Dispose() => _http.Dispose();

    private async Task<CheckResult> Judge(HttpResponseMessage response, CancellationToken limit)
    {
        int status = (int)response.StatusCode;
        if (!_config.Statuses.Any(range => status >= range.First && status <= range.Last))
            return CheckResult.Failed($"status {status}");
        if (_config.BodyContains is not { } text)
            return CheckResult.Well($"status {status}");
        return await BodyContains(response, text, limit)
            ? CheckResult.Well($"status {status}")
            : CheckResult.Failed($"status {status}, but the body does not contain '{text}'");
    }

    private static async Task<bool> BodyContains(HttpResponseMessage response, string text, CancellationToken limit)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(limit);
        byte[] buffer = new byte[MaxBody];
        int length = await body.ReadAtLeastAsync(buffer, MaxBody, throwOnEndOfStream: false, limit);
        return buffer.AsSpan(0, length).IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }
}
