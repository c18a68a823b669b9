using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Loop;
using Xunit;

namespace Vrrp.Daemon.Tests.Loop;

public sealed class RouterLoopTests
{
    private static readonly HardwareAddress Stranger = HardwareAddress.Parse("02:00:00:00:00:99");

    [Fact]
    public void A_start_removes_what_an_earlier_run_left_and_waits()
    {
        FakeNetwork network = new();
        network.Interfaces.Apply(new AddressMessage(false, FakeNetwork.Eth0, LoopBench.Virtual, 24, true));
        using LoopBench bench = new(LoopBench.Config(), network);

        Assert.Equal("promote secondaries of eth0, delete 198.51.100.240/24", bench.Done());
        Assert.Equal(RouterState.Backup, bench.State());
        Assert.Equal([new Listening(FakeNetwork.Eth0, IpFamily.IPv4, IsMulticast: true)], network.Listenings);
        Assert.Equal(FakeNetwork.Own, bench.Snapshot().Instances[0].LocalAddress);
    }

    [Fact]
    public void A_master_advertises_and_prolongs_its_leases()
    {
        using LoopBench bench = new(LoopBench.Config());
        bench.Run(3.6);
        Assert.Equal("", bench.Done());
        bench.Run(0.05);
        Assert.Equal("advert 100 of 100 to 224.0.0.18, probe 198.51.100.240, set 198.51.100.240/32 for 2 s, "
            + string.Join(", ", Enumerable.Repeat("announce 198.51.100.240", 5)), bench.Done());

        bench.Run(2);
        bench.Done();
        bench.Run(1);
        // Each half second a quarter of the lease is over; an advertisement prolongs it as well.
        Assert.Equal("set 198.51.100.240/32 for 2 s, probe 198.51.100.240, advert 100 of 100 to 224.0.0.18, "
            + "set 198.51.100.240/32 for 2 s", bench.Done());
    }

    [Fact]
    public void An_address_outside_the_subnet_keeps_its_prefix()
    {
        Address elsewhere = Address.Parse("203.0.113.9");
        using LoopBench bench = new(LoopBench.Config(LoopBench.Instance(addresses: elsewhere)));
        bench.Run(4);
        // An own address of that subnet that comes later must not go with it.
        Assert.Contains(
            "promote secondaries of eth0, set 203.0.113.9/24 for 2 s", bench.Done(), StringComparison.Ordinal);
    }

