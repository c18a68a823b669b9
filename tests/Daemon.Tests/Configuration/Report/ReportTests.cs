using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration.Report;

public sealed class ReportTests
{
    private const string Check = """ "Checks": { "c": { "Weight": -2, "Fall": 2 } } """;

    [Fact]
    public void Takeover_times_are_those_of_the_protocol() =>
        Assert.Contains(Explain("").Lines, line => line.Contains("3.609 s after") && line.Contains("0.609 s after one that resigned"));

    [Fact]
    public void Fast_advertisements_shorten_them() =>
        Assert.Contains(
            Explain("\"Version\": 3, \"AdvertInterval\": \"00:00:00.1\", \"Priority\": 254").Lines,
            line => line.Contains("0.301 s after") && line.Contains("0.001 s after one that resigned"));

    [Fact]
    public void Without_the_peers_file_an_assumption_is_made_and_told()
    {
        ConfigurationReport report = Explain("\"TrackChecks\": [\"c\"]", Check);

        Assert.Contains(report.Lines, line => line.Contains("is not known") && line.Contains("priority 99"));
        AssertScenario(report, "all well", "100 here, 99 there", "here");
        AssertScenario(report, "c fails here", "98 here, 99 there", "there; noticed within 2 s (3 s if it hangs), then "
            + "resigns at once, the peer takes over 0.613 s later");
        AssertScenario(report, "c fails there", "100 here, 97 there", "here");
        AssertScenario(report, "all fail on both", "98 here, 97 there", "here");
    }

    [Fact]
    public void With_keepaliveds_arithmetic_the_peer_waits_for_its_timer() =>
        AssertScenario(
            Explain("\"HandOver\": \"Weights\", \"TrackChecks\": [\"c\"]", Check), "c fails here", "98 here, 99 there",
            "there; noticed within 2 s (3 s if it hangs), then the peer takes over up to 3.613 s later");

    [Fact]
    public void A_check_without_weight_is_a_fault() =>
        AssertScenario(
            Explain("\"TrackChecks\": [{ \"Check\": \"c\", \"Weight\": 0 }]", Check), "c fails here",
            "Fault here, 99 there", "there; noticed within 2 s (3 s if it hangs), then resigns at once, the peer takes "
            + "over 0.613 s later");

    [Theory]
    [InlineData("\"Priority\": 100", "\"Priority\": 90", "never crosses: 98 is left, the peer's priority is 90, so the "
        + "addresses leave for 3.617 s and come back to the sick machine; it has to count 11 or more")]
    [InlineData("\"HandOver\": \"Weights\"", "\"Priority\": 90", "so the addresses stay on the sick machine")]
    [InlineData("\"Priority\": 100", "\"Priority\": 98", "the higher source address wins; if it counts 3")]
    [InlineData("\"HandOver\": \"Weights\"", "\"Priority\": 99, \"Preempt\": false", "c moves nothing")]
    public void A_weight_that_moves_nothing_is_a_warning(string own, string peer, string told)
    {
        ConfigurationReport report = Explain($"{own}, \"TrackChecks\": [\"c\"]", Check, peer);

        Assert.Contains(told, Assert.Single(report.Warnings).Text);
    }

    [Fact]
    public void A_weight_of_one_is_decided_by_the_address() =>
        Assert.Contains("leaves 99, which the assumed peer's priority is too", Assert.Single(
            Explain("\"TrackChecks\": [{ \"Check\": \"c\", \"Weight\": -1 }]", Check).Warnings).Text);

    [Theory]
    [InlineData("", "\"Version\": 3, \"Priority\": 99", "Version", "both become master")]
    [InlineData("", "\"AdvertInterval\": \"00:00:02\", \"Priority\": 99", "AdvertInterval", "1 s here, 2 s there")]
    [InlineData("\"Password\": \"a\"", "\"Priority\": 99", "Password", "both become master")]
    [InlineData("\"Password\": \"a\"", "\"Password\": \"b\", \"Priority\": 99", "Password", "both become master")]
    [InlineData("", "\"UnicastPeers\": [\"192.0.2.1\"], \"Priority\": 99", "UnicastPeers", "by multicast")]
    [InlineData("\"SourceAddress\": \"192.0.2.1\"", "\"Peers\": [\"192.0.2.2\"], \"Priority\": 99", "SourceAddress",
        "not among the peers")]
    [InlineData("", "\"Priority\": 100", "Priority", "100 on both machines")]
    [InlineData("\"Priority\": 255", "\"Priority\": 255", "Priority", "both are master at once")]
    public void Machines_that_disagree_are_warned_of(string own, string peer, string key, string told)
    {
        ConfigurationFinding warning = Assert.Single(Explain(own, "", peer).Warnings);

        Assert.Equal($"Instances:VI_1:{key}", warning.Path);
        Assert.Contains(told, warning.Text);
    }

