using Xunit;

namespace Vrrp.Tests;

public sealed class ReloadTests
{
    private static readonly Address First = Rig.V2.VirtualAddresses[0];
    private static readonly Address Second = Address.Parse("20.26.25.241");

    [Fact]
    public void An_unchanged_configuration_changes_nothing()
    {
        Rig rig = Rig.Master(Rig.V2);
        double before = rig.Deadline!.Value;
        Assert.Equal("", rig.Send(RouterEvent.Reconfigured(Rig.V2 with { })));
        Assert.Equal(before, rig.Deadline!.Value);
    }

    [Fact]
    public void A_new_priority_is_announced_without_dropping_an_address()
    {
        Rig rig = Rig.Master(Rig.V2);
        Assert.Equal("priority 110", rig.Send(RouterEvent.Reconfigured(Rig.V2 with { Priority = 110 })));
        Assert.Contains(rig.Wait(1), step => step.Actions == "advert 110");
    }

    [Fact]
    public void Only_the_addresses_that_changed_are_touched()
    {
        Rig rig = Rig.Master(Rig.V2);
        RouterConfig both = Rig.V2 with { VirtualAddresses = [First, Second] };
        Assert.Equal($"add {Second}, announce 5", rig.Send(RouterEvent.Reconfigured(both)));
        Assert.Equal($"remove {Second}", rig.Send(RouterEvent.Reconfigured(Rig.V2)));
        Assert.Equal("", new Rig(Rig.V2).Send(RouterEvent.Reconfigured(both)));
    }

    [Fact]
    public void Results_of_checks_are_kept_by_name()
    {
        TrackedItem gateway = new("gateway", -2), disk = new("disk", -10);
        Rig rig = new(Rig.V2 with { Tracked = [gateway, disk] });
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        rig.Send(RouterEvent.Reconfigured(Rig.V2 with { Tracked = [disk, gateway] }));
        Assert.Equal(98, rig.Router.Priority);
        Assert.Equal(Health.Sick, rig.Router.TrackedHealth(1));
        Assert.Equal("priority 100", rig.Send(RouterEvent.Reconfigured(Rig.V2)));
    }

    [Fact]
    public void A_reload_does_not_forget_a_hand_over_that_waits_for_the_peer()
    {
        RouterConfig config = Rig.V2 with { Tracked = [new("gateway", -2)] };
        Rig rig = Rig.Master(config);
        rig.Send(RouterEvent.PeerChanged(Health.Sick));
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        Assert.Equal("", rig.Send(RouterEvent.Reconfigured(config with { GarpMasterRepeat = 3 })));
        Assert.EndsWith(
            "Master->Backup HandedOver", rig.Send(RouterEvent.PeerChanged(Health.Healthy)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_check_of_weight_0_is_a_fault_until_its_first_success()
    {
        Rig rig = Rig.Master(Rig.V2);
        Assert.EndsWith(
            "Master->Fault TrackedItemSick",
            rig.Send(RouterEvent.Reconfigured(Rig.V2 with { Tracked = [new("x")] })),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_shorter_interval_counts_at_once()
    {
        Rig rig = Rig.Master(Rig.V3);
        rig.Send(RouterEvent.Reconfigured(Rig.V3 with { AdvertInterval = TimeSpan.FromSeconds(0.1) }));
        Assert.InRange(rig.Deadline!.Value, 0, 0.1);
        Rig backup = new(Rig.V3);
        backup.Send(RouterEvent.Reconfigured(Rig.V3 with { AdvertInterval = TimeSpan.FromSeconds(0.1) }));
        Assert.Equal(0.361, backup.Deadline!.Value, 3);
    }

    [Fact]
    public void Another_router_is_no_reload() => Assert.Throws<ArgumentException>(
        () => new Rig(Rig.V2).Send(RouterEvent.Reconfigured(Rig.V2 with { VirtualRouterId = 7 })));
}
