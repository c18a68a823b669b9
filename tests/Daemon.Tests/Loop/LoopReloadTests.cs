using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.Loop;
using Xunit;

namespace Vrrp.Daemon.Tests.Loop;

public sealed class LoopReloadTests
{
    [Fact]
    public void The_same_configuration_changes_nothing()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        Assert.Equal("", Reload(bench, LoopBench.Config()));
        Assert.Equal(RouterState.Master, bench.State());
    }

    [Fact]
    public void An_added_address_is_added_and_a_removed_one_removed_and_the_other_stays()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Run(2);
        string added = Reload(bench, LoopBench.Config(
            LoopBench.Instance(addresses: [LoopBench.Virtual, LoopBench.Added])));
        Assert.StartsWith("set 198.51.100.242/32 for 2 s, announce", added, StringComparison.Ordinal);
        Assert.DoesNotContain("delete", added, StringComparison.Ordinal);

        string removed = Reload(bench, LoopBench.Config());
        Assert.Equal("delete 198.51.100.242/32", removed);
        Assert.Equal(RouterState.Master, bench.State());
    }

    [Fact]
    public void A_removed_instance_leaves_properly()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config(
            LoopBench.Instance(), LoopBench.Instance("VI_2", 200, LoopBench.Added)));
        Assert.Equal("delete 198.51.100.242/32, advert 0 of 200 to 224.0.0.18", Reload(bench, LoopBench.Config()));
        Assert.Equal(("VI_2", RouterState.Initialize), (bench.Notified[^1].Name, bench.Notified[^1].State));
        Assert.Equal(RouterState.Master, bench.State());
    }

    [Fact]
    public void Another_id_is_another_router()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        Assert.Equal("delete 198.51.100.240/32, advert 0 of 100 to 224.0.0.18",
            Reload(bench, LoopBench.Config(LoopBench.Instance(id: 101))));
        Assert.Equal(RouterState.Backup, bench.State());
    }

    [Fact]
    public void An_address_gets_its_prefix_when_that_is_wanted()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        InstanceConfig kept = LoopBench.Instance();
        kept = kept with { Addresses = [kept.Addresses[0] with { KeepPrefix = true }] };
        Assert.Equal("delete 198.51.100.240/32, promote secondaries of eth0, set 198.51.100.240/24 for 2 s",
            Reload(bench, LoopBench.Config(kept)));
    }

    [Fact]
    public void A_priority_changes_in_place()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        InstanceConfig higher = LoopBench.Instance();
        higher = higher with { Router = higher.Router with { Priority = 150 } };
        Assert.Equal("", Reload(bench, LoopBench.Config(higher)));
        bench.Run(1);
        Assert.Contains("advert 150 of 100", bench.Done(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_keeps_its_result_and_a_removed_one_is_forgotten()
    {
        using LoopBench bench = new(Tracking("gateway", "other"));
        bench.Loop.Post(new CheckChanged("gateway", Health.Healthy));
        bench.Loop.Post(new CheckChanged("other", Health.Sick));
        bench.Step();
        Assert.Equal(98, bench.Snapshot().Instances[0].Priority);

        Reload(bench, Tracking("gateway"));
        Assert.Equal(100, bench.Snapshot().Instances[0].Priority);
        Reload(bench, Tracking("gateway", "other"));
        // No result yet counts as failed here.
        Assert.Equal(98, bench.Snapshot().Instances[0].Priority);
    }

    private static DaemonConfig Tracking(params string[] checks)
    {
        InstanceConfig instance = LoopBench.Instance();
        return LoopBench.Config(instance with
        {
            Router = instance.Router with { Tracked = [.. checks.Select(name => new TrackedItem(name, Weight: -2))] },
            Tracked = [.. checks.Select(name => new TrackedSource(TrackedKind.Check, name))],
        }) with
        {
            Checks = [.. checks.Select(name => new TcpCheckConfig { Name = name, Host = "127.0.0.1", Port = 1 })],
        };
    }

    [Fact]
    public void A_reload_to_fewer_addresses_tells_the_new_guardian_what_is_left()
    {
        DaemonConfig many = LoopBench.Config(LoopBench.Instance(addresses: [LoopBench.Virtual, LoopBench.Added]));
        using LoopBench bench = LoopBench.Master(many);
        DaemonConfig few = LoopBench.Config();
        using GuardianTable table = new(few.Instances, many.Instances);

        Reload(bench, few, table);

        Assert.Equal([LoopBench.Virtual], table.Read(0)!.Addresses.Select(left => left.Address));
    }

    private static string Reload(LoopBench bench, DaemonConfig config, GuardianTable? guardian = null)
    {
        using ManualResetEventSlim done = new();
        bench.Loop.Post(new NewConfiguration(config, guardian, done));
        string did = bench.Step();
        Assert.True(done.IsSet);
        return did;
    }
}
