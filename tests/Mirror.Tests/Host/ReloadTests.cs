using System.Text.Json.Nodes;
using Gateway.Configuration;
using InfluxMirror.Journal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Tests.Host;

public sealed class ReloadTests
{
    private const string Influx = "influx";

    [Fact]
    public async Task A_valid_change_is_in_force_everywhere_at_once()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        List<int?> told = [];
        using IDisposable? subscription = gateway.Get<IOptionsMonitor<MirrorOptions>>()
            .OnChange((options, _) => told.Add(options.Journal.BufferSizeMB));
        gateway.Write(HostConfiguration.Valid(first: "http://127.0.0.1:3")
            .With("Mirror:Journal:BufferSizeMB", 7).With("Logging:LogLevel:Default", "Debug").ToJsonString());

        Assert.Empty(await gateway.ReloadAsync());

        Assert.Equal([7], told);
        Assert.Equal(7, gateway.Get<IOptionsMonitor<MirrorOptions>>().CurrentValue.Journal.BufferSizeMB);
        Assert.Equal(7, gateway.Get<IOptions<MirrorOptions>>().Value.Journal.BufferSizeMB);
        Assert.Equal("http://127.0.0.1:3", Destination(gateway, "a").Model.Config.Address);
        Assert.True(gateway.Get<ILoggerFactory>().CreateLogger("Any").IsEnabled(LogLevel.Debug));
        Assert.True(gateway.Get<ReloadOutcome>().Successful);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{ \"ReverseProxy\": ")]
    [InlineData("{ \"ReverseProxy\": { \"Routes\": {}, \"Clusters\": {} } }")]
    [InlineData("not JSON at all")]
    public async Task A_broken_file_changes_nothing_and_is_told(string text)
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        GatewaySettings before = gateway.Current;
        DestinationState destination = Destination(gateway, "a");
        gateway.Write(text);

        Assert.NotEmpty(await gateway.ReloadAsync());

        Assert.Same(before, gateway.Current);
        Assert.Same(destination, Destination(gateway, "a"));
        Assert.True(gateway.Get<IProxyStateLookup>().TryGetRoute("rest", out _));
        Assert.False(gateway.Get<ReloadOutcome>().Successful);
        Assert.NotEmpty(gateway.Get<ReloadOutcome>().Faults);
    }

    [Theory]
    [InlineData("ReverseProxy:Clusters:influx:Destinations:a:Address", "ht tp//x")]
    [InlineData("ReverseProxy:Clusters:influx:LoadBalancingPolicy", "NoSuchPolicy")]
    [InlineData("ReverseProxy:Clusters:influx:HealthCheck:AvailableDestinationsPolicy", "NoSuchPolicy")]
    [InlineData("ReverseProxy:Routes:rest:Match:Path", "{broken")]
    public async Task What_YARP_or_we_find_wrong_changes_nothing(string path, string value)
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        GatewaySettings before = gateway.Current;
        gateway.Write(HostConfiguration.Valid().With(path, value).ToJsonString());

        ConfigFault fault = Assert.Single(await gateway.ReloadAsync());

        Assert.StartsWith("ReverseProxy:", fault.Path, StringComparison.Ordinal);
        Assert.Same(before, gateway.Current);
    }

    [Fact]
    public async Task An_unknown_transform_is_refused_with_its_route()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        gateway.Write(HostConfiguration.Valid().With(
            "ReverseProxy:Routes:rest:Transforms", new JsonArray(new JsonObject { ["Miror"] = "Raw" })).ToJsonString());

        ConfigFault fault = Assert.Single(await gateway.ReloadAsync());

        Assert.Equal("ReverseProxy:Routes:rest", fault.Path);
        Assert.Contains("Miror", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_file_after_a_bad_one_makes_it_well_again()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        gateway.Write("{");
        await gateway.ReloadAsync();
        gateway.Write(HostConfiguration.Valid().ToJsonString());

        Assert.Empty(await gateway.ReloadAsync());

        Assert.True(gateway.Get<ReloadOutcome>().Successful);
        Assert.Empty(gateway.Get<ReloadOutcome>().Faults);
    }

    [Fact]
    public async Task A_removed_file_changes_nothing_and_is_told()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        GatewaySettings before = gateway.Current;
        File.Delete(gateway.FilePath);

        Assert.Equal("the file does not exist", Assert.Single(await gateway.ReloadAsync()).ToString());

        Assert.Same(before, gateway.Current);
        Assert.False(gateway.Get<ReloadOutcome>().Successful);
    }

    [Theory]
    [InlineData("Kestrel:Endpoints:Clients:Url", "http://127.0.0.1:9999")]
    [InlineData("Kestrel:Limits:MaxRequestHeaderCount", "50")]
    [InlineData("Management:Token", "a secret that is long enough")]
    [InlineData("RateLimiting:Policies:new:PermitLimit", "5")]
    public async Task What_cannot_change_while_running_is_refused_by_its_path(string path, string value)
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        gateway.Write(HostConfiguration.Valid().With(path, value).With("Mirror:Journal:BufferSizeMB", 7).ToJsonString());

        ConfigFault fault = Assert.Single(await gateway.ReloadAsync());

        Assert.StartsWith(fault.Path, path, StringComparison.Ordinal);
        Assert.StartsWith("needs restart", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, fault.ToString(), StringComparison.Ordinal);
        Assert.Null(gateway.Current.Mirror.Journal.BufferSizeMB);
    }

    [Fact]
    public void The_durability_of_the_journal_needs_a_restart() =>
        Assert.Contains($"Mirror:Journal:{nameof(JournalOptions.Durability)}", RestartOnly.Paths);

    [Fact]
    public async Task A_destination_that_moves_keeps_its_state_and_a_new_one_joins_it()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        DestinationState moved = Destination(gateway, "a");
        gateway.Write(HostConfiguration.Valid(first: "http://127.0.0.1:9")
            .With("ReverseProxy:Clusters:influx:Destinations:c:Address", "http://127.0.0.1:10").ToJsonString());

        Assert.Empty(await gateway.ReloadAsync());

        Assert.Same(moved, Destination(gateway, "a"));
        Assert.Equal("http://127.0.0.1:10", Destination(gateway, "c").Model.Config.Address);
    }

    [Fact]
    public async Task A_listener_that_throws_does_not_stop_the_swap()
    {
        await using TestGateway gateway = await TestGateway.LoadAsync(HostConfiguration.Valid());
        using IDisposable? subscription = gateway.Get<IOptionsMonitor<MirrorOptions>>()
            .OnChange((_, _) => throw new InvalidOperationException("a listener's own fault"));
        gateway.Write(HostConfiguration.Valid(first: "http://127.0.0.1:3").ToJsonString());

        Assert.Empty(await gateway.ReloadAsync());

        Assert.Equal("http://127.0.0.1:3", Destination(gateway, "a").Model.Config.Address);
    }

    private static DestinationState Destination(TestGateway gateway, string id)
    {
        Assert.True(gateway.Get<IProxyStateLookup>().TryGetCluster(Influx, out ClusterState? cluster));
        return cluster.Destinations[id];
    }
}
