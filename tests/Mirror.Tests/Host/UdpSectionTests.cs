using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Configuration;
using InfluxMirror.Inputs;
using InfluxMirror.Tests.Inputs;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>The section <c>Mirror:Udp</c>, from the file to a bound socket.</summary>
public sealed class UdpSectionTests
{
    [Theory]
    [InlineData("http://*:9096", null, "*:9096")]
    [InlineData("http://10.0.0.1:9096", "127.0.0.1", "127.0.0.1:9096")]
    [InlineData("https://*:9443", "[::1]", "[::1]:9443")]
    [InlineData("http://*:9096", "*:8089", "*:8089")]
    public void A_listener_without_a_port_has_that_of_the_clients(string clients, string? bound, string expected)
    {
        JsonObject listener = new() { ["Database"] = "x" };
        if (bound is not null)
            listener["BindAddress"] = bound;
        SettingsReading reading = WithUdp(listener).With("Kestrel:Endpoints:Clients:Url", clients).Read();

        Assert.Empty(reading.Faults);
        Assert.Equal(expected, Assert.Single(reading.Settings!.Mirror.Udp).Value.BindAddress);
    }

    [Fact]
    public void Nothing_listens_unless_it_is_configured() =>
        Assert.Empty(HostConfiguration.Valid().Read().Settings!.Mirror.Udp);

    [Theory]
    [InlineData("{}", "Database: is missing")]
    [InlineData("""{ "Database": "x", "BindAddress": "localhost:1" }""",
        "BindAddress: 'localhost:1' is not an address as in *:9096, 10.0.0.1:9096 or [::1]:9096")]
    [InlineData("""{ "Database": "x", "Precision": "sec" }""",
        "Precision: 'sec' is not one of n, u, ms, s, m, h")]
    [InlineData("""{ "Database": "x", "ReadBuffer": -1 }""",
        "ReadBuffer: '-1' is out of range, which is 0 to 1073741824")]
    [InlineData("""{ "Database": "x", "ReadBufer": 1 }""", "ReadBufer: unknown key; did you mean 'ReadBuffer'?")]
    [InlineData("""{ "Database": "x", "Cluster": "influxx" }""",
        "Cluster: no route of 'influxx' is mirrored; did you mean 'influx'?")]
    [InlineData("""{ "Database": "x", "Username": "u" }""", "Username: and Password have to be given together")]
    [InlineData("""{ "Database": "x", "Username": "u:v", "Password": "secret" }""", "Username: holds a colon")]
    public void Faults_are_told_with_their_key(string listener, string fault)
    {
        SettingsReading reading = WithUdp(JsonNode.Parse(listener)!).Read();

        Assert.Equal("Mirror:Udp:one:" + fault, Assert.Single(reading.Faults).ToString());
    }

    [Fact]
    public void Two_listeners_cannot_have_one_address()
    {
        SettingsReading reading = WithUdp(Listener("*:8089"))
            .With("Mirror:Udp:two", Listener("[::]:8089")).Read();

        Assert.Equal(
            "Mirror:Udp:two:BindAddress: is also the address of 'one'", Assert.Single(reading.Faults).ToString());
    }

    [Fact]
    public void Which_cluster_has_to_be_said_when_several_are_mirrored()
    {
        SettingsReading reading = WithUdp(Listener("*:8089"))
            .With("ReverseProxy:Clusters:other:Destinations:a:Address", "http://127.0.0.1:3")
            .With("ReverseProxy:Routes:other", Route("other", "/other")).Read();

        Assert.Equal(
            "Mirror:Udp:one:Cluster: is missing; mirrored are: influx, other",
            Assert.Single(reading.Faults).ToString());
    }

    [Fact]
    public void A_cluster_that_is_not_mirrored_gets_no_points()
    {
        SettingsReading reading = HostConfiguration.Valid().With("Mirror:Udp:one", Listener("*:8089")).Read();

        Assert.StartsWith("Mirror:Udp:one:Cluster: is missing", Assert.Single(reading.Faults).ToString());
    }

    [Fact]
    public async Task A_changed_listener_needs_a_restart()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(WithUdp(Listener("127.0.0.1:0")));
        gateway.Write(WithUdp(Listener("127.0.0.1:1")).ToJsonString());

        Assert.Equal(
            "Mirror:Udp:one:BindAddress: needs restart: it cannot change while the gateway runs",
            Assert.Single(await gateway.ReloadAsync()).ToString());
    }

    [Fact]
    public async Task A_datagram_to_the_gateway_reaches_both_servers_and_shows_in_the_metrics()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one"), two = await FakeInflux.StartAsync("two");
        await using TestGateway gateway =
            await TestGateway.StartAsync(WithUdp(Listener("127.0.0.1:0"), one.Address, two.Address));
        UdpListener listener = Assert.Single(gateway.Get<UdpListeners>().All);
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SendTo(Encoding.UTF8.GetBytes("m v=1 1\nbad\nm v=2 2"), listener.EndPoint);
        await gateway.UntilAsync(() => one.Writes.Count + two.Writes.Count == 2, "both have it");

        Assert.Equal(["m v=1 1\n\nm v=2 2\n"], one.Writes);
        Assert.Equal(["m v=1 1\n\nm v=2 2\n"], two.Writes);
        string metrics = await gateway.Management.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string[] lines = metrics.Split('\n');
        Assert.Contains("influxmirror_udp_datagrams_total{listener=\"one\"} 1", lines);
        Assert.Contains("influxmirror_udp_points_total{listener=\"one\"} 2", lines);
        Assert.Contains("influxmirror_udp_kernel_drops_total{listener=\"one\"} 0", lines);
        Assert.Contains(lines, line => line.StartsWith("influxmirror_udp_refused_total", StringComparison.Ordinal)
            && line.Contains("cause=\"invalid\"", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_in_use_is_told_by_name()
    {
        using UdpSocket taken = new(new UdpAddress(IPAddress.Loopback, 0), 0);
        await using TestGateway gateway =
            await TestGateway.LoadAsync(WithUdp(Listener($"127.0.0.1:{taken.EndPoint.Port}")));

        InvalidOperationException fault = await Assert.ThrowsAsync<InvalidOperationException>(
            () => gateway.Get<UdpListeners>().StartAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith($"Udp:one: cannot listen on udp://127.0.0.1:{taken.EndPoint.Port}: ", fault.Message);
    }

    private static JsonObject WithUdp(
        JsonNode listener, string first = "http://127.0.0.1:1", string second = "http://127.0.0.1:2") =>
        HostConfiguration.Valid(first, second)
            .With("ReverseProxy:Routes:write", Route("influx", "/write"))
            .With("Mirror:Udp:one", listener);

    private static JsonObject Listener(string address) => new() { ["BindAddress"] = address, ["Database"] = "x" };

    private static JsonObject Route(string cluster, string path) => new()
    {
        ["ClusterId"] = cluster,
        ["Match"] = new JsonObject { ["Path"] = path },
        ["Transforms"] = new JsonArray(new JsonObject { ["Mirror"] = "LineProtocol" }),
    };
}
