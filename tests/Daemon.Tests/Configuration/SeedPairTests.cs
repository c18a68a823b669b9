using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;
using Vrrp.Daemon.Tests.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.Configuration;

/// <summary>The example files of config/ against the users' keepalived.conf that they replace.</summary>
public sealed class SeedPairTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void The_examples_are_a_pair_without_a_warning(int node, int other)
    {
        ConfigurationResult own = Load(node);

        Assert.Empty(own.Faults);
        Assert.Empty(own.Warnings);
        Assert.Empty(ConfigurationReport.Of(own.Config!, Load(other).Config, _ => "").Warnings);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void On_the_wire_they_are_what_keepalived_was(int node)
    {
        DaemonConfig imported = Imported.File(
            RepositoryRoot.File("..", "shared", "peers", $"keepalived-node{node}.conf")).Read.Config!;
        DaemonConfig example = Load(node).Config!;

        Assert.Equal(imported.Instances.Select(OnTheWire), example.Instances.Select(OnTheWire));
        Assert.Equal(
            imported.Instances.Select(instance => instance.Router.Tracked[0].Weight),
            example.Instances.Select(instance => instance.Router.Tracked[0].Weight));
    }

    private static string OnTheWire(InstanceConfig instance)
    {
        byte[] packet = new byte[AdvertCodec.MaxLength];
        RouterConfig router = instance.Router;
        int length = AdvertCodec.Encode(
            packet, router, router.Priority, Address.Parse("20.26.25.115"), AdvertCodec.MulticastGroup(router.Family));
        return $"{instance.Interface} {router.GarpMasterDelay} {Convert.ToHexString(packet, 0, length)}";
    }

    private static ConfigurationResult Load(int node) => ConfigurationReader.Read(
        File.ReadAllBytes(RepositoryRoot.File("config", $"seed-pair-vrrpd-node{node}.json")));
}
