using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

public sealed class ConfigurationWarningTests
{
    [Theory]
    [InlineData("\"Password\": \"123456789\"", "", "Instances:VI_1:Password", "8 bytes")]
    [InlineData("\"TrackInterfaces\": [\"eth0\"]", "", "Instances:VI_1:TrackInterfaces:0", "own interface")]
    [InlineData("\"Priority\": 255, \"Preempt\": false", "", "Instances:VI_1:Preempt", "without effect")]
    [InlineData("\"Priority\": 255, \"TrackInterfaces\": [{ \"Interface\": \"eth1\", \"Weight\": -2 }]", "",
        "Instances:VI_1:Priority", "weights change nothing")]
    [InlineData("", "\"Checks\": { \"c\": {} }", "Checks:c", "no instance tracks")]
    [InlineData("", "\"Management\": { \"Listen\": \"0.0.0.0:9098\" }", "Management:Listen", "other machines")]
    public void A_warning_does_not_forbid_to_run(string keys, string sections, string path, string told)
    {
        ConfigurationResult result = Written.Instance(keys, sections);

        Assert.NotNull(result.Config);
        ConfigurationFinding warning = Assert.Single(result.Warnings);
        Assert.Equal(path, warning.Path);
        Assert.Contains(told, warning.Text);
    }
}