    [Fact]
    public void Below_one_second_the_lease_is_as_short_as_it_can_be()
    {
        InstanceConfig instance = LoopBench.Instance();
        instance = instance with
        {
            Router = instance.Router with { Version = VrrpVersion.V3, AdvertInterval = TimeSpan.FromSeconds(0.1) },
        };
        using LoopBench bench = LoopBench.Master(LoopBench.Config(instance));
        bench.Run(0.1);
        Assert.Contains("set 198.51.100.240/32 for 1 s", bench.Done(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_gives_the_address_up_before_it_says_so()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Loop.Post(new EndWanted());
        Assert.Equal("delete 198.51.100.240/32, advert 0 of 100 to 224.0.0.18", bench.Step());
        Assert.True(bench.Loop.HasEnded);
        Assert.Equal([RouterState.Backup, RouterState.Master, RouterState.Initialize],
            bench.Notified.Select(call => call.State));
    }

    [Fact]
    public void What_waits_in_the_socket_is_heard_before_a_deadline_that_has_passed()
    {
        using LoopBench bench = new(LoopBench.Config());
        bench.Run(3);
        // The thread was held up for a second, and the peer's advertisement came meanwhile.
        bench.Network.Advance(0.9);
        bench.Network.Hear(LoopBench.Instance().Router, 200, LoopBench.Peer);
        bench.Loop.Step();
        Assert.Equal(RouterState.Backup, bench.State());
    }

    [Fact]
    public void After_a_pause_a_master_that_is_still_the_higher_one_announces_itself_once()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Run(3);
        bench.Network.Advance(5);
        bench.Network.Lose(LoopBench.Virtual);
        string done = bench.Step();
        Assert.Contains("set 198.51.100.240/32 for 2 s", done, StringComparison.Ordinal);
        Assert.Equal(5, done.Split("announce").Length - 1);
        Assert.Equal(1, bench.Snapshot().Pauses);
    }

    [Fact]
    public void A_pause_counts_once_however_many_instances_there_are()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config(
            LoopBench.Instance(), LoopBench.Instance("VI_2", 200, LoopBench.Added)));
        bench.Run(3);
        bench.Network.Advance(5);
        bench.Step();
        Assert.Equal(1, bench.Snapshot().Pauses);
    }

    [Fact]
    public void After_a_pause_a_master_that_hears_a_higher_one_has_no_address_for_a_moment()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Network.Advance(5);
        bench.Network.Lose(LoopBench.Virtual);
        bench.Network.Hear(LoopBench.Instance().Router, 200, LoopBench.Peer);
        Assert.DoesNotContain("set", bench.Step(), StringComparison.Ordinal);
        Assert.Equal(RouterState.Backup, bench.State());
    }

    [Fact]
    public void A_deleted_address_is_put_back_while_the_lease_lasts()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Run(1);
        bench.Network.Lose(LoopBench.Virtual);
        Assert.StartsWith("set 198.51.100.240/32 for 2 s, announce", bench.Step(), StringComparison.Ordinal);
        Assert.Equal(1, bench.Snapshot().Instances[0].Instance.Counters.Alerts[(int)RouterAlert.AddressPutBack]);
    }

    [Fact]
    public void A_lost_link_is_a_fault_and_its_return_is_not_mastership()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Network.SetLink(isUp: false);
        Assert.Equal("delete 198.51.100.240/32", bench.Step());
        Assert.Equal(RouterState.Fault, bench.State());
        bench.Network.SetLink(isUp: true);
        bench.Step();
        Assert.Equal(RouterState.Backup, bench.State());
    }

    [Fact]
    public void A_missing_interface_is_a_fault_until_it_appears()
    {
        FakeNetwork network = new();
        network.Interfaces.Clear();
        using LoopBench bench = new(LoopBench.Config(), network);
        Assert.Equal(RouterState.Fault, bench.State());
        Assert.Empty(network.Listenings);

        network.SetLink(isUp: true);
        network.Interfaces.Apply(new AddressMessage(false, FakeNetwork.Eth0, FakeNetwork.Own, 24, true));
        bench.Step();
        Assert.Equal(RouterState.Backup, bench.State());
        Assert.Single(network.Listenings);
    }

    [Fact]
    public void A_virtual_address_is_never_a_source()
    {
        FakeNetwork network = new();
        network.Interfaces.Clear();
        network.SetLink(isUp: true);
        network.Interfaces.Apply(new AddressMessage(false, FakeNetwork.Eth0, LoopBench.Virtual, 24, true));
        using LoopBench bench = new(LoopBench.Config(), network);
        Assert.True(bench.Snapshot().Instances[0].LocalAddress.IsNone);
        Assert.Equal(RouterState.Fault, bench.State());
    }

    [Fact]
    public void An_answer_to_the_probe_is_contested_and_alerted()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Run(2);
        bench.Network.HearArp(LoopBench.Virtual, Stranger);
        Assert.Equal("probe 198.51.100.240, announce 198.51.100.240", bench.Step());
        Assert.Equal(1, bench.Snapshot().Instances[0].Instance.Counters.Alerts[(int)RouterAlert.AddressHeldElsewhere]);
    }

    [Fact]
    public void A_refused_advertisement_is_counted_by_reason_and_sender_and_changes_nothing()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        RouterConfig other = LoopBench.Instance().Router with { Password = new("guess") };
        for (int i = 0; i < 50; i++)
            bench.Network.Hear(other, 200, LoopBench.Peer);
        bench.Loop.Step();

        InstanceSnapshot after = bench.Snapshot().Instances[0];
        Assert.Equal(RouterState.Master, after.State);
        Assert.Equal(50, after.Instance.Counters.Refused[(int)AdvertFault.AuthType]);
        SenderCount sender = Assert.Single(after.RefusedSenders);
        Assert.Equal((LoopBench.Peer, AdvertFault.AuthType, 50L), (sender.Sender, sender.Fault, sender.Count));
    }

    [Fact]
    public void Other_virtual_routers_are_counted_by_id()
    {
        using LoopBench bench = new(LoopBench.Config());
        bench.Network.Hear(LoopBench.Instance(id: 42).Router, 200, LoopBench.Peer);
        bench.Network.Hear(LoopBench.Instance(id: 0).Router, 200, LoopBench.Peer);
        bench.Loop.Step();
        LoopSnapshot snapshot = bench.Snapshot();
        Assert.Equal((1, 1, 0), (snapshot.Unknown[42], snapshot.Unknown[0], snapshot.Unknown[100]));
    }

    [Fact]
    public void A_check_found_sick_hands_over_at_once()
    {
        InstanceConfig instance = LoopBench.Instance();
        instance = instance with
        {
            Router = instance.Router with { Tracked = [new("gateway", Weight: -2)] },
            Tracked = [new(TrackedKind.Check, "gateway")],
        };
        using LoopBench bench = new(LoopBench.Config(instance));
        bench.Loop.Post(new CheckChanged("gateway", Health.Healthy));
        bench.Run(8);
        Assert.Equal(RouterState.Master, bench.State());
        bench.Loop.Post(new CheckChanged("gateway", Health.Sick));
        Assert.StartsWith("delete 198.51.100.240/32, advert 0 of 100", bench.Step(), StringComparison.Ordinal);
        Assert.Equal(98, bench.Snapshot().Instances[0].Priority);
    }

    [Fact]
    public void A_failing_kernel_call_is_counted_and_tried_again()
    {
        using LoopBench bench = new(LoopBench.Config());
        bench.Network.AddressError = Libc.EPERM;
        bench.Run(5);
        long failures = bench.Snapshot().Instances[0].Instance.Counters.AddressFailures;
        Assert.InRange(failures, 2, 10);
        bench.Network.AddressError = 0;
        bench.Run(1);
        Assert.True(bench.Network.Interfaces.Find(FakeNetwork.Eth0)!.Has(LoopBench.Virtual));
    }

    [Fact]
    public void Members_of_a_group_change_together_and_the_group_is_notified_once()
    {
        NotifyConfig hooks = new() { Any = new(["/bin/true"]) };
        DaemonConfig config = LoopBench.Config(
            LoopBench.Instance(), LoopBench.Instance("VI_2", 200, LoopBench.Added));
        config = config with { SyncGroups = [new("G", [0, 1], hooks)] };
        using LoopBench bench = new(config);
        bench.Run(2);
        // Only the first one's master speaks.
        for (int i = 0; i < 6; i++)
        {
            bench.Network.Hear(LoopBench.Instance().Router, 200, LoopBench.Peer);
            bench.Run(1);
        }

        Assert.Single(bench.Snapshot().Instances.Select(instance => instance.State).Distinct());
        RouterState[] group = [.. bench.Notified.Where(call => call.IsGroup).Select(call => call.State)];
        Assert.Equal(RouterState.Backup, group[0]);
        Assert.All(group.Zip(group.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Fact]
    public void A_pass_in_peace_allocates_nothing()
    {
        const int Steps = 1000;
        using LoopBench bench = LoopBench.Master(LoopBench.Config(
            LoopBench.Instance(), LoopBench.Instance("VI_2", 200, LoopBench.Added)));
        bench.Network.Done = null;
        Work(Steps);
        int sets = bench.Network.Sets;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Work(Steps);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(bench.Network.Sets - sets >= Steps / 2);

        void Work(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                bench.Loop.Step();
                bench.Loop.Sleep();
            }
        }
    }
}
