using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway;
using Gateway.Clients;
using Gateway.Management;
using Microsoft.AspNetCore.Http;
using Prometheus;
using Xunit;

namespace InfluxMirror.Tests.Host;

public sealed class ManagementTests
{
    private const string Token = "a secret that is long enough";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/status")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Management_is_served_by_its_own_listener_only(string path)
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(
            HostConfiguration.Valid(first: server.Address, catchAll: "/query"));

        using HttpResponseMessage management = await gateway.Management.GetAsync(path, Stop);
        // Not even with the other listener's name and port in the Host header, or as an absolute request line.
        using HttpRequestMessage disguised = new(HttpMethod.Get, path);
        disguised.Headers.Host = gateway.Management.BaseAddress!.Authority;
        using HttpResponseMessage clients = await gateway.Clients.SendAsync(disguised, Stop);

        Assert.Equal(HttpStatusCode.OK, management.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, clients.StatusCode);
    }

    [Fact]
    public async Task A_destination_is_declared_in_sync_from_this_machine_and_only_by_its_id()
    {
        List<string> declared = [];
        MirrorView mirror = new(static () => new(true, true, [], null), static () => [])
        {
            DeclareInSync = id =>
            {
                declared.Add(id);
                return id == "b";
            },
        };
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid(), mirror);

        using HttpResponseMessage known = await gateway.Management.PostAsync("/destinations/b/sync-done", null, Stop);
        using HttpResponseMessage unknown = await gateway.Management.PostAsync("/destinations/x/sync-done", null, Stop);
        using HttpRequestMessage lured = new(HttpMethod.Post, "/destinations/b/sync-done");
        lured.Headers.Add("Origin", "http://elsewhere.example");
        using HttpResponseMessage refused = await gateway.Management.SendAsync(lured, Stop);

        Assert.Equal([204, 404, 403], [(int)known.StatusCode, (int)unknown.StatusCode, (int)refused.StatusCode]);
        Assert.Equal(["b", "x"], declared);

        string url = gateway.Management.BaseAddress!.ToString();
        Assert.Equal(
            (ExitCode.Ok, "b holds what the others hold: it serves reads, and its gaps are forgotten\n", ""),
            await SyncDoneAsync("b", "--url", url));
        (int code, string said, string error) = await SyncDoneAsync("x", "--url", url);
        Assert.Equal((ExitCode.Failed, ""), (code, said));
        Assert.EndsWith(": 404: there is no such destination\n", error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, (await SyncDoneAsync("b", "--url", "elsewhere")).Code);
        Assert.DoesNotContain(
            "s3cret", (await SyncDoneAsync("b", "--url", "http://u:s3cret@127.0.0.1:1")).Error, StringComparison.Ordinal);
        Assert.Equal(["b", "x", "b", "x"], declared);

        static async Task<(int Code, string Said, string Error)> SyncDoneAsync(params string[] args)
        {
            using StringWriter output = new(), errors = new();
            int code = await SyncDoneCommand.Build().Parse(args)
                .InvokeAsync(new InvocationConfiguration { Output = output, Error = errors }, Stop);
            return (code, $"{output}", $"{errors}");
        }
    }

    [Fact]
    public async Task Nothing_is_proxied_by_the_management_listener()
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid(first: server.Address));
        using HttpRequestMessage disguised = new(HttpMethod.Get, "/query?q=x");
        disguised.Headers.Host = gateway.Clients.BaseAddress!.Authority;

        using HttpResponseMessage answer = await gateway.Management.SendAsync(disguised, Stop);

        Assert.Equal((HttpStatusCode.NotFound, 0), (answer.StatusCode, server.Requests));
    }

    [Fact]
    public async Task Metrics_tell_of_the_configuration_and_the_limiter()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(
            HostConfiguration.Valid().With("RateLimiting:Policies:few:PermitLimit", 1));

        string before = await gateway.Management.GetStringAsync("/metrics", Stop);
        gateway.Write("{");
        await gateway.ReloadAsync();
        string after = await gateway.Management.GetStringAsync("/metrics", Stop);

        Assert.Contains("\ngateway_config_last_reload_successful 1\n", before, StringComparison.Ordinal);
        Assert.Contains("\ngateway_config_last_reload_successful 0\n", after, StringComparison.Ordinal);
        Assert.Contains("\ngateway_config_last_reload_success_timestamp_seconds 1", after, StringComparison.Ordinal);
        Assert.Contains("\ngateway_rate_limited_requests{policy=\"few\"} 0\n", after, StringComparison.Ordinal);
        Assert.Contains("\nprocess_cpu_seconds_total ", after, StringComparison.Ordinal);
        Assert.DoesNotContain("http_server", after, StringComparison.Ordinal);
        Assert.InRange(after.Split('\n').Length, 20, 150);
    }

    [Fact]
    public async Task Metrics_are_read_for_one_page_at_a_time_so_that_no_page_has_half_of_anothers_reading()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        int pages = 0, inside = 0, most = 0;
        gateway.Get<CollectorRegistry>().AddBeforeCollectCallback(async stop =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            await Task.Delay(10, stop);
            Interlocked.Decrement(ref inside);
            Interlocked.Increment(ref pages);
        });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => gateway.Management.GetStringAsync("/metrics", Stop)));

        Assert.Equal((8, 1), (pages, most));
    }

    [Fact]
    public async Task The_status_tells_which_file_is_in_force_and_why_another_is_not()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        gateway.Write("{}");
        await gateway.ReloadAsync();

        JsonNode status = JsonNode.Parse(await gateway.Management.GetStringAsync("/status", Stop))!;

        Assert.Equal(gateway.Current.Hash, (string?)status["configuration"]!["hash"]);
        Assert.False((bool)status["configuration"]!["lastReloadSuccessful"]!);
        Assert.Equal(2, status["configuration"]!["faults"]!.AsArray().Count);
        Assert.Equal(JsonValueKind.Array, status["destinations"]!.GetValueKind());
        Assert.NotNull(status["readiness"]!["acceptsWrites"]);
    }

    [Fact]
    public async Task An_unknown_destination_is_404()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());

        using HttpResponseMessage answer = await gateway.Management.GetAsync("/health/destinations/nobody", Stop);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData(true, true, 200)]
    [InlineData(true, false, 503)]
    [InlineData(false, true, 503)]
    public async Task Readiness_asks_for_writes_and_reads(bool writes, bool reads, int status)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(
            HostConfiguration.Valid(), new(() => new(writes, reads, ["why"], null), () => []));

        using HttpResponseMessage answer = await gateway.Management.GetAsync("/health/ready", Stop);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("why", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!["reasons"]![0]);
    }

    [Theory]
    [InlineData(true, true, 200)]
    [InlineData(true, false, 503)]
    [InlineData(false, false, 503)]
    public async Task A_destination_is_well_when_it_is_up_and_fit(bool up, bool fit, int status)
    {
        DestinationStatus destination = new()
        {
            Cluster = "influx", Destination = "a", Address = "http://x", Up = up, Fit = fit, Reason = up && fit ? null : "why",
            Version = null, LagSeconds = 0, PendingBytes = 0, DrainBytesPerSecond = 0, SecondsLeft = 0, AcceptedPoints = 0, DeliveredPoints = 0, PendingPoints = 0,
            ParkedPoints = 0, RejectedPoints = 0, DroppedPoints = 0, NeedsResync = false,
        };
        await using TestGateway gateway = await TestGateway.StartAsync(
            HostConfiguration.Valid(), new(() => new(true, true, [], null), () => [destination]));

        using HttpResponseMessage answer = await gateway.Management.GetAsync("/health/destinations/A", Stop);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status != 200, (await answer.Content.ReadAsStringAsync(Stop)).Contains("why", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1", null, null, null, true)]
    [InlineData("::1", null, null, null, true)]
    [InlineData("::ffff:127.0.0.1", null, null, null, true)]
    [InlineData("127.0.0.1", "Origin", "http://evil.example", null, false)]
    [InlineData("127.0.0.1", "X-Forwarded-For", "10.0.0.1", null, false)]
    [InlineData("127.0.0.1", "Forwarded", "for=10.0.0.1", null, false)]
    [InlineData("127.0.0.1", "X-Real-IP", "10.0.0.1", null, false)]
    [InlineData("127.0.0.1", "Via", "1.1 proxy", null, false)]
    [InlineData("127.0.0.1", "Host", "127.0.0.1", null, true)]
    [InlineData("127.0.0.1", "Host", "10.0.0.7:19097", null, true)]
    [InlineData("127.0.0.1", "Host", "[::1]:9097", null, true)]
    [InlineData("127.0.0.1", "Host", "LocalHost:9097", null, true)]
    [InlineData("127.0.0.1", "Host", "gateway.localhost:9097", null, true)]
    [InlineData("127.0.0.1", "Host", "evil.example:9097", null, false)]
    [InlineData("127.0.0.1", "Host", "localhost.evil.example", null, false)]
    [InlineData("127.0.0.1", "Host", "127.0.0.1.evil.example", null, false)]
    [InlineData("127.0.0.1", "Host", "", null, false)]
    [InlineData("10.0.0.1", null, null, null, false)]
    [InlineData("10.0.0.1", "Authorization", "Bearer " + Token, Token, true)]
    [InlineData("10.0.0.1", "Authorization", "Bearer " + Token + "x", Token, false)]
    [InlineData("10.0.0.1", "Authorization", "Basic " + Token, Token, false)]
    [InlineData("10.0.0.1", "Authorization", "Bearer ", null, false)]
    [InlineData("10.0.0.1", "Authorization", "Bearer ", "", false)]
    public async Task Changing_calls_come_from_this_machine_or_with_the_token(
        string from, string? header, string? value, string? token, bool allowed)
    {
        DefaultHttpContext context = new();
        context.Request.Method = "POST";
        context.Request.Host = new HostString("127.0.0.1", 9097);
        context.Connection.RemoteIpAddress = IPAddress.Parse(from);
        if (header is not null)
            context.Request.Headers[header] = value;
        bool passed = false;

        await new ManagementGate(new ManagementOptions { Token = token }).InvokeAsync(context, _ =>
        {
            passed = true;
            return Task.CompletedTask;
        });

        Assert.Equal(allowed, passed);
        Assert.Equal(allowed ? 200 : 403, context.Response.StatusCode);
    }

    [Theory]
    [InlineData("Host", "evil.example:9097", "its header Host is neither an IP address nor localhost")]
    [InlineData("Via", "1.1 proxy", "its header Via says that a browser or a proxy sent it")]
    public async Task Whoever_is_refused_is_told_why_and_what_helps(string header, string value, string reason)
    {
        await using TestGateway gateway = await TestGateway.StartAsync(
            HostConfiguration.Valid().With("Management:Token", Token));
        foreach (string path in (string[])["/letters", "/metrics", "/status", "/health/live"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation(header, value);
            using HttpResponseMessage answer = await gateway.Management.SendAsync(request, Stop);
            if (path != "/letters")
            {
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                continue;
            }

            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            string text = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!["error"]!;
            Assert.EndsWith(reason, text, StringComparison.Ordinal);
            Assert.Contains("Authorization: Bearer TOKEN", text, StringComparison.Ordinal);
        }

        using HttpRequestMessage known = new(HttpMethod.Get, "/letters");
        known.Headers.TryAddWithoutValidation(header, value);
        known.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using HttpResponseMessage allowed = await gateway.Management.SendAsync(known, Stop);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
    }

    [Fact]
    public async Task The_gate_stands_before_every_changing_call_of_the_listener()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid());
        using HttpRequestMessage lured = new(HttpMethod.Post, "/whatever");
        lured.Headers.Add("Origin", "http://evil.example");
        lured.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "guess");

        using HttpResponseMessage answer = await gateway.Management.SendAsync(lured, Stop);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }
}
