using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

/// <summary>One fault each: where it is reported, and that the text helps.</summary>
public sealed class ConfigurationFaultTests
{
    [Theory]
    [InlineData("\"Priorty\": 1", "Priorty", "did you mean 'Priority'?")]
    [InlineData("\"interval\": 1", "interval", "no key that vrrpd knows")]
    [InlineData("\"Priority\": 1, \"priority\": 2", "Priority", "twice")]
    [InlineData("\"Priority\": 0", "Priority", "between 1 and 255")]
    [InlineData("\"Priority\": 256", "Priority", "between 1 and 255")]
    [InlineData("\"Priority\": 1.5", "Priority", "whole number")]
    [InlineData("\"Priority\": \"100\"", "Priority", "whole number")]
    [InlineData("\"Priority\": null", "Priority", "whole number")]
    [InlineData("\"Version\": 4", "Version", "between 2 and 3")]
    [InlineData("\"Family\": \"IPv6\"", "VirtualAddresses", "192.0.2.240 is not IPv6")]
    [InlineData("\"Family\": \"ipx\"", "Family", "IPv4, IPv6")]
    [InlineData("\"Family\": \"0\"", "Family", "IPv4, IPv6")]
    [InlineData("\"AdvertInterval\": \"00:00:00.5\"", "AdvertInterval", "Version 3")]
    [InlineData("\"AdvertInterval\": \"00:00:01.5\"", "AdvertInterval", "whole number of seconds")]
    [InlineData("\"AdvertInterval\": \"00:00:00\"", "AdvertInterval", "whole number of seconds")]
    [InlineData("\"AdvertInterval\": \"00:04:16\"", "AdvertInterval", "1 to 255")]
    [InlineData("\"AdvertInterval\": \"-00:00:01\"", "AdvertInterval", "1 to 255")]
    [InlineData("\"AdvertInterval\": \"00:00:00.005\", \"Version\": 3", "AdvertInterval", "0.01 s and 40.95 s")]
    [InlineData("\"AdvertInterval\": \"00:00:41\", \"Version\": 3", "AdvertInterval", "0.01 s and 40.95 s")]
    [InlineData("\"AdvertInterval\": \"1\"", "AdvertInterval", "hh:mm:ss")]
    [InlineData("\"AdvertInterval\": \"00:01\"", "AdvertInterval", "hh:mm:ss")]
    [InlineData("\"AdvertInterval\": 1", "AdvertInterval", "text in quotes")]
    [InlineData("\"Password\": 123456", "Password", "text in quotes")]
    [InlineData("\"Password\": \"\"", "Password", "empty")]
    [InlineData("\"Password\": \"a\", \"Version\": 3", "Password", "leave it out")]
    [InlineData("\"ExcludedAddresses\": [\"192.0.2.240\"]", "VirtualAddresses", "named twice")]
    [InlineData("\"ExcludedAddresses\": [\"192.0.2.1/33\"]", "ExcludedAddresses:0", "/1 to /32")]
    [InlineData("\"ExcludedAddresses\": [\"192.0.2.1/\"]", "ExcludedAddresses:0", "no prefix")]
    [InlineData("\"ExcludedAddresses\": [\"1\"]", "ExcludedAddresses:0", "no address")]
    [InlineData("\"ExcludedAddresses\": [{}]", "ExcludedAddresses:0", "has no Address")]
    [InlineData("\"ExcludedAddresses\": [{\"Address\": \"192.0.2.1\", \"Device\": \"a b\"}]",
        "ExcludedAddresses:0:Device", "network interface")]
    [InlineData("\"ExcludedAddresses\": [\"224.0.0.18\"]", "VirtualAddresses", "no address of a host")]
    [InlineData("\"ExcludedAddresses\": \"192.0.2.1\"", "ExcludedAddresses", "a list […] belongs")]
    [InlineData("\"UnicastPeers\": [\"192.0.2.1/24\"]", "UnicastPeers:0", "without a prefix")]
    [InlineData("\"UnicastPeers\": [\"fd00::1\"]", "UnicastPeers", "is not IPv4")]
    [InlineData("\"UnicastPeers\": [\"192.0.2.1\", \"192.0.2.1\"]", "UnicastPeers:1", "twice")]
    [InlineData("\"UnicastPeers\": [\"192.0.2.1\"], \"Peers\": [\"192.0.2.2\"]", "Peers", "add it")]
    [InlineData("\"UnicastPeers\": [\"192.0.2.1\"], \"SourceAddress\": \"192.0.2.1\"", "SourceAddress", "other machines")]
    [InlineData("\"SourceAddress\": \"192.0.2.240\"", "SourceAddress", "virtual address")]
    [InlineData("\"SourceAddress\": \"fd00::1\"", "SourceAddress", "is not IPv4")]
    [InlineData("\"MinHopLimit\": 1", "MinHopLimit", "needs UnicastPeers")]
    [InlineData("\"PreemptDelay\": \"00:16:41\"", "PreemptDelay", "between 0 s and 1000 s")]
    [InlineData("\"GarpMasterRepeat\": 0", "GarpMasterRepeat", "between 1 and 255")]
    [InlineData("\"HandOver\": \"never\"", "HandOver", "Immediate, Weights")]
    [InlineData("\"TrackChecks\": [\"x\"]", "TrackChecks:0", "there is no check 'x'")]
    [InlineData("\"TrackChecks\": [{ \"Weight\": 1 }]", "TrackChecks:0", "has no Check")]
    [InlineData("\"TrackChecks\": [null]", "TrackChecks:0", "null stands where an object")]
    [InlineData("\"TrackInterfaces\": [\"eth1\", \"eth1\"]", "TrackInterfaces:1", "tracked twice")]
    [InlineData("\"TrackInterfaces\": [{ \"Interface\": \"eth1\", \"Weight\": 254 }]",
        "TrackInterfaces:0:Weight", "between -253 and 253")]
    [InlineData("\"PeerCheck\": \"ftp://192.0.2.1/\"", "PeerCheck:Url", "http://")]
    [InlineData("\"PeerCheck\": {}", "PeerCheck:Url", "missing")]
    [InlineData("\"Notify\": { \"Master\": \"/bin/up\" }", "Notify:Master", "a list […] belongs")]
    [InlineData("\"Notify\": { \"Master\": [] }", "Notify:Master", "empty")]
    [InlineData("\"Notify\": { \"Master\": [\"up\"] }", "Notify:Master", "whole path")]
    [InlineData("\"Notify\": { \"Master\": [\"/bin/up\"], \"User\": \"a b\" }", "Notify:User", "account")]
    [InlineData("\"Notify\": { \"Timeout\": \"00:00:00\" }", "Notify:Timeout", "between 00:00:00.1 and")]
    public void A_fault_of_an_instance(string keys, string path, string told) =>
        AssertFault(Written.Instance(keys), $"Instances:VI_1:{path}", told);

