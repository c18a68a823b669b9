using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

public sealed class InstanceImportTests
{
    [Theory]
    [InlineData("priority 150", "\"Priority\": 150")]
    [InlineData("version 3", "\"Version\": 3")]
    [InlineData("advert_int 3", "\"AdvertInterval\": \"00:00:03\"")]
    [InlineData("version 3\nadvert_int 0.1", "\"AdvertInterval\": \"00:00:00.1\"")]
    [InlineData("advert_int 0.1\nversion 3", "\"AdvertInterval\": \"00:00:00.1\"")]
    [InlineData("nopreempt", "\"Preempt\": false")]
    [InlineData("preempt_delay 300", "\"PreemptDelay\": \"00:05:00\"")]
    [InlineData("preempt_delay 1.5", "\"PreemptDelay\": \"00:00:01.5\"")]
    [InlineData("garp_master_delay 0", "\"GarpMasterDelay\": \"00:00:00\"")]
    [InlineData("garp_master_repeat 3", "\"GarpMasterRepeat\": 3")]
    [InlineData("garp_master_refresh 60", "\"GarpMasterRefresh\": \"00:01:00\"")]
    [InlineData("garp_master_refresh_repeat 2", "\"GarpMasterRefreshRepeat\": 2")]
    [InlineData("unicast_src_ip 192.0.2.9", "\"SourceAddress\": \"192.0.2.9\"")]
    [InlineData("mcast_src_ip 192.0.2.9", "\"SourceAddress\": \"192.0.2.9\"")]
    [InlineData("authentication {\nauth_type PASS\nauth_pass abc\n}", "\"Password\": \"abc\"")]
    [InlineData("authentication {\nauth_pass \"a b#c\"\nauth_type PASS\n}", "\"Password\": \"a b#c\"")]
    public void A_statement_that_is_kept(string statement, string json)
    {
        Imported imported = Imported.Statements(statement);

        Assert.Contains(json, imported.Json);
        Assert.DoesNotContain(imported.Notes, note => note.Outcome != ImportOutcome.Kept);
        Assert.Empty(imported.Read.Faults);
    }

    [Theory]
    [InlineData("state BACKUP", "state BACKUP", ImportOutcome.NotKept)]
    [InlineData("advert_int 0.5", "AdvertInterval becomes 00:00:01", ImportOutcome.Changed)]
    [InlineData("version 3\nadvert_int 41", "AdvertInterval becomes 00:00:40.95", ImportOutcome.Changed)]
    [InlineData("advert_int soon", "advert_int soon: needs a number", ImportOutcome.NotKept)]
    [InlineData("priority 256", "is not between 1 and 255", ImportOutcome.NotKept)]
    [InlineData("priority high", "needs a whole number", ImportOutcome.NotKept)]
    [InlineData("priority 5\nstate MASTER\nnopreempt", "nopreempt: keepalived ignores it with state MASTER", ImportOutcome.NotKept)]
    [InlineData("nopreempt\npreempt_delay 5", "preempt_delay 5: nothing is preempted", ImportOutcome.NotKept)]
    [InlineData("authentication {\nauth_type AH\nauth_pass a\n}", "knows PASS alone", ImportOutcome.NotKept)]
    [InlineData("authentication {\nauth_pass a\n}", "not sent without auth_type", ImportOutcome.NotKept)]
    [InlineData("version 3\nauthentication {\nauth_type PASS\nauth_pass a\n}", "version 3 has none", ImportOutcome.NotKept)]
    [InlineData("track_interface {\neth0\n}", "eth0: is the instance's own interface", ImportOutcome.Changed)]
    [InlineData("virtual_ipaddress_excluded {\n192.0.2.9 label eth0:1 scope global\n}", "without label eth0:1 scope global",
        ImportOutcome.Changed)]
    [InlineData("virtual_ipaddress_excluded {\nnonsense\n}", "nonsense: is no address", ImportOutcome.NotKept)]
    [InlineData("virtual_ipaddress_excluded {\nfd00::1\nfd00:0::1\n}", "fd00:0::1: is there already", ImportOutcome.NotKept)]
    [InlineData("virtual_ipaddress {\nfd00::1\n}", "fd00::1 is not IPv4", ImportOutcome.NotKept)]
    [InlineData("garp_master_repeat 0", "GarpMasterRepeat becomes 1", ImportOutcome.Changed)]
    [InlineData("garp_master_delay 300", "GarpMasterDelay becomes 00:04:15", ImportOutcome.Changed)]
    [InlineData("track_interface {\neth1 weight 300\n}", "tracked, without weight 300", ImportOutcome.Changed)]
    [InlineData("track_script {\nnosuch\n}", "no such vrrp_script", ImportOutcome.NotKept)]
    [InlineData("use_vmac vrrp.51", "use_vmac vrrp.51: ", ImportOutcome.NotKept)]
    [InlineData("garp_lower_prio_delay 10", "on every doubt", ImportOutcome.NotKept)]
    [InlineData("dont_track_primary", "always tracks", ImportOutcome.NotKept)]
    [InlineData("smtp_alert", "sends no mail", ImportOutcome.NotKept)]
    [InlineData("virtual_routes {\n192.0.2.0/24 via 192.0.2.1\n}", "virtual_routes: vrrpd moves addresses only", ImportOutcome.NotKept)]
    [InlineData("frobnicate 7", "frobnicate 7: vrrpd has no counterpart", ImportOutcome.NotKept)]
    public void A_statement_that_is_not_kept_as_it_is(string statement, string told, ImportOutcome outcome)
    {
        Imported imported = Imported.Statements(statement);

        Assert.Equal(outcome, imported.NoteOf(told).Outcome);
        Assert.Empty(imported.Read.Faults);
    }

