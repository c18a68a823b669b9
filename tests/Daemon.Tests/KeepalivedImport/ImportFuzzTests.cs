using System.Diagnostics;
using System.Text;
using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

public sealed class ImportFuzzTests
{
    private const string Whole = """
        global_defs {
          script_user nobody nogroup
          vrrp_version 2
        }
        $VIP=192.0.2.9
        @one global_defs
        vrrp_script c {   # 服务探测
          script "/bin/c 'a b'"
          interval 1
          weight -2 reverse
          user www
        }
        vrrp_script d { script "curl -sf -m 2 http://192.0.2.1:8086/ping"
        }
        vrrp_instance A {
          state MASTER
          interface eth0
          virtual_router_id 51
          priority 100
          advert_int 1
          nopreempt
          authentication {
            auth_type PASS
            auth_pass 123456
          }
          virtual_ipaddress {
            ${VIP}/24 dev eth1 label eth1:0
          }
          virtual_ipaddress_excluded {
            fd00::1/64
          }
          unicast_src_ip 192.0.2.1
          unicast_peer {
            192.0.2.2 min_ttl 20
          }
          track_interface {
            eth0
            eth1 weight 5
          }
          track_script {
            c
            d weight -7 reverse
          }
          notify_master "/bin/up x" www web
        }
        vrrp_instance B {
          interface eth0
          virtual_router_id 52
          virtual_ipaddress {
            192.0.2.10
          }
        }
        vrrp_sync_group G {
          group {
            A
            B
          }
          notify /bin/n
        }
        virtual_server 192.0.2.9 80 {
          real_server 192.0.2.1 80 {
          }
        }
        include /etc/k.conf
        """;

    private static readonly string[] Words =
    [
        "{", "}", "include /etc/k.conf\n", "include *\n", "$A=$A$A\n", "$A", "${", "@^x ", "\\\n", "\"", "'", "weight ",
        "reverse", "priority ", "version 3\n", "999999999999", "-1", "0.0001", "vrrp_instance A {\n", "auth_pass ", "\0",
        "interface\n", "script\n", "notify\n", "virtual_router_id\n", "state MASTER\n", "::1", "0.0.0.0/0", "group { A B }\n",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_damaged_file_is_imported_as_far_as_it_goes(int seed)
    {
        Random random = new(seed);
        int valid = 0;
        for (int i = 0; i < 1000; i++)
        {
            string text = Encoding.UTF8.GetString(Mutation.Of(Whole, Words, random));
            Imported imported = Imported.Text(text, new() { ["/etc/x"] = text });

            ConfigurationResult read = imported.Read;
            valid += read.Config is null ? 0 : 1;
            // What cannot run misses something or has something that keepalived refuses; the file itself is well formed.
            Assert.DoesNotContain(read.Faults, fault => fault.Path.Length == 0 || fault.Text.Contains("no key"));
            Assert.All(imported.Notes, note => Assert.DoesNotContain(note.ToString(), char.IsControl));
        }

        Assert.InRange(valid, 50, 999);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_keepalived_takes_the_daemon_takes_and_every_line_is_accounted_for(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 300; i++)
        {
            string text = new KeepalivedGenerator(random).Write();
            Imported imported = Imported.Text(text);

            Assert.True(imported.Read.Faults.Count == 0,
                $"seed {seed}, text {i}: {string.Join('\n', imported.Read.Faults)}\n{text}");
            HashSet<int> noted = [.. imported.Notes.Select(note => note.Line)];
            string[] lines = text.Split('\n');
            for (int line = 0; line < lines.Length; line++)
                Assert.True(
                    lines[line].Trim() is "" or "}" || noted.Contains(line + 1),
                    $"seed {seed}, text {i}, line {line + 1} is not told of: {lines[line]}\n{text}");
        }
    }

    [Theory]
    [InlineData("open braces")]
    [InlineData("closed braces")]
    [InlineData("quotes")]
    [InlineData("one word")]
    [InlineData("continued lines")]
    [InlineData("blocks")]
    [InlineData("includes of itself")]
    [InlineData("includes by pattern")]
    [InlineData("variables")]
    [InlineData("one address")]
    [InlineData("addresses")]
    [InlineData("interfaces")]
    [InlineData("peers")]
    [InlineData("scripts")]
    [InlineData("instances")]
    public void A_file_full_of_anything_takes_bounded_time_and_memory(string flood)
    {
        string text = Flood(flood);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();

        Imported imported = Imported.Text(text, new() { ["/etc/b"] = text });
        _ = imported.Read;

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2L << 30);
    }

    private static string Flood(string name) => name switch
    {
        "open braces" => new string('{', 1_000_000),
        "closed braces" => new string('}', 1_000_000),
        "quotes" => new string('"', 1_000_000),
        "one word" => new string('x', 1_000_000),
        "continued lines" => string.Concat(Enumerable.Repeat("a\\\n", 300_000)),
        "blocks" => string.Concat(Enumerable.Repeat("a {\n", 250_000)),
        "includes of itself" => string.Concat(Enumerable.Repeat("include /etc/k.conf\n", 50_000)),
        "includes by pattern" => string.Concat(Enumerable.Repeat("include /etc/*\n", 60_000)),
        "variables" => string.Concat(Enumerable.Repeat("$A=$A$A$A$A\na $A\n", 50_000)),
        "one address" => "vrrp_instance a {\nvirtual_ipaddress {\n" + string.Concat(Enumerable.Repeat("192.0.2.1\n", 90_000)),
        "addresses" => "vrrp_instance a {\nvirtual_ipaddress {\n"
            + string.Concat(Enumerable.Range(0, 60_000).Select(i => $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}\n")),
        "interfaces" => "vrrp_instance a {\ntrack_interface {\n" + string.Concat(Enumerable.Range(0, 90_000).Select(i => $"eth{i}\n")),
        "peers" => "vrrp_instance a {\nunicast_peer {\n"
            + string.Concat(Enumerable.Range(0, 60_000).Select(i => $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}\n")),
        "scripts" => string.Concat(Enumerable.Range(0, 15_000).Select(i => $"vrrp_script s{i} {{\nscript \"curl http://a/{i}\"\n}}\n")),
        "instances" => string.Concat(Enumerable.Range(0, 15_000).Select(i => $"vrrp_instance i{i} {{\ninterface eth0\n}}\n")),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