    [Theory]
    [InlineData("\"Kind\": \"Ping\"", "Kind", "Http, Tcp, Exec")]
    [InlineData("\"Kind\": \"Exce\", \"Command\": [\"/bin/c\"]", "Kind", "Http, Tcp, Exec")]
    [InlineData("\"Interval\": \"00:00:00.049\"", "Interval", "between 00:00:00.05 and")]
    [InlineData("\"Timeout\": \"00:00:00\"", "Timeout", "between 00:00:00.01 and")]
    [InlineData("\"Rise\": 0", "Rise", "between 1 and 1000")]
    [InlineData("\"Weight\": -254", "Weight", "between -253 and 253")]
    [InlineData("\"Url\": \"/ping\"", "Url", "http://")]
    [InlineData("\"Url\": \"http://u:secret@192.0.2.1/\"", "Url", "without")]
    [InlineData("\"Status\": \"ok\"", "Status", "200-299,401")]
    [InlineData("\"Status\": \"299-200\"", "Status", "200-299,401")]
    [InlineData("\"MaxLatency\": \"00:00:02\"", "MaxLatency", "the timeout, 00:00:01")]
    [InlineData("\"BodyContains\": \"\"", "BodyContains", "1 to 1024 characters")]
    [InlineData("\"Port\": 80", "Port", "belongs to checks of Kind Tcp; this one is Http")]
    [InlineData("\"Kind\": \"Tcp\"", "Port", "is missing")]
    [InlineData("\"Kind\": \"Tcp\", \"Port\": 0", "Port", "between 1 and 65535")]
    [InlineData("\"Kind\": \"Tcp\", \"Port\": 1, \"Host\": \"a b\"", "Host", "neither a name nor an address")]
    [InlineData("\"Kind\": \"Exec\"", "Command", "is missing")]
    [InlineData("\"Kind\": \"Exec\", \"Command\": [\"curl\"]", "Command", "whole path")]
    [InlineData("\"Kind\": \"Exec\", \"Command\": [\"/bin/a\"], \"Url\": \"http://a/\"", "Url", "belongs to checks of Kind Http")]
    public void A_fault_of_a_check(string keys, string path, string told) =>
        AssertFault(Written.Check(keys), $"Checks:c:{path}", told);

