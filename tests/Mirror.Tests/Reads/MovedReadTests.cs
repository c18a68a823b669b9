using System.Text.Json.Nodes;
using InfluxMirror.Tests.Host;
using Microsoft.AspNetCore.Http;
using Xunit;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Tests.Reads;

/// <summary>Reads that wait for an answer of a destination that goes down meanwhile.</summary>
public sealed class MovedReadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task A_read_that_waits_for_a_destination_which_goes_down_is_answered_by_another(string method)
    {
        await using Server a = await Server.StartAsync("a"), b = await Server.StartAsync("b");
        await using TestGateway gateway = await StartAsync(a, b);
        Task<HttpResponseMessage> read = ReadAsync(gateway, method);
        (Server asked, Server other) = await AskedAsync(a, b);

        other.AnswerReads();
        asked.Freeze();

        using HttpResponseMessage answer = await read.WaitAsync(Patience, Stop);
        await AssertAnsweredByAsync(other, answer);
        Assert.Equal((1, 1), (asked.Reads, other.Reads));
        Assert.Contains(
            "influxmirror_reads_total{outcome=\"retried\"} 1",
            await gateway.Management.GetStringAsync("/metrics", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_read_stays_with_a_destination_that_is_well_though_another_one_goes_down()
    {
        await using Server a = await Server.StartAsync("a"), b = await Server.StartAsync("b");
        await using TestGateway gateway = await StartAsync(a, b);
        Task<HttpResponseMessage> read = ReadAsync(gateway);
        (Server asked, Server other) = await AskedAsync(a, b);

        await ProbedAsync(gateway, asked, other);
        other.Freeze();
        await DownAsync(gateway, other);
        await ProbedAsync(gateway, asked, other);
        other.GoOn();
        await ProbedAsync(gateway, asked, other);
        Assert.False(read.IsCompleted);
        asked.AnswerReads();

        using HttpResponseMessage answer = await read.WaitAsync(Patience, Stop);
        await AssertAnsweredByAsync(asked, answer);
        Assert.Equal((1, 0), (asked.Reads, other.Reads));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_no_other_destination_it_waits_until_one_of_them_is_back(bool sameOne)
    {
        await using Server a = await Server.StartAsync("a"), b = await Server.StartAsync("b");
        await using TestGateway gateway = await StartAsync(a, b);
        Task<HttpResponseMessage> read = ReadAsync(gateway);
        (Server asked, Server other) = await AskedAsync(a, b);
        other.Freeze();
        await DownAsync(gateway, other);

        asked.Freeze();
        await DownAsync(gateway, asked);
        await ProbedAsync(gateway, asked, other);
        Assert.False(read.IsCompleted);
        Assert.Equal((1, 0), (asked.Reads, other.Reads));

        Server back = sameOne ? asked : other;
        back.AnswerReads();
        back.GoOn();
        using HttpResponseMessage answer = await read.WaitAsync(Patience, Stop);
        await AssertAnsweredByAsync(back, answer);
    }

    [Fact]
    public async Task An_answer_that_has_begun_is_not_given_up()
    {
        await using Server a = await Server.StartAsync("a"), b = await Server.StartAsync("b");
        a.BeginsEarly = b.BeginsEarly = true;
        await using TestGateway gateway = await StartAsync(a, b);
        using HttpResponseMessage answer = await ReadAsync(gateway).WaitAsync(Patience, Stop);
        (Server asked, Server other) = await AskedAsync(a, b);

        asked.Freeze();
        await DownAsync(gateway, asked);
        await ProbedAsync(gateway, asked, other);
        asked.AnswerReads();
        asked.GoOn();

        await AssertAnsweredByAsync(asked, answer);
        Assert.Equal((1, 0), (asked.Reads, other.Reads));
    }

    [Fact]
    public async Task It_goes_on_to_whoever_is_left_when_the_next_one_goes_down_too()
    {
        await using Server a = await Server.StartAsync("a"), b = await Server.StartAsync("b");
        await using TestGateway gateway = await StartAsync(a, b);
        Task<HttpResponseMessage> read = ReadAsync(gateway);
        (Server asked, Server other) = await AskedAsync(a, b);

        asked.Freeze();
        await TestGateway.UntilAsync(() => Task.FromResult(other.Reads == 1), "the other one is asked");
        asked.GoOn();
        asked.AnswerReads();
        other.Freeze();

        using HttpResponseMessage answer = await read.WaitAsync(Patience, Stop);
        await AssertAnsweredByAsync(asked, answer);
    }

    [Fact]
    public async Task Destinations_that_answer_probes_and_break_each_read_are_asked_once()
    {
        await using Server a = await Server.StartAsync("a"), b = await Server.StartAsync("b");
        a.BreaksReads = b.BreaksReads = true;
        await using TestGateway gateway = await StartAsync(a, b, holdDown: "00:00:00");

        using HttpResponseMessage answer = await ReadAsync(gateway).WaitAsync(Patience, Stop);

        Assert.Equal(503, (int)answer.StatusCode);
        // A connection that was used before may have been at its end: the client of HTTP tries again by itself.
        Assert.InRange(a.Reads, 1, 4);
        Assert.InRange(b.Reads, 1, 4);
    }

    private static async Task<TestGateway> StartAsync(
        Server a, Server b, string holdDown = "00:00:05") => await TestGateway.StartAsync(
        HostConfiguration.Valid(a.Address, b.Address, "/query")
            .With("Mirror:Reads:HoldDown", holdDown)
            .With("ReverseProxy:Routes:rest:Transforms", JsonNode.Parse("""[{ "Mirror": "InfluxQL" }]"""))
            .With("ReverseProxy:Clusters:influx:HealthCheck:Active", JsonNode.Parse(
                """
                {
                  "Enabled": true, "Policy": "Influx", "Path": "/ping",
                  "Interval": "00:00:00.050", "Timeout": "00:00:01"
                }
                """)));

    private static async Task<HttpResponseMessage> ReadAsync(TestGateway gateway, string method = "GET")
    {
        using HttpRequestMessage request = new(new HttpMethod(method), "/query?db=x");
        Dictionary<string, string> form = new() { ["q"] = "SELECT * FROM m" };
        if (method == "POST")
            request.Content = new FormUrlEncodedContent(form);
        else
            request.RequestUri = new Uri("/query?db=x&q=SELECT+*+FROM+m", UriKind.Relative);
        return await gateway.Clients.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    /// <summary>Waits until one of two has the read.</summary>
    private static async Task<(Server Asked, Server Other)> AskedAsync(Server a, Server b)
    {
        await TestGateway.UntilAsync(() => Task.FromResult(a.Reads + b.Reads > 0), "one of them is asked");
        return a.Reads > 0 ? (a, b) : (b, a);
    }

    private static Task DownAsync(TestGateway gateway, Server server)
    {
        Assert.True(gateway.Get<IProxyStateLookup>().TryGetCluster("influx", out ClusterState? cluster));
        return gateway.UntilAsync(
            () => cluster.Destinations[server.Name].Health.Active == DestinationHealth.Unhealthy,
            $"{server.Name} is known to be down");
    }

    /// <summary>Waits until what the probes say was looked at anew, more than once.</summary>
    private static Task ProbedAsync(TestGateway gateway, Server a, Server b)
    {
        (int beforeA, int beforeB) = (a.Pings, b.Pings);
        return gateway.UntilAsync(() => a.Pings > beforeA + 2 && b.Pings > beforeB + 2, "both are probed again");
    }

    private static async Task AssertAnsweredByAsync(Server server, HttpResponseMessage answer)
    {
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal([server.Name], answer.Headers.GetValues("X-Gateway-Destination"));
        Assert.EndsWith(
            $"by {server.Name}", await answer.Content.ReadAsStringAsync(Stop).WaitAsync(Patience, Stop),
            StringComparison.Ordinal);
    }

    /// <summary>
    /// A destination whose reads wait for the test, and that can freeze: connections stay open and nothing comes.
    /// </summary>
    private sealed class Server(string name) : IAsyncDisposable
    {
        private readonly TaskCompletionSource _mayAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _frozen;
        private StubServer? _server;
        private int _pings;
        private int _reads;

        public string Name => name;

        public string Address => _server!.Address;

        public int Pings => Volatile.Read(ref _pings);

        public int Reads => Volatile.Read(ref _reads);

        /// <summary>Connections of reads are reset.</summary>
        public bool BreaksReads { get; set; }

        /// <summary>The head of an answer and its first bytes come at once.</summary>
        public bool BeginsEarly { get; set; }

        public static async Task<Server> StartAsync(string name)
        {
            Server server = new(name);
            server._server = await StubServer.StartAsync(server.AnswerAsync);
            return server;
        }

        public void AnswerReads() => _mayAnswer.TrySetResult();

        public void Freeze() =>
            Volatile.Write(ref _frozen, new(TaskCreationOptions.RunContinuationsAsynchronously));

        public void GoOn() => Interlocked.Exchange(ref _frozen, null)?.SetResult();

        public async ValueTask DisposeAsync()
        {
            AnswerReads();
            GoOn();
            await _server!.DisposeAsync();
        }

        private async Task AnswerAsync(HttpContext context)
        {
            if (context.Request.Path == "/ping")
            {
                Interlocked.Increment(ref _pings);
                await WhileFrozenAsync(context);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            Interlocked.Increment(ref _reads);
            if (BreaksReads)
            {
                context.Abort();
                return;
            }

            if (BeginsEarly)
            {
                await context.Response.WriteAsync("an answer ", Stop);
                await context.Response.Body.FlushAsync(Stop);
            }

            await _mayAnswer.Task.WaitAsync(context.RequestAborted);
            await WhileFrozenAsync(context);
            await context.Response.WriteAsync($"by {name}", Stop);
        }

        private Task WhileFrozenAsync(HttpContext context) =>
            Volatile.Read(ref _frozen)?.Task.WaitAsync(context.RequestAborted) ?? Task.CompletedTask;
    }
}