    [Fact]
    public void A_pair_that_agrees_has_no_warnings() =>
        Assert.Empty(Explain("\"Password\": \"123456789\"", "", "\"Password\": \"123456780\", \"Priority\": 99").Warnings);

    [Fact]
    public void A_peer_without_the_router_is_a_warning()
    {
        DaemonConfig peer = Written.Valid(Written.Read("""
            { "Instances": { "a": { "Interface": "eth0", "VirtualRouterId": 7, "VirtualAddresses": ["192.0.2.1"] } } }
            """));

        Assert.Contains("no virtual router 100", Assert.Single(
            ConfigurationReport.Of(Written.Valid(Written.Instance("")), peer, _ => "").Warnings).Text);
    }

    [Theory]
    [InlineData("false", "is added as /32")]
    [InlineData("true", "promote_secondaries")]
    public void An_address_with_a_prefix_is_a_warning(string keeps, string told) =>
        Assert.Contains(told, Assert.Single(Explain(
            $$""" "ExcludedAddresses": [{ "Address": "192.0.2.1/24", "KeepPrefix": {{keeps}} }] """).Warnings).Text);

    [Fact]
    public void A_router_id_on_two_interfaces_is_a_warning()
    {
        DaemonConfig config = Written.Valid(Written.Read("""
            { "Instances": {
              "a": { "Interface": "eth0", "VirtualRouterId": 7, "VirtualAddresses": ["192.0.2.1"] },
              "b": { "Interface": "eth1", "VirtualRouterId": 7, "VirtualAddresses": ["192.0.2.2"] } } }
            """));

        Assert.Contains("different networks", Assert.Single(ConfigurationReport.Of(config, null, _ => "").Warnings).Text);
    }

    [Theory]
    [InlineData("[\"/usr/bin/curl\", \"http://a/ping\"]", "", new[] { "without -f", "without -m" })]
    [InlineData("[\"/usr/bin/curl\", \"-f\", \"-m1\", \"http://a/ping\"]", "", new string[0])]
    [InlineData("[\"/etc/chk.sh\"]", "curl http://a/ping\n", new[] { "without -f", "without -m" })]
    [InlineData("[\"/etc/chk.sh\"]", "#!/bin/sh\ncurl -f -m 1 http://a/ping\n", new string[0])]
    [InlineData("[\"/etc/chk.sh\"]", "#!/bin/sh\nping -c1 a\n", new string[0])]
    public void Curl_that_cannot_fail_is_a_warning(string command, string script, string[] told)
    {
        ConfigurationReport report = ConfigurationReport.Of(
            Written.Valid(Written.Check($"\"Kind\": \"Exec\", \"User\": \"nobody\", \"Command\": {command}")),
            null, _ => script);

        Assert.Equal(told.Length, report.Warnings.Count);
        Assert.All(told, part => Assert.Contains(report.Warnings, warning => warning.Text.Contains(part)));
    }

    [Fact]
    public void A_program_that_is_missing_and_one_without_a_user_are_warnings()
    {
        DaemonConfig config = Written.Valid(Written.Check("\"Kind\": \"Exec\", \"Command\": [\"/etc/chk.sh\"]"));

        Assert.Equal(
            ["there is no /etc/chk.sh on this machine", "runs as the daemon's own user; User would name one that may do less"],
            ConfigurationReport.Of(config, null, _ => null).Warnings.Select(warning => warning.Text));
    }

    private static void AssertScenario(ConfigurationReport report, string what, string ranks, string who)
    {
        string line = Assert.Single(report.Lines, line => line.Contains($"    {what}:"));
        Assert.Contains(ranks, line);
        Assert.EndsWith($" {who}", line);
    }

    private static ConfigurationReport Explain(string keys, string sections = "", string? peer = null) =>
        ConfigurationReport.Of(
            Written.Valid(Written.Instance(keys, sections)),
            peer is null ? null : Written.Valid(Written.Instance(peer)), _ => "");
}
