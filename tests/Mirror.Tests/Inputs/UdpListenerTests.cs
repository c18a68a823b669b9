using System.Net;
using System.Net.Sockets;
using System.Text;
using InfluxMirror.Inputs;
using InfluxMirror.Telemetry;
using InfluxMirror.Tests.Delivery;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

/// <summary>From a loopback socket to scripted destinations.</summary>
public sealed class UdpListenerTests
{
    [Fact]
    public async Task Points_reach_every_destination_as_a_write_to_the_database_of_the_listener()
    {
        await using TestCluster cluster = new("a", "b");
        using UdpListener listener = Listen(cluster, new()
        {
            Database = "d b", RetentionPolicy = "r&p", Precision = "s", Username = "u", Password = "p:w",
        });
        Send(listener, "m v=1 1\nm v=2 2", "n v=3");
        await cluster.UntilAsync(
            () => cluster["a"].Lines.Count() == 3 && cluster["b"].Lines.Count() == 3, "both have three points");

        SentRequest request = cluster["a"].Requests[0];
        Assert.Equal(("/write", "d b", "r&p"), (request.Path, request.Database, request.RetentionPolicy));
        Assert.Contains("precision=s", request.Message.RequestUri!.Query, StringComparison.Ordinal);
        Assert.Equal(
            Convert.ToBase64String("u:p:w"u8), request.Message.Headers.GetValues("Authorization").Single().Split(' ')[1]);
        Assert.Equal(cluster["a"].Lines, cluster["b"].Lines);
        Assert.Equal(["m v=1 1", "m v=2 2"], cluster["a"].Lines.Take(2));
        string[] stamped = cluster["a"].Lines.Last().Split(' ');
        Assert.Equal(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), long.Parse(stamped[2]), 60.0);
        Assert.Equal((2, 20, 3), (listener.Tally.Datagrams, listener.Tally.Bytes, listener.Tally.Points));
    }

    [Fact]
    public async Task Datagrams_that_come_together_share_records()
    {
        await using TestCluster cluster = new("a");
        using UdpListener listener = Listen(cluster, start: false);
        string[] lines = [.. Enumerable.Range(0, 2000).Select(i => $"m,host=h{i % 7} v={i} {i}")];
        Send(listener, lines);
        listener.Start();
        await cluster.UntilAsync(() => cluster["a"].Lines.Count() == 2000, "every point is there");

        Assert.Equal(lines, cluster["a"].Lines);
        Assert.Equal((2000, 2000, 0), (listener.Tally.Datagrams, listener.Tally.Points, listener.KernelDrops));
        Assert.InRange(cluster.Cluster.Journal.Tail, 1, 20);
    }

    [Fact]
    public async Task Nothing_waits_for_company()
    {
        await using TestCluster cluster = new("a");
        using UdpListener listener = Listen(cluster);
        Send(listener, "m v=1 1");

        await cluster.UntilAsync(() => cluster["a"].Lines.Any(), "a single point is delivered");
        Assert.Equal(["m v=1 1"], cluster["a"].Lines);
    }

    [Fact]
    public async Task Bad_lines_are_counted_and_told_and_spoil_nothing()
    {
        await using TestCluster cluster = new("a");
        LogLines log = new();
        using UdpListener listener = Listen(cluster, start: false, log: log);
        Send(listener, "m v=1 1\nbad", "worse", "m v=2 2", "m a,b=\"=1,c=\",d=\"", "", "# nothing", "m v=3 3\n# a=\"b");
        Send(listener, "m v=4 4");
        listener.Start();
        await cluster.UntilAsync(() => cluster["a"].Lines.Count(line => line[0] == 'm') == 4, "good points are there");

        Assert.Equal(["m v=1 1", "m v=2 2", "m v=3 3", "# a=\"b", "m v=4 4"], cluster["a"].Lines);
        Assert.Equal((8, 4), (listener.Tally.Datagrams, listener.Tally.Points));
        Assert.Equal((2, 1), (listener.Tally.Refused(UdpRefusal.Invalid), listener.Tally.Refused(UdpRefusal.Harmful)));
        Assert.DoesNotContain("m v=4", cluster["a"].Requests.Single(one => one.Body.Contains('#')).Body);
        string told = Assert.Single(log.Of("'worse'"));
        Assert.Contains("1 line(s) from 127.0.0.1 refused: unable to parse 'worse': missing fields", told);
    }

    [Fact]
    public async Task What_a_full_journal_cannot_take_is_a_counted_drop()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Cluster.Journal.LimitBytes = 200_000;
        using UdpListener listener = Listen(cluster);
        string datagram = $"m s=\"{new string('x', 30_000)}\" 1";
        for (int i = 1; i <= 20; i++)
        {
            Send(listener, datagram);
            await cluster.UntilAsync(() => listener.Tally.Datagrams == i, "it is read");
        }

        await cluster.UntilAsync(
            () => listener.Tally.Points + listener.Tally.Refused(UdpRefusal.Full) == 20, "each has a fate");
        Assert.InRange(listener.Tally.Points, 2, 10);
        Assert.Equal(listener.Tally.Points, cluster.Courier("a").Tally.Accepted);
        (await cluster["a"].NextAsync()).Answer(204);
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        long before = listener.Tally.Points;
        Send(listener, datagram);
        await cluster.UntilAsync(() => listener.Tally.Points == before + 1, "there is room again");
    }

    [Fact]
    public async Task Without_a_destination_points_are_counted_and_hold_no_memory()
    {
        await using TestCluster cluster = new();
        using UdpListener listener = Listen(cluster);
        Send(listener, "m v=1 1\nm v=2 2");

        await cluster.UntilAsync(() => listener.Tally.Refused(UdpRefusal.Unavailable) == 2, "they are counted");
        Assert.Equal(0, cluster.Cluster.Journal.Bytes);
    }

    [Fact]
    public async Task A_fault_is_logged_and_what_follows_is_taken()
    {
        await using TestCluster cluster = new("a");
        LogLines log = new();
        int faults = 1;
        using UdpListener listener = new("test", Options(new()), () => Interlocked.Decrement(ref faults) >= 0
            ? throw new InvalidOperationException("broken for once") : cluster.Cluster,
            cluster.Metrics, TimeProvider.System, log);
        listener.Start();
        Send(listener, "m v=1 1");
        await cluster.UntilAsync(() => listener.Tally.Refused(UdpRefusal.Unavailable) == 1, "it is counted");
        Send(listener, "m v=2 2");
        await cluster.UntilAsync(() => cluster["a"].Lines.Any(), "the next one is delivered");

        Assert.Equal(["m v=2 2"], cluster["a"].Lines);
        Assert.NotEmpty(log.Of("could not be read or kept"));
    }

    [Fact]
    public async Task What_was_received_before_the_end_is_appended()
    {
        await using TestCluster cluster = new("a");
        using UdpListener listener = Listen(cluster);
        string[] lines = [.. Enumerable.Range(0, 3000).Select(i => $"m v={i} {i}")];
        Send(listener, lines);

        await listener.StopAsync();

        Assert.Equal((3000, 0), (listener.Tally.Points, listener.KernelDrops));
        Assert.Equal(3000, cluster.Courier("a").Tally.Accepted);
        using UdpSocket again = new(UdpAddress.Parse($"127.0.0.1:{listener.EndPoint.Port}")!, 0);
        await listener.StopAsync();
    }

    [Fact]
    public async Task A_client_refused_lately_travels_alone()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = request => request.Body.Contains("conflict", StringComparison.Ordinal)
            ? SentRequest.Response(400, "field type conflict") : SentRequest.Response(204);
        using UdpListener listener = Listen(cluster);
        Send(listener, "conflict v=1 1");
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 1, "it is refused");

        Assert.Equal("127.0.0.1", Assert.Single(cluster.Cluster.Letters.List()).Client);
        Assert.True(cluster.Cluster.Refused.Contains("127.0.0.1", UdpRules.TargetOf(Options(new()))));
        cluster["a"].Script = ScriptedDestination.Wait;
        Send(listener, "m v=1 1");
        SentRequest first = await cluster["a"].NextAsync();
        cluster.Write("x", "n v=1 1");
        Send(listener, "m v=2 2");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Accepted == 4, "they wait");
        cluster["a"].Script = ScriptedDestination.Accept;
        first.Answer(204);
        await cluster.QuietAsync();
        Assert.Contains(cluster["a"].Requests, request => request.Body == "m v=2 2\n");
        Assert.Contains(cluster["a"].Requests, request => request.Body == "n v=1 1");
    }

    private static UdpListener Listen(
        TestCluster cluster, UdpListenerOptions? options = null, bool start = true, ILogger? log = null)
    {
        UdpListener listener = new(
            "test", Options(options ?? new()), () => cluster.Cluster, cluster.Metrics, TimeProvider.System,
            log ?? NullLogger.Instance);
        if (start)
            listener.Start();
        return listener;
    }

    private static UdpListenerOptions Options(UdpListenerOptions options)
    {
        options.BindAddress = "127.0.0.1:0";
        options.Database ??= "x";
        Assert.Empty(UdpRules.Check(new Dictionary<string, UdpListenerOptions> { ["test"] = options }));
        return options;
    }

    private static void Send(UdpListener listener, params IEnumerable<string> datagrams)
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        foreach (string datagram in datagrams)
            sender.SendTo(Encoding.UTF8.GetBytes(datagram), new IPEndPoint(IPAddress.Loopback, listener.EndPoint.Port));
    }
}