    [Fact]
    public void A_master_without_a_priority_is_the_owner() =>
        Assert.Equal(255, Imported.Statements("state MASTER").Instance.Priority);

    [Theory]
    [InlineData("state MASTER\npriority 100", 100)]
    [InlineData("state BACKUP", null)]
    public void Otherwise_the_state_changes_nothing(string statements, int? priority) =>
        Assert.Equal(priority, Imported.Statements(statements).Instance.Priority);

    [Fact]
    public void A_long_password_is_what_keepalived_sends()
    {
        Imported imported = Imported.Statements("authentication {\nauth_type PASS\nauth_pass ABCDEFGHIJ\n}");

        Assert.Equal("ABCDEFGH", imported.Instance.Password);
        Assert.Empty(imported.Read.Warnings);
        Assert.DoesNotContain(imported.Notes, note => note.Text.Contains("ABCD"));
    }

    [Fact]
    public void Addresses_keep_prefix_and_device()
    {
        Imported imported = Imported.Statements(
            "virtual_ipaddress {\n192.0.2.1/24 dev eth0\n192.0.2.2/24 dev eth1\n}\n"
            + "virtual_ipaddress_excluded {\nfd00::1/64\n}");

        Assert.Equal(
            ["192.0.2.240/32 eth0", "192.0.2.1/24 eth0", "192.0.2.2/24 eth1", "fd00::1/64 eth0"],
            imported.Read.Config!.Instances[0].Addresses.Select(address => $"{address} {address.Device}"));
        Assert.Contains("\"192.0.2.1/24\",", imported.Json);
    }

    [Fact]
    public void Addresses_of_IPv6_make_an_instance_of_version_3()
    {
        Imported imported = Imported.Statements(
            "version 2", "",
            "interface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\nfe80::1/64\n}\nadvert_int 0.5\nnative_ipv6\n");

        RouterConfig router = imported.Read.Config!.Instances[0].Router;
        Assert.Equal((VrrpVersion.V3, IpFamily.IPv6), (router.Version, router.Family));
        Assert.Equal(TimeSpan.FromMilliseconds(500), router.AdvertInterval);
        Assert.Equal(ImportOutcome.Changed, imported.NoteOf("is Version 3").Outcome);
    }

    [Fact]
    public void The_addresses_say_the_family_whatever_native_ipv6_says() =>
        Assert.Equal(
            IpFamily.IPv4, Imported.Statements("native_ipv6").Read.Config!.Instances[0].Router.Family);

    [Fact]
    public void Peers_and_their_least_ttl_are_kept()
    {
        Imported imported = Imported.Statements("unicast_peer {\n192.0.2.2\n192.0.2.3 min_ttl 250 max_ttl 255\nx\n}");

        Assert.Equal(["192.0.2.2", "192.0.2.3"], imported.Instance.UnicastPeers!);
        Assert.Equal(250, imported.Instance.MinHopLimit);
        Assert.Equal(ImportOutcome.NotKept, imported.NoteOf("x: is no address").Outcome);
        Assert.Empty(imported.Read.Faults);
    }

    [Fact]
    public void Interfaces_are_tracked_with_their_weight() =>
        Assert.Equal(
            [new("eth1", -5), new TrackedItem("eth2", 0, Reverse: true)],
            Imported.Statements("track_interface {\neth0\neth1 weight -5\neth2 reverse\n}")
                .Read.Config!.Instances[0].Router.Tracked);

