using System.Text;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Tests.Configuration;

/// <summary>Configuration files made of their interesting part.</summary>
internal static class Written
{
    /// <summary>What every instance has to have.</summary>
    public const string Least = """ "Interface": "eth0", "VirtualRouterId": 100, "VirtualAddresses": ["192.0.2.240"] """;

    public static ConfigurationResult Read(string json) => ConfigurationReader.Read(Encoding.UTF8.GetBytes(json));

    /// <summary>A file with the instance VI_1, given keys beyond the least, and further sections.</summary>
    public static ConfigurationResult Instance(string keys, string sections = "") =>
        Read($$"""{ "Instances": { "VI_1": { {{Least}}, {{keys}} } }, {{sections}} }""");

    /// <summary>A file with the check c, tracked by VI_1.</summary>
    public static ConfigurationResult Check(string keys, string tracked = "\"c\"") =>
        Instance($"\"TrackChecks\": [{tracked}]", $$""" "Checks": { "c": { {{keys}} } } """);

    /// <summary>The configuration of a file without a fault.</summary>
    public static DaemonConfig Valid(ConfigurationResult result)
    {
        Xunit.Assert.Empty(result.Faults);
        return result.Config!;
    }
}
