using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Loop;
using Vrrp.Daemon.Tests.Loop;
using Xunit;

namespace Vrrp.Daemon.Tests.Guarding;

public sealed class GuardianTableTests
{
    [Fact]
    public void An_armed_instance_tells_everything_that_is_left_to_do()
    {
        DaemonConfig config = LoopBench.Config(LoopBench.Instance(addresses: [LoopBench.Virtual, LoopBench.Added]));
        using GuardianTable table = new(config.Instances);
        using LoopBench bench = LoopBench.Master(config);
        RouterInstance instance = bench.Snapshot().Instances[0].Instance;

        table.Arm(instance);
        Legacy legacy = Assert.IsType<Legacy>(table.Read(0));
        Assert.Equal((FakeNetwork.Eth0, IpFamily.IPv4, FakeNetwork.Own),
            (legacy.InterfaceIndex, legacy.Family, legacy.Source));
        Assert.Equal([(FakeNetwork.Eth0, LoopBench.Virtual), (FakeNetwork.Eth0, LoopBench.Added)], legacy.Addresses);
        (Address destination, byte[] message) = Assert.Single(legacy.Adverts);
        byte[] expected = new byte[AdvertCodec.MaxLength];
        int length = AdvertCodec.Encode(expected, config.Instances[0].Router, 0, FakeNetwork.Own, destination);
        Assert.Equal(expected[..length], message);

        table.Disarm(instance);
        Assert.Null(table.Read(0));
    }

    [Fact]
    public void Unicast_peers_each_have_their_own_message()
    {
        Address[] peers = [LoopBench.Peer, Address.Parse("198.51.100.3")];
        InstanceConfig unicast = LoopBench.Instance();
        unicast = unicast with
        {
            Router = unicast.Router with { Version = VrrpVersion.V3, UnicastPeers = [.. peers] },
        };
        DaemonConfig config = LoopBench.Config(unicast, LoopBench.Instance("VI_2", 200, LoopBench.Added));
        using GuardianTable table = new(config.Instances);
        using LoopBench bench = LoopBench.Master(config);

        table.Arm(bench.Snapshot().Instances[0].Instance);
        Legacy legacy = Assert.IsType<Legacy>(table.Read(0));
        Assert.Equal(peers, legacy.Adverts.Select(advert => advert.Destination));
        Assert.NotEqual(legacy.Adverts[0].Message, legacy.Adverts[1].Message);
        Assert.Null(table.Read(1));
    }

    [Fact]
    public void The_loop_arms_before_it_adds_and_disarms_after_it_removed()
    {
        DaemonConfig config = LoopBench.Config();
        using GuardianTable table = new(config.Instances);
        using LoopBench bench = new(config);
        using ManualResetEventSlim done = new();
        bench.Loop.Post(new NewConfiguration(config, table, done));
        bench.Run(2);
        Assert.Null(table.Read(0));
        bench.Run(3);
        Assert.NotNull(table.Read(0));

        bench.Network.SetLink(isUp: false);
        bench.Step();
        Assert.Null(table.Read(0));
    }

    [Fact]
    public void The_child_sees_what_the_daemon_wrote()
    {
        DaemonConfig config = LoopBench.Config();
        using GuardianTable table = new(config.Instances);
        using LoopBench bench = LoopBench.Master(config);
        table.Arm(bench.Snapshot().Instances[0].Instance);

        int copy = Duplicate(table.Descriptor);
        using GuardianTable child = new(copy);
        Assert.Equal(1, child.Slots);
        Assert.NotNull(child.Read(0));
    }

    [Fact]
    public void Something_else_is_no_table()
    {
        int memory = SharedMemory.Create("test", 64);
        Assert.Throws<InvalidDataException>(() => new GuardianTable(memory));
    }

    [Fact]
    public async Task A_name_is_held_once_and_waited_for()
    {
        string name = $"vrrpd/test/{Environment.ProcessId}";
        InstanceLock first = Assert.IsType<InstanceLock>(InstanceLock.TryTake(name));
        Assert.Null(InstanceLock.TryTake(name));
        TimeSpan moment = TimeSpan.FromMilliseconds(50);
        Assert.Equal([name], await InstanceLock.WaitUntilFree([name], moment, TimeProvider.System));

        Task<IReadOnlyList<string>> waiting =
            InstanceLock.WaitUntilFree([name], TimeSpan.FromSeconds(20), TimeProvider.System);
        first.Dispose();
        Assert.Empty(await waiting);
    }

    private static int Duplicate(int descriptor)
    {
        // Opened anew: the table closes its own.
        using Microsoft.Win32.SafeHandles.SafeFileHandle opened = File.OpenHandle(
            $"/proc/self/fd/{descriptor}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        int copy = (int)opened.DangerousGetHandle();
        opened.SetHandleAsInvalid();
        return copy;
    }
}
