using Vrrp.Daemon.Configuration;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

/// <summary>The users' own two files, as they are.</summary>
public sealed class PeersImportTests
{
    [Theory]
    [InlineData("keepalived-node1.conf", 100, 99, "chk_influxd115")]
    [InlineData("keepalived-node2.conf", 99, 100, "chk_influxd116")]
    public void The_files_of_the_pair_mean_the_same_afterwards(string file, int first, int second, string check)
    {
        Imported imported = Imported.File(PathOf(file));
        ConfigurationResult read = imported.Read;

        Assert.Empty(read.Faults);
        Assert.Equal(["VI_1", "VI_2"], read.Config!.Instances.Select(instance => instance.Name));
        AssertInstance(read.Config.Instances[0], 100, first, "20.26.25.240", check);
        AssertInstance(read.Config.Instances[1], 200, second, "20.26.25.241", check);
        Assert.Equal(
            [("chk_influxd115", "/etc/keepalived/chk_influxd115.sh"), ("chk_influxd116", "/etc/keepalived/chk_influxd116.sh")],
            read.Config.Checks.Cast<ExecCheckConfig>().Select(c => (c.Name, Assert.Single(c.Command.Arguments))));
    }

    [Theory]
    [InlineData("keepalived-node1.conf")]
    [InlineData("keepalived-node2.conf")]
    public void Every_line_that_says_something_is_accounted_for(string file)
    {
        string[] lines = File.ReadAllLines(PathOf(file));
        HashSet<int> noted = [.. Imported.File(PathOf(file)).Notes.Select(note => note.Line)];

        for (int i = 0; i < lines.Length; i++)
        {
            string statement = lines[i].Split('#')[0].Trim();
            Assert.True(statement is "" or "}" || noted.Contains(i + 1), $"line {i + 1}: {lines[i]}");
        }
    }

    [Fact]
    public void No_note_has_the_password() =>
        Assert.DoesNotContain(
            Imported.File(PathOf("keepalived-node1.conf")).Notes, note => note.ToString().Contains("123456"));

    private static void AssertInstance(InstanceConfig instance, int id, int priority, string address, string check)
    {
        Assert.Equal((id, priority), (instance.Router.VirtualRouterId, instance.Router.Priority));
        Assert.Equal((VrrpVersion.V2, TimeSpan.FromSeconds(1)), (instance.Router.Version, instance.Router.AdvertInterval));
        Assert.Equal(TimeSpan.FromSeconds(1), instance.Router.GarpMasterDelay);
        Assert.True(instance.Router.Password!.Matches("123456\0\0"u8));
        Assert.Equal("eno16777984", instance.Interface);
        Assert.Equal(
            new VirtualAddress(Address.Parse(address), 24, "eno16777984", false), Assert.Single(instance.Addresses));
        Assert.Equal(
            new TrackedItem(check, -2, false, BeforeFirstResult.Open), Assert.Single(instance.Router.Tracked));
    }

    // Beside the repository: the data of the users' setup.
    private static string PathOf(string file) => RepositoryRoot.File("..", "shared", "peers", file);
}
