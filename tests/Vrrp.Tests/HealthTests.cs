using Xunit;

namespace Vrrp.Tests;

/// <summary>What checks and interfaces do to a router.</summary>
public sealed class HealthTests
{
    private static readonly RouterConfig Seed =
        Rig.V2 with { Tracked = [new("influxd", -2, BeforeFirstResult: BeforeFirstResult.Open)] };
    private static readonly RouterConfig Weights = Seed with { HandOver = HandOver.Weights };

    [Theory]
    [InlineData(-2, false, Health.Healthy, 100)]
    [InlineData(-2, false, Health.Sick, 98)]
    [InlineData(2, false, Health.Healthy, 102)]
    [InlineData(2, false, Health.Sick, 100)]
    [InlineData(-2, true, Health.Sick, 102)]
    [InlineData(2, true, Health.Healthy, 98)]
    [InlineData(253, false, Health.Healthy, 254)]
    [InlineData(-253, false, Health.Sick, 1)]
    [InlineData(-2, false, Health.Unknown, 98)]
    [InlineData(0, false, Health.Sick, 100)]
    public void Weights_move_the_priority_within_1_and_254(int weight, bool reverse, Health health, int expected) =>
        Assert.Equal(expected, EffectivePriority.Of(Rig.V2 with { Tracked = [new("x", weight, reverse)] }, [health]));

    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public void An_imported_check_changes_nothing_before_its_first_result(int weight) => Assert.Equal(
        100,
        EffectivePriority.Of(
            Rig.V2 with { Tracked = [new("x", weight, BeforeFirstResult: BeforeFirstResult.Open)] }, [Health.Unknown]));

    [Theory]
    [InlineData(false, Health.Sick, true)]
    [InlineData(false, Health.Healthy, false)]
    [InlineData(true, Health.Sick, false)]
    [InlineData(true, Health.Healthy, true)]
    [InlineData(false, Health.Unknown, true)]
    [InlineData(true, Health.Unknown, true)]
    public void Weight_0_is_a_fault(bool reverse, Health health, bool isFault) =>
        Assert.Equal(isFault, EffectivePriority.IsFault(Rig.V2 with { Tracked = [new("x", 0, reverse)] }, [health]));

    [Fact]
    public void A_check_of_weight_0_keeps_a_router_in_Fault_until_its_first_success()
    {
        Rig rig =
            new(Rig.V2 with { Tracked = [new("x", BeforeFirstResult: BeforeFirstResult.Open)] }, isRunning: false);
        rig.Send(RouterEvent.LinkChanged(true));
        rig.Send(RouterEvent.LocalAddressChanged(Rig.Local));
        Assert.Equal("remove all, Initialize->Fault TrackedItemSick", rig.Send(RouterEvent.Start));
        Assert.Null(rig.Deadline);
        Assert.Equal("Fault->Backup FaultCleared", rig.Send(RouterEvent.TrackedChanged(0, Health.Healthy)));
    }

