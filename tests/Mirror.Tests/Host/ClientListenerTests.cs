using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Clients;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace InfluxMirror.Tests.Host;

public sealed class ClientListenerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Ping_answers_204_with_versions(string method)
    {
        HttpContext context = await PingAsync(new(true, true, [], "1.6.7"), method);

        Assert.Equal(204, context.Response.StatusCode);
        Assert.Equal("1.6.7", context.Response.Headers["X-Influxdb-Version"]);
        Assert.NotEmpty(context.Response.Headers["X-Gateway-Version"].ToString());
        Assert.Equal("", await BodyAsync(context));
    }

    [Fact]
    public async Task Ping_does_not_invent_a_version() =>
        Assert.False((await PingAsync(new(true, true, [], null))).Response.Headers.ContainsKey("X-Influxdb-Version"));

    [Theory]
    [InlineData("?verbose=true", 200, """{"version":"1.6.7"}""")]
    [InlineData("?verbose=1", 200, """{"version":"1.6.7"}""")]
    [InlineData("?verbose=false", 204, "")]
    [InlineData("?verbose=0", 204, "")]
    public async Task A_verbose_ping_tells_the_version_in_its_body(string query, int status, string body)
    {
        HttpContext context = await PingAsync(new(true, true, [], "1.6.7"), query: query);

        Assert.Equal((status, body), (context.Response.StatusCode, await BodyAsync(context)));
    }

    [Fact]
    public async Task Ping_answers_503_with_the_reason_while_no_writes_are_taken()
    {
        HttpContext context = await PingAsync(new(false, true, ["the journal is full"], null));

        Assert.Equal(503, context.Response.StatusCode);
        Assert.Equal("1", context.Response.Headers.RetryAfter);
        Assert.Equal("the journal is full", context.Response.Headers["X-Influxdb-Error"]);
        Assert.Equal("{\"error\":\"the journal is full\"}\n", await BodyAsync(context));
    }

    [Fact]
    public async Task Ping_cares_for_writes_and_not_for_reads() =>
        Assert.Equal(204, (await PingAsync(new(true, false, ["nobody is fit"], null))).Response.StatusCode);

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Other_methods_on_ping_are_refused_as_influxd_refuses_them(string method)
    {
        HttpContext context = await PingAsync(new(true, true, [], null), method);

        Assert.Equal(405, context.Response.StatusCode);
        Assert.Equal("GET, HEAD", context.Response.Headers.Allow);
    }

    [Fact]
    public async Task Ping_is_the_gateways_own_and_everything_else_a_destinations()
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid(first: server.Address));

        using HttpResponseMessage ping = await gateway.Clients.GetAsync("/ping", Stop);
        Assert.Equal((HttpStatusCode.NoContent, 0), (ping.StatusCode, server.Requests));
        await TestGateway.UntilAsync(
            async () => await gateway.Clients.GetAsync("/debug/vars", Stop) is { StatusCode: HttpStatusCode.OK },
            "the living destination is picked");
        Assert.True(server.Requests > 0);
    }

    [Fact]
    public async Task A_path_without_a_route_is_404_in_the_shape_of_InfluxDB()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid(catchAll: "/query"));

        using HttpResponseMessage answer = await gateway.Clients.GetAsync("/other", Stop);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("{\"error\":\"no route of the gateway serves this path\"}\n", await answer.Content.ReadAsStringAsync(Stop));
        Assert.True(answer.Headers.Contains("X-Influxdb-Error"));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task A_query_of_half_a_mebibyte_in_the_URL_is_taken()
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(HostConfiguration.Valid(catchAll: "/query"));
        using TcpClient client = new();
        await client.ConnectAsync(gateway.Clients.BaseAddress!.Host, gateway.Clients.BaseAddress.Port, Stop);
        await using NetworkStream stream = client.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /other?q={new string('x', 512 * 1024)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), Stop);

        using StreamReader reader = new(stream);
        Assert.Equal("HTTP/1.1 404 Not Found", await reader.ReadLineAsync(Stop));
    }

    [Fact]
    public async Task A_client_that_sends_its_body_too_slowly_is_cut()
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(
            HostConfiguration.Valid(first: server.Address, second: server.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal))
                .With("Kestrel:Limits:MinRequestBodyDataRate:GracePeriod", "00:00:01.200"));
        using TcpClient client = new();
        await client.ConnectAsync(gateway.Clients.BaseAddress!.Host, gateway.Clients.BaseAddress.Port, Stop);
        await using NetworkStream stream = client.GetStream();

        await stream.WriteAsync("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nm v"u8.ToArray(), Stop);

        // Nothing more is sent: the gateway answers or closes by itself, and does not wait for the other 997 bytes.
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        late.CancelAfter(TimeSpan.FromSeconds(20));
        using StreamReader reader = new(stream);
        string answer = await reader.ReadToEndAsync(late.Token);
        Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(" 204 ", answer, StringComparison.Ordinal);
    }

    private static async Task<HttpContext> PingAsync(MirrorReadiness readiness, string method = "GET", string query = "")
    {
        DefaultHttpContext context = new();
        context.Request.Method = method;
        context.Request.Path = "/ping";
        context.Request.QueryString = new QueryString(query);
        context.Response.Body = new MemoryStream();
        PingMiddleware ping = new(
            _ => throw new InvalidOperationException("ping is answered here"), new MirrorView(() => readiness, () => []));
        await ping.InvokeAsync(context);
        return context;
    }

    private static async Task<string> BodyAsync(HttpContext context)
    {
        context.Response.Body.Position = 0;
        using StreamReader reader = new(context.Response.Body);
        return await reader.ReadToEndAsync(Stop);
    }
}