    [Fact]
    public void Global_defaults_reach_every_instance()
    {
        InstanceOptions instance = Imported.Statements(
            "garp_master_repeat 7",
            "global_defs {\nvrrp_version 3\nvrrp_garp_master_delay 2\nvrrp_garp_master_repeat 3\n"
            + "vrrp_garp_master_refresh 60\nvrrp_garp_master_refresh_repeat 4\ndefault_interface eth9\n}",
            "virtual_router_id 51\nvirtual_ipaddress {\n192.0.2.240\n}\n").Instance;

        Assert.Equal(("eth9", 3, 7, 4), (instance.Interface, instance.Version, instance.GarpMasterRepeat,
            instance.GarpMasterRefreshRepeat));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1)), (instance.GarpMasterDelay, instance.GarpMasterRefresh));
    }

    [Fact]
    public void Hooks_keep_their_arguments_and_get_keepaliveds()
    {
        Imported imported = Imported.Statements(
            "notify_master \"/etc/up.sh 'a b' c\" www web\nnotify_backup /etc/down.sh www web\n"
            + "notify_fault /etc/fault.sh www web\nnotify_stop /etc/stop.sh www web\nnotify /etc/any.sh www web");

        NotifyConfig notify = imported.Read.Config!.Instances[0].Notify;
        Assert.Equal(["/etc/up.sh", "a b", "c"], notify.Master!.Arguments);
        Assert.Equal(["/etc/down.sh", "/etc/fault.sh", "/etc/stop.sh", "/etc/any.sh"],
            new[] { notify.Backup, notify.Fault, notify.Stop, notify.Any }.Select(hook => hook!.Arguments.Single()));
        Assert.Equal(("www", "web"), (notify.Any!.User, notify.Any.Group));
    }

    [Fact]
    public void Hooks_have_one_user() =>
        Assert.Equal(ImportOutcome.Changed, Imported.Statements("notify_master /a one\nnotify_backup /b two")
            .NoteOf("runs as one, as the first command here").Outcome);

    [Fact]
    public void Groups_take_their_members_hooks_and_checks()
    {
        Imported imported = Imported.Text($$"""
            vrrp_script c { 
            script /bin/c
            }
            vrrp_instance A {
            {{Imported.Least}}
            }
            vrrp_instance B {
            {{Imported.Least.Replace("240", "241").Replace("51", "52")}}
            }
            vrrp_sync_group G {
              group {
                A
                B
                C
              }
              notify /bin/n
              track_script {
                c
              }
              global_tracking
            }
            vrrp_sync_group H { 
              group { A B }
            }
            """);

        SyncGroupConfig group = Assert.Single(imported.Read.Config!.SyncGroups);
        Assert.Equal([0, 1], group.Members);
        Assert.Equal("/bin/n", group.Notify.Any!.Arguments.Single());
        Assert.All(imported.Read.Config.Instances, instance => Assert.Equal("c", Assert.Single(instance.Tracked).Name));
        Assert.Equal(ImportOutcome.NotKept, imported.NoteOf("C: no such instance").Outcome);
        Assert.Equal(ImportOutcome.NotKept, imported.NoteOf("two instances or more").Outcome);
    }

    [Theory]
    [InlineData("", "c weight -5", "eth1 weight -5", "eth1 0")]
    [InlineData("track_script {\nc weight -7\n}\ntrack_interface {\neth2 weight -7\n}", "d", "eth1", "d 0, c -7, eth1 0, eth2 -7")]
    [InlineData("track_script {\nc\n}", "d", "eth1", "d 0, c 0, eth1 0")]
    [InlineData("sync_group_tracking_weight", "c weight -5", "eth1 weight -5", "c -5, eth1 -5")]
    public void Weights_in_a_group_are_those_of_keepalived(string group, string check, string device, string tracked)
    {
        string own = $"track_script {{\n{check}\n}}\ntrack_interface {{\n{device}\n}}\n";
        Imported imported = Imported.Text($$"""
            vrrp_script c {
            script /bin/c
            weight -2
            }
            vrrp_script d {
            script /bin/d
            }
            vrrp_instance A {
            {{Imported.Least}}{{own}}
            }
            vrrp_instance B {
            {{Imported.Least.Replace("240", "241").Replace("51", "52")}}
            }
            vrrp_sync_group G {
            group {
            A
            B
            }
            {{group}}
            }
            """);

        Assert.Equal(
            tracked,
            string.Join(", ", imported.Read.Config!.Instances[0].Router.Tracked.Select(item => $"{item.Name} {item.Weight}")));
    }

    [Fact]
    public void A_name_that_is_taken_is_told() =>
        Assert.Equal(23, Imported.Text(
            string.Concat(Enumerable.Repeat($"vrrp_instance A {{\n{Imported.Least}\n}}\n\n\n\n", 3)))
            .Notes.Last(note => note.Text.Contains("the name is taken")).Line);
}
