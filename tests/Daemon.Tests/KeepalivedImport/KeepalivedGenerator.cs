using System.Text;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

/// <summary>Writes files that keepalived takes, of the statements vrrpd has a counterpart for and others.</summary>
internal sealed class KeepalivedGenerator(Random random)
{
    private readonly StringBuilder _text = new();

    public string Write()
    {
        int scripts = random.Next(3);
        int instances = random.Next(1, 4);
        Maybe("global_defs {", "router_id x", "script_user nobody", "vrrp_version 2", "vrrp_garp_master_refresh 30", "}");
        for (int i = 0; i < scripts; i++)
            Script(i);
        for (int i = 0; i < instances; i++)
            Instance(i, scripts);
        if (instances > 1)
            Maybe("vrrp_sync_group G {", "group {", "I0", "I1", "}", "notify /bin/n", "}");
        Maybe("virtual_server 192.0.2.9 80 {", "}");
        return _text.ToString();
    }

    private void Script(int i)
    {
        Lines($"vrrp_script s{i} {{", One("script /bin/c", "script \"/bin/c a 'b c'\"", "script \"curl http://192.0.2.1/\"",
            "script \"pidof x || exit 1\"", "script \"killall -0 x\""));
        Maybe($"interval {random.Next(1, 20)}");
        Maybe($"timeout {random.Next(1, 20)}");
        Maybe($"weight {random.Next(-253, 254)}{One("", " reverse")}");
        Maybe($"rise {random.Next(1, 9)}", $"fall {random.Next(1, 9)}");
        Maybe("user www web");
        Maybe("init_fail");
        Lines("}");
    }

    private void Instance(int i, int scripts)
    {
        bool isV6 = random.Next(4) == 0;
        string prefix = isV6 ? "fd00::" : "192.0.2.";
        Lines($"vrrp_instance I{i} {{", "interface eth0", $"virtual_router_id {10 + i}");
        Maybe(One("state MASTER", "state BACKUP"));
        Maybe($"priority {random.Next(1, 256)}");
        Maybe(One("version 2", "version 3"));
        Maybe($"advert_int {One("1", "3", "0.5", "1.6", "0.123")}");
        Maybe(One("nopreempt", "preempt_delay 20"));
        Maybe("authentication {", One("auth_type PASS", "auth_type AH"), "auth_pass 123456789", "}");
        Maybe(One("garp_master_delay 1", "garp_master_repeat 0", "garp_master_refresh 60", "garp_lower_prio_delay 2"));
        Lines("virtual_ipaddress {", $"{prefix}{100 + i}{One("", isV6 ? "/64" : "/24")}{One("", " dev eth0", " label x")}", "}");
        Maybe("virtual_ipaddress_excluded {", $"10.0.{i}.1/24 dev eth1", $"fd01::{i + 1}/64", "}");
        if (!isV6)
            Maybe("unicast_src_ip 192.0.2.1", "unicast_peer {", "192.0.2.2", One("192.0.2.3", "192.0.2.3 min_ttl 9"), "}");
        Maybe("track_interface {", "eth0", One("eth1", "eth1 weight -3", "eth1 weight 400"), "}");
        if (scripts > 0)
            Maybe("track_script {", One("s0", "s0 weight 5", "s0 weight 5 reverse"), "nosuch", "}");
        Maybe("notify_master \"/bin/up a\" www", "notify_backup /bin/down", "notify /bin/any www");
        Maybe(One("smtp_alert", "use_vmac", "accept", "dont_track_primary", "frobnicate 7"));
        Lines("}");
    }

    private string One(params string[] some) => some[random.Next(some.Length)];

    private void Maybe(params string[] lines)
    {
        if (random.Next(2) == 0)
            Lines(lines);
    }

    private void Lines(params string[] lines)
    {
        foreach (string line in lines)
            _text.Append("  ", 0, random.Next(3)).Append(line).Append('\n');
    }
}