    [Theory]
    [InlineData("\"Management\": { \"Listen\": \"9098\" }", "Management:Listen", "address:port")]
    [InlineData("\"Management\": { \"Listen\": \"127.0.0.1\" }", "Management:Listen", "address:port")]
    [InlineData("\"Log\": { \"Level\": \"loud\" }", "Log:Level", "Debug, Information, Warning, Error")]
    [InlineData("\"EventLog\": \"\"", "EventLog", "empty")]
    [InlineData("\"SyncGroups\": { \"g\": {} }", "SyncGroups:g:Instances", "two instances or more")]
    [InlineData("\"SyncGroups\": { \"g\": { \"Instances\": [\"VI_1\", \"VI_2\"] } }", "SyncGroups:g:Instances:1",
        "did you mean 'VI_1'?")]
    [InlineData("\"SyncGroups\": { \"g\": { \"Instances\": [\"VI_1\", \"VI_1\"] } }", "SyncGroups:g:Instances:1",
        "already in the group g")]
    public void A_fault_elsewhere(string section, string path, string told) =>
        AssertFault(Written.Instance("", section), path, told);

    [Fact]
    public void Version_2_has_no_IPv6() => AssertFault(
        Written.Read("""
            { "Instances": { "a": {
              "Interface": "eth0", "VirtualRouterId": 1, "Version": 2, "VirtualAddresses": ["fd00::1"] } } }
            """),
        "Instances:a:Version", "IPv6 needs version 3");

    [Fact]
    public void A_router_stands_once_on_an_interface() =>
        AssertFault(Two("\"192.0.2.1\"", "eth0", 1), "Instances:b:VirtualRouterId", "1 is taken by a on eth0 for IPv4");

    [Fact]
    public void A_router_may_stand_on_two_interfaces_and_for_two_families()
    {
        Assert.Empty(Two("\"192.0.2.1\"", "eth1", 1).Faults);
        Assert.Empty(Two("\"fd00::1\"", "eth0", 1).Faults);
    }

    [Fact]
    public void An_address_has_one_instance() =>
        AssertFault(Two("\"192.0.2.2\"", "eth0", 2), "Instances:b:VirtualAddresses", "belongs to a");

    [Fact]
    public void No_fault_repeats_a_password()
    {
        ConfigurationResult result = Written.Instance("\"Password\": { \"x\": \"hidden-one\" }, \"Peers\": [1]");

        Assert.NotEmpty(result.Faults);
        Assert.DoesNotContain(result.Faults, fault => fault.ToString().Contains("hidden-one"));
        Assert.DoesNotContain(Written.Instance("\"Password\": \"hidden-one\"").Warnings,
            warning => warning.ToString().Contains("hidden-one"));
    }

    private static ConfigurationResult Two(string address, string device, int id) => Written.Read($$"""
        { "Instances": {
          "a": { "Interface": "eth0", "VirtualRouterId": 1, "VirtualAddresses": ["192.0.2.2"] },
          "b": { "Interface": "{{device}}", "VirtualRouterId": {{id}}, "VirtualAddresses": [{{address}}] } } }
        """);

    private static void AssertFault(ConfigurationResult result, string path, string told)
    {
        Assert.Null(result.Config);
        ConfigurationFinding fault = Assert.Single(result.Faults);
        Assert.Equal(path, fault.Path);
        Assert.Contains(told, fault.Text);
    }
}