    [Fact]
    public void With_weights_a_sick_master_announces_less_and_keeps_the_addresses()
    {
        Rig rig = Rig.Master(Weights);
        Assert.Equal("priority 98", rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)));
        Assert.Contains(rig.Wait(1), step => step.Actions == "advert 98");
    }

    [Fact]
    public void With_weights_a_peer_takes_over_when_its_timer_runs_out()
    {
        Rig peer = new(Weights with { Priority = 99 });
        peer.Hear(100, Rig.Higher);
        peer.Sleep(1);
        peer.Hear(98, Rig.Higher);
        Assert.Equal(2.613, peer.RunUntil(RouterState.Master).Seconds);
    }

    [Fact]
    public void A_sick_master_hands_over_at_once_and_stays_Backup_below_its_peer()
    {
        Rig rig = Rig.Master(Seed);
        Assert.Equal(
            "priority 98, remove all, advert 0, Master->Backup HandedOver",
            rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)));
        Assert.Equal(3 + 158 / 256.0, rig.Deadline!.Value, 3);
        rig.Sleep(0.7);
        rig.Hear(99, Rig.Higher);
        Assert.Equal(3 + 158 / 256.0, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_sick_router_that_becomes_master_again_keeps_the_addresses_until_it_recovered_and_failed_anew()
    {
        Rig rig = Rig.Master(Seed);
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        rig.RunUntil(RouterState.Master);
        Assert.Equal("", rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)));
        Assert.Equal("", rig.Send(RouterEvent.PeerChanged(Health.Healthy)));
        Assert.Equal("priority 100", rig.Send(RouterEvent.TrackedChanged(0, Health.Healthy)));
        Assert.EndsWith(
            "Master->Backup HandedOver",
            rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_router_that_was_sick_before_it_became_master_keeps_the_addresses()
    {
        Rig rig = new(Seed);
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        rig.RunUntil(RouterState.Master);
        Assert.Equal("", rig.Send(RouterEvent.PeerChanged(Health.Unknown)));
        Assert.Equal(RouterState.Master, rig.Router.State);
    }

    [Fact]
    public void Nothing_is_handed_over_to_a_sick_peer_until_it_is_well()
    {
        Rig rig = Rig.Master(Seed);
        rig.Send(RouterEvent.PeerChanged(Health.Sick));
        Assert.Equal("priority 98", rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)));
        Assert.Equal("remove all, advert 0, Master->Backup HandedOver",
            rig.Send(RouterEvent.PeerChanged(Health.Healthy)));
    }

    [Fact]
    public void A_check_that_recovers_while_the_peer_is_sick_owes_nothing_any_more()
    {
        Rig rig = Rig.Master(Seed);
        rig.Send(RouterEvent.PeerChanged(Health.Sick));
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        rig.Send(RouterEvent.TrackedChanged(0, Health.Healthy));
        Assert.Equal("", rig.Send(RouterEvent.PeerChanged(Health.Healthy)));
    }

    [Fact]
    public void A_change_of_the_own_priority_moves_the_running_timer_by_the_skews()
    {
        Rig rig = new(Weights);
        rig.Hear(100, Rig.Higher);
        rig.Sleep(1);
        double before = rig.Deadline!.Value;
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        Assert.Equal(before + 2 / 256.0, rig.Deadline!.Value, 4);
        rig.Send(RouterEvent.TrackedChanged(0, Health.Healthy));
        Assert.Equal(before, rig.Deadline!.Value, 4);
    }

    [Fact]
    public void A_recovered_router_preempts_after_Master_Down()
    {
        Rig rig = Rig.Master(Seed);
        rig.Send(RouterEvent.TrackedChanged(0, Health.Sick));
        rig.Hear(99, Rig.Higher);
        rig.Send(RouterEvent.TrackedChanged(0, Health.Healthy));
        rig.Sleep(1);
        rig.Hear(99, Rig.Higher);
        (double seconds, string actions) = rig.RunUntil(RouterState.Master);
        Assert.Equal(2.609, seconds);
        Assert.EndsWith("Backup->Master Preempted", actions, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dead_link_needs_no_farewell_and_comes_back_as_Backup()
    {
        Rig rig = Rig.Master(Rig.V2);
        Assert.Equal("remove all, Master->Fault LinkDown", rig.Send(RouterEvent.LinkChanged(false)));
        Assert.Equal("", rig.Hear(200, Rig.Higher));
        Assert.Equal("Fault->Backup FaultCleared", rig.Send(RouterEvent.LinkChanged(true)));
        Assert.Equal(3.609, rig.RunUntil(RouterState.Master).Seconds);
    }

    [Fact]
    public void A_router_without_link_or_address_waits_in_Fault_and_says_for_what()
    {
        Rig rig = new(Rig.V2, isRunning: false);
        Assert.Equal("remove all, Initialize->Fault LinkDown", rig.Send(RouterEvent.Start));
        rig.Send(RouterEvent.LinkChanged(true));
        Assert.Equal(TransitionReason.NoSourceAddress, rig.Router.Reason);
        Assert.Equal("Fault->Backup FaultCleared", rig.Send(RouterEvent.LocalAddressChanged(Rig.Local)));
    }

    [Fact]
    public void A_tally_takes_the_first_result_at_once_and_later_ones_in_a_row()
    {
        CheckTally tally = new(rise: 2, fall: 3);
        Assert.Equal(Health.Unknown, tally.Health);
        Assert.True(tally.Add(false));
        Assert.False(tally.Add(true));
        Assert.False(tally.Add(false));
        Assert.False(tally.Add(true));
        Assert.True(tally.Add(true));
        Assert.Equal(Health.Healthy, tally.Health);
        Assert.False(tally.Add(false));
        Assert.False(tally.Add(false));
        Assert.True(tally.Add(false));
        Assert.Equal(Health.Sick, tally.Health);
    }

    [Fact]
    public void A_tally_of_one_counts_every_change()
    {
        CheckTally tally = new(rise: 1, fall: 1);
        Assert.True(tally.Add(true));
        Assert.True(tally.Add(false));
        Assert.True(tally.Add(true));
        Assert.False(tally.Add(true));
    }
}
