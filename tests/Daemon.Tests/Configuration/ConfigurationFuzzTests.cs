using System.Diagnostics;
using System.Text;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

public sealed class ConfigurationFuzzTests
{
    private const string Whole = """
        {
          "Instances": {
            "VI_1": {
              "Interface": "eth0", "VirtualRouterId": 7, "Version": 3, "Family": "IPv4", "Priority": 254,
              "AdvertInterval": "00:00:00.1",
              "VirtualAddresses": ["192.0.2.2", { "Address": "192.0.2.1/24", "Device": "eth1", "KeepPrefix": true }],
              "ExcludedAddresses": ["fd00::1/64"], "SourceAddress": "192.0.2.9", "UnicastPeers": ["192.0.2.8"],
              "Preempt": false, "PreemptDelay": "00:05:00", "GarpMasterRepeat": 2, "HandOver": "Weights",
              "TrackInterfaces": ["eth2", { "Interface": "eth3", "Weight": -5 }],
              "TrackChecks": ["c", { "Check": "d", "Weight": 4, "Reverse": true }], "PeerCheck": "http://192.0.2.8/",
              "Notify": { "Master": ["/bin/up", "a b"], "User": "www", "Timeout": "00:00:02" }
            },
            "VI_2": { "Interface": "eth0", "VirtualRouterId": 8, "VirtualAddresses": ["192.0.2.5"], "Password": "abc" }
          },
          "Checks": {
            "c": { "Weight": -2, "BeforeFirstResult": "Open", "Status": "200,204-206", "MaxLatency": "00:00:00.5" },
            "d": { "Kind": "Tcp", "Port": 80 }, "e": { "Kind": "Exec", "Command": ["/bin/true"] }
          },
          "SyncGroups": { "g": { "Instances": ["VI_1", "VI_2"] } },
          "Management": { "Listen": "127.0.0.1:9098" }, "Log": { "Level": "Debug", "Format": "Json" }, "EventLog": "e"
        }
        """;

    private static readonly string[] Words =
    [
        "null", "true", "-1", "1e99", "99999999999", "\"\"", "[]", "{}", "\"\\ud800\"", "\"00:00:00\"", "\"-00:00:01\"",
        "\"10675199.02:48:05\"", "\"255.255.255.255\"", "\"::\"", "\"::ffff:1.2.3.4\"", "\"fe80::1%eth0\"", "/*", "//", "\0",
        "\"http://[::1\"", "\"VI_1\": {},", "\"Version\": 2,", "\"Priority\": 255,", "\"Weight\": 0,", "\"Kind\": \"Exec\",",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_damaged_file_is_refused_or_makes_a_configuration_that_can_run(int seed)
    {
        Random random = new(seed);
        int valid = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] json = Mutation.Of(Whole, Words, random);
            ConfigurationResult result = ConfigurationReader.Read(json);

            string shown = $"seed {seed}, text {i}: {Encoding.UTF8.GetString(json)}";
            Assert.True(result.Config is null == result.Faults.Count > 0, shown);
            Assert.All(result.Faults, fault => Assert.DoesNotContain(fault.ToString(), char.IsControl));
            if (result.Config is not { } config)
                continue;
            valid++;
            Assert.All(config.Instances, instance => Assert.Empty(RouterConfigRules.Check(instance.Router)));
            Assert.All(config.Instances, instance => Assert.Equal(
                instance.Router.VirtualAddresses.Concat(instance.Router.ExcludedAddresses),
                instance.Addresses.Select(address => address.Address)));
            Assert.NotEmpty(ConfigurationReport.Of(config, config, _ => "curl x").Lines);
        }

        Assert.InRange(valid, 10, 2990);
    }

    [Fact]
    public void Noise_is_refused()
    {
        Random random = new(5);
        byte[] noise = new byte[2000];
        for (int i = 0; i < 1000; i++)
        {
            random.NextBytes(noise);
            Assert.Null(ConfigurationReader.Read(noise.AsMemory(0, random.Next(noise.Length))).Config);
        }
    }

    [Theory]
    [InlineData("brackets")]
    [InlineData("instances in instances")]
    [InlineData("unknown keys")]
    [InlineData("one unknown key")]
    [InlineData("instances")]
    [InlineData("checks tracked")]
    [InlineData("addresses")]
    [InlineData("peers")]
    [InlineData("members")]
    [InlineData("statuses")]
    [InlineData("arguments")]
    public void A_file_full_of_anything_takes_bounded_time_and_memory(string flood)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Flood(flood));
        Assert.InRange(bytes.Length, 400_000, ConfigurationReader.MaxLength);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();

        ConfigurationResult result = ConfigurationReader.Read(bytes);

        // Generous: what is to be ruled out is the square of the length.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300 * (long)ConfigurationReader.MaxLength);
        Assert.InRange(result.Faults.Count, 0, 100);
    }

    private static string Repeated(string part, int times, string end)
    {
        StringBuilder text = new();
        for (int i = 0; i < times; i++)
            text.Append(part.Replace("{0}", $"{i}", StringComparison.Ordinal).Replace("{{", "{").Replace("}}", "}"));
        return text.Append(end).ToString();
    }

    private static string Flood(string name) => name switch
    {
        "brackets" => new string('[', 1_000_000),
        "instances in instances" => Repeated("{\"Instances\":", 50_000, ""),
        "unknown keys" => "{" + Repeated("\"Unknown{0}\":1,", 60_000, "") + "}",
        "one unknown key" => "{" + Repeated("\"Unknown\":1,", 60_000, "") + "}",
        "instances" => "{\"Instances\":{" + Repeated("\"a{0}\":{{}},", 60_000, "") + "}}",
        "checks tracked" => "{\"Instances\":{\"a\":{" + Written.Least + ",\"TrackChecks\":[" + Repeated("\"c{0}\",", 80_000, "") + "]}}}",
        "addresses" => "{\"Instances\":{\"a\":{" + Written.Least + ",\"ExcludedAddresses\":[" + Repeated("\"192.0.2.1\",", 60_000, "") + "]}}}",
        "peers" => "{\"Instances\":{\"a\":{" + Written.Least + ",\"Peers\":[" + Repeated("\"192.0.2.1\",", 60_000, "") + "]}}}",
        "members" => "{\"Instances\":{\"a\":{" + Written.Least + "}},\"SyncGroups\":{\"g\":{\"Instances\":[" + Repeated("\"a\",", 200_000, "")
            + "]}}}",
        "statuses" => "{\"Checks\":{\"c\":{\"Status\":\"" + Repeated("200,", 200_000, "") + "\"}}}",
        "arguments" => "{\"Checks\":{\"c\":{\"Kind\":\"Exec\",\"Command\":[\"/a\"" + Repeated(",\"a\"", 200_000, "") + "]}}}",
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
