using System.Collections.Immutable;
using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    [Fact]
    public void The_least_file_has_keepaliveds_defaults()
    {
        DaemonConfig config = Written.Valid(Written.Instance(""));

        InstanceConfig instance = Assert.Single(config.Instances);
        Assert.Equal(VrrpVersion.V2, instance.Router.Version);
        Assert.Equal(IpFamily.IPv4, instance.Router.Family);
        Assert.Equal(100, instance.Router.Priority);
        Assert.Equal(TimeSpan.FromSeconds(1), instance.Router.AdvertInterval);
        Assert.Equal(TimeSpan.FromSeconds(5), instance.Router.GarpMasterDelay);
        Assert.Equal(HandOver.Immediate, instance.Router.HandOver);
        Assert.True(instance.Router.Preempt);
        Assert.Equal(new VirtualAddress(Address.Parse("192.0.2.240"), 32, "eth0", false), Assert.Single(instance.Addresses));
        Assert.Equal("127.0.0.1:9098", config.ManagementListen.ToString());
        Assert.Equal(LogLevel.Information, config.LogLevel);
        Assert.Null(config.EventLog);
    }

    [Fact]
    public void Version_and_family_follow_the_first_address()
    {
        RouterConfig router = Written.Valid(Written.Read("""
            { "Instances": { "v6": { "Interface": "eth0", "VirtualRouterId": 1, "VirtualAddresses": ["fe80::1/64"] } } }
            """)).Instances[0].Router;

        Assert.Equal((VrrpVersion.V3, IpFamily.IPv6), (router.Version, router.Family));
    }

    [Fact]
    public void Every_key_of_an_instance_reaches_the_router()
    {
        InstanceConfig instance = Assert.Single(Written.Valid(Written.Read("""
            {
              "Instances": {
                "VI_1": {
                  "Interface": "eth0", "VirtualRouterId": 7, "Version": 3, "Family": "ipv4", "Priority": 254,
                  "AdvertInterval": "00:00:00.1",
                  "VirtualAddresses": ["192.0.2.2", { "Address": "192.0.2.1/24", "Device": "eth1", "KeepPrefix": true }],
                  "ExcludedAddresses": ["fd00::1/64"], "SourceAddress": "192.0.2.9",
                  "UnicastPeers": ["192.0.2.8"], "Peers": ["192.0.2.8", "192.0.2.7"], "MinHopLimit": 250,
                  "Preempt": false, "PreemptDelay": "00:05:00", "GarpMasterDelay": "00:00:00",
                  "GarpMasterRepeat": 2, "GarpMasterRefresh": "00:01:00", "GarpMasterRefreshRepeat": 3,
                  "HandOver": "Weights", "ChecksumWithPseudoHeader": false,
                  "TrackInterfaces": ["eth2", { "Interface": "eth3", "Weight": -5 }],
                  "TrackChecks": ["c", { "Check": "d", "Weight": 4, "Reverse": true }],
                  "PeerCheck": "http://192.0.2.8:9097/health/ready",
                  "Notify": { "Master": ["/bin/up", "a b"], "Any": ["/bin/any"], "User": "www", "Timeout": "00:00:02" },
                },
              },
              // Comments, and commas after the last member, are allowed.
              "Checks": { "c": { "Weight": -2, "BeforeFirstResult": "Open" }, "d": { "Kind": "Tcp", "Port": 80 } },
            }
            """)).Instances);

        RouterConfig router = instance.Router;
        Assert.Equal(["192.0.2.2", "192.0.2.1"], router.VirtualAddresses.Select(address => address.ToString()));
        Assert.Equal(["fd00::1"], router.ExcludedAddresses.Select(address => address.ToString()));
        Assert.Equal(["192.0.2.2/32 eth0 False", "192.0.2.1/24 eth1 True", "fd00::1/64 eth0 False"],
            instance.Addresses.Select(address => $"{address} {address.Device} {address.KeepPrefix}"));
        Assert.Equal(
            (VrrpVersion.V3, (byte)7, (byte)254, TimeSpan.FromMilliseconds(100), (byte)250, false),
            (router.Version, router.VirtualRouterId, router.Priority, router.AdvertInterval, router.MinHopLimit,
                router.Preempt));
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.Zero, 2, TimeSpan.FromMinutes(1), 3, HandOver.Weights, false),
            (router.PreemptDelay, router.GarpMasterDelay, router.GarpMasterRepeat, router.GarpMasterRefresh,
                router.GarpMasterRefreshRepeat, router.HandOver, router.ChecksumWithPseudoHeader));
        Assert.Equal(
            [new("c", -2, false, BeforeFirstResult.Open), new("d", 4, true), new("eth2"), new("eth3", -5)],
            router.Tracked);
        Assert.Equal(
            [new(TrackedKind.Check, "c"), new(TrackedKind.Check, "d"), new(TrackedKind.Interface, "eth2"),
                new TrackedSource(TrackedKind.Interface, "eth3")],
            instance.Tracked);
        Assert.Equal("192.0.2.9", instance.SourceAddress.ToString());
        Assert.Equal("http://192.0.2.8:9097/health/ready", instance.PeerCheck!.Url.ToString());
        Assert.Equal(["/bin/up", "a b"], instance.Notify.Master!.Arguments);
        Assert.Equal(("www", TimeSpan.FromSeconds(2)), (instance.Notify.Any!.User, instance.Notify.Timeout));
    }

    [Fact]
    public void Checks_of_every_kind_are_read()
    {
        ImmutableArray<CheckConfig> checks = Written.Valid(Written.Instance("", """
            "Checks": {
              "ready": {},
              "http": { "Url": "https://a.example/x?y=1", "Status": "200, 204-206", "BodyContains": "ok",
                        "MaxLatency": "00:00:00.2", "Interval": "00:00:00.25" },
              "tcp": { "Kind": "tcp", "Host": "::1", "Port": 8086, "Timeout": "00:00:02", "Rise": 2, "Fall": 3 },
              "exec": { "Kind": "Exec", "Command": ["/bin/true"], "User": "nobody", "Group": "nogroup" }
            }
            """)).Checks;

        HttpCheckConfig ready = Assert.IsType<HttpCheckConfig>(checks[0]);
        Assert.Equal(("http://127.0.0.1:9097/health/ready", TimeSpan.FromSeconds(1)), (ready.Url.ToString(), ready.Timeout));
        HttpCheckConfig http = Assert.IsType<HttpCheckConfig>(checks[1]);
        Assert.Equal([new(200, 200), new StatusRange(204, 206)], http.Statuses);
        Assert.Equal(TimeSpan.FromMilliseconds(250), http.Timeout);
        TcpCheckConfig tcp = Assert.IsType<TcpCheckConfig>(checks[2]);
        Assert.Equal(("::1", 8086, 2, 3, TimeSpan.FromSeconds(2)), (tcp.Host, tcp.Port, tcp.Rise, tcp.Fall, tcp.Timeout));
        CommandConfig command = Assert.IsType<ExecCheckConfig>(checks[3]).Command;
        Assert.Equal(("/bin/true", "nobody", "nogroup"), (command.Arguments[0], command.User, command.Group));
    }

    [Fact]
    public void Groups_name_their_members_by_place()
    {
        DaemonConfig config = Written.Valid(Written.Read("""
            {
              "Instances": {
                "a": { "Interface": "eth0", "VirtualRouterId": 1, "VirtualAddresses": ["192.0.2.1"] },
                "b": { "Interface": "eth0", "VirtualRouterId": 2, "VirtualAddresses": ["192.0.2.2"] },
                "c": { "Interface": "eth1", "VirtualRouterId": 2, "VirtualAddresses": ["192.0.2.3"] }
              },
              "SyncGroups": { "g": { "Instances": ["c", "a"], "Notify": { "Any": ["/bin/n"] } } }
            }
            """));

        SyncGroupConfig group = Assert.Single(config.SyncGroups);
        Assert.Equal([2, 0], group.Members);
        Assert.Equal("/bin/n", group.Notify.Any!.Arguments[0]);
    }

    [Fact]
    public void All_faults_are_found_at_once()
    {
        IReadOnlyList<ConfigurationFinding> faults = Written.Read("""
            {
              "Instances": {
                "a": { "Priorty": 1, "VirtualRouterId": "7", "VirtualAddresses": ["nonsense", "192.0.2.1"], "TrackChecks": ["d"] },
                "b": { "Interface": "eth0", "VirtualRouterId": 300, "VirtualAddresses": [], "AdvertInterval": "5" }
              },
              "Checks": { "c": { "Kind": "Ping", "Rise": 0 } },
              "Managment": {}
            }
            """).Faults;

        Assert.Equal(
            [
                "Checks:c:Kind", "Checks:c:Rise", "Instances:a:Interface", "Instances:a:Priorty", "Instances:a:TrackChecks:0",
                "Instances:a:VirtualAddresses:0", "Instances:a:VirtualRouterId", "Instances:b:AdvertInterval",
                "Instances:b:VirtualAddresses", "Instances:b:VirtualRouterId", "Managment",
            ],
            faults.Select(fault => fault.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("", "no valid JSON")]
    [InlineData("{", "no valid JSON")]
    [InlineData("[]", "one JSON object")]
    [InlineData("null", "one JSON object")]
    [InlineData("{}", "there is no instance")]
    [InlineData("""{"Instances":{}}""", "there is no instance")]
    [InlineData("""{"Instances":{"\ud800":{}}}""", "no valid UTF-8")]
    public void A_file_that_is_no_configuration_is_a_fault(string json, string told)
    {
        ConfigurationResult result = Written.Read(json);

        Assert.Null(result.Config);
        Assert.Contains(told, Assert.Single(result.Faults).Text);
    }

    [Fact]
    public void A_syntax_fault_names_its_line() =>
        Assert.StartsWith("line 3,", Written.Read("{\n\n  oops }").Faults[0].Text);

    [Fact]
    public void A_text_that_is_too_long_is_not_parsed() =>
        Assert.Contains("longer than", Written.Read(new string(' ', ConfigurationReader.MaxLength + 1)).Faults[0].Text);

    [Fact]
    public void No_more_than_a_hundred_faults_are_listed()
    {
        IEnumerable<string> keys = Enumerable.Range(0, 5000).Select(i => $"\"x{i}\": 1");

        IReadOnlyList<ConfigurationFinding> faults = Written.Instance(string.Join(',', keys)).Faults;

        Assert.Equal(100, faults.Count);
        Assert.Contains("more faults", faults[^1].Text);
    }
}
