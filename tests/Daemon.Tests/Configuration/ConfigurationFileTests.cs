using System.Runtime.Versioning;
using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

[UnsupportedOSPlatform("windows")]
public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vrrpd-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_password_that_everybody_can_read_is_a_warning()
    {
        string path = Write("\"Password\": \"123456\"", "");

        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
        Assert.Contains("chmod 640", Assert.Single(ConfigurationFile.Load(path).Warnings).Text);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_000);
        Assert.Empty(ConfigurationFile.Load(path).Warnings);
    }

    [Fact]
    public void A_file_without_a_password_may_be_read_by_everybody()
    {
        string path = Write("", "");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);

        Assert.Empty(ConfigurationFile.Load(path).Warnings);
    }

    [Fact]
    public void The_event_log_is_relative_to_the_file() =>
        Assert.Equal(
            Path.Combine(_folder, "events.jsonl"),
            ConfigurationFile.Load(Write("", "\"EventLog\": \"events.jsonl\"")).Config!.EventLog);

    [Fact]
    public void A_file_that_cannot_be_read_is_a_fault()
    {
        Assert.Contains("cannot be read", Assert.Single(ConfigurationFile.Load(Path.Combine(_folder, "no")).Faults).Text);
        Assert.Contains("cannot be read", Assert.Single(ConfigurationFile.Load(_folder).Faults).Text);
        Assert.Contains("cannot be read", Assert.Single(ConfigurationFile.Load("").Faults).Text);
    }

    [Fact]
    public void A_file_without_end_is_not_read_to_the_end() =>
        Assert.Contains("longer than", Assert.Single(ConfigurationFile.Load("/dev/zero").Faults).Text);

    private string Write(string keys, string sections)
    {
        string path = Path.Combine(_folder, "vrrpd.json");
        File.WriteAllText(path, $$"""{ "Instances": { "VI_1": { {{Written.Least}}, {{keys}} } }, {{sections}} }""");
        return path;
    }
}
