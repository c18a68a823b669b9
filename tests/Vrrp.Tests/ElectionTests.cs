using Xunit;

namespace Vrrp.Tests;

/// <summary>Who becomes master and when, as RFC 3768 and RFC 9568 say and keepalived does.</summary>
public sealed class ElectionTests
{
    private static readonly RouterConfig Owner = Rig.V3 with { Priority = 255 };

    [Fact]
    public void A_router_starts_as_Backup_and_removes_what_was_left()
    {
        Rig rig = new(Rig.V2, isRunning: false);
        rig.Send(RouterEvent.LinkChanged(true));
        rig.Send(RouterEvent.LocalAddressChanged(Rig.Local));

        Assert.Equal("remove all, Initialize->Backup Started", rig.Send(RouterEvent.Start));
        Assert.Equal(3.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_silent_network_makes_it_master_after_Master_Down()
    {
        (double seconds, string actions) = new Rig(Rig.V2).RunUntil(RouterState.Master);

        Assert.Equal(3.609, seconds);
        Assert.Equal("advert 100, probe, add all, announce 5, Backup->Master MasterSilent", actions);
    }

    [Fact]
    public void The_owner_is_master_at_once_and_no_weight_changes_it()
    {
        Rig rig = new(Owner with { Tracked = [new("gateway", -100)] });

        Assert.Equal(RouterState.Master, rig.Router.State);
        Assert.Equal(TransitionReason.Owner, rig.Router.Reason);
        Assert.Equal("", rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)));
        Assert.Equal(255, rig.Router.Priority);
    }

    [Fact]
    public void The_owner_faults_when_a_check_of_weight_0_fails()
    {
        Rig rig = new(Owner with { Tracked = [new("gateway")] });
        Assert.Equal("remove all, advert 0, Master->Fault TrackedItemSick",
            rig.Send(RouterEvent.TrackedChanged(0, Health.Sick)));
        Assert.StartsWith("advert 255, add all", rig.Send(RouterEvent.TrackedChanged(0, Health.Healthy)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Two_owners_do_not_answer_each_other_for_ever()
    {
        Rig rig = new(Owner);
        rig.Wait(5);
        Assert.Equal("alert OtherMaster, announce 5", rig.Hear(255, Rig.Higher));
        Assert.Equal(RouterState.Master, rig.Router.State);
    }

    [Fact]
    public void A_master_that_resigns_is_followed_after_the_skew()
    {
        Rig rig = new(Rig.V2 with { Priority = 99 });
        rig.Hear(100, Rig.Higher);
        rig.Hear(0, Rig.Higher);

        (double seconds, string actions) = rig.RunUntil(RouterState.Master);

        Assert.Equal(0.613, seconds);
        Assert.Equal("advert 99, add all, announce 5, Backup->Master MasterResigned", actions);
    }

    [Fact]
    public void Repeating_a_resignation_prolongs_nothing()
    {
        Rig rig = new(Rig.V2);
        rig.Hear(100, Rig.Higher);
        rig.Hear(0, Rig.Higher);
        double first = rig.Deadline!.Value;
        rig.Sleep(0.5);
        rig.Hear(0, Rig.Higher);
        Assert.Equal(first - 0.5, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_stranger_cannot_resign_for_the_master()
    {
        Rig rig = new(Rig.V2);
        rig.Hear(100, Rig.Higher);
        Assert.Equal("", rig.Hear(0, Rig.Lower));
        Assert.Equal(3.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_backup_preempts_a_lower_master_when_its_timer_runs_out()
    {
        Rig rig = new(Rig.V2);
        rig.Sleep(2);
        rig.Hear(99, Rig.Higher);
        Assert.Equal(1.609, rig.Deadline!.Value, 3);
        // The lower master has the addresses rightly until it hears the higher one, so nobody is asked for them.
        Assert.Equal("advert 100, add all, announce 5, Backup->Master Preempted",
            rig.RunUntil(RouterState.Master).Actions);
    }

    [Fact]
    public void A_lower_master_that_resigns_is_followed_after_the_skew()
    {
        Rig rig = new(Rig.V2);
        rig.Hear(99, Rig.Higher);
        rig.Hear(0, Rig.Higher);
        Assert.Equal(0.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void Without_preemption_a_lower_master_is_left_alone()
    {
        Rig rig = new(Rig.V2 with { Preempt = false });
        for (int i = 0; i < 20; i++)
        {
            Assert.Empty(rig.Wait(1));
            rig.Hear(50, Rig.Higher);
        }

        Assert.Equal(3.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_preemption_waits_for_its_delay_once_a_lower_master_is_heard()
    {
        Rig rig = new(Rig.V2 with { PreemptDelay = TimeSpan.FromSeconds(10) });
        double seconds = 0;
        for (; rig.Router.State == RouterState.Backup; seconds += 1)
        {
            rig.Hear(99, Rig.Higher);
            rig.Wait(1);
        }

        Assert.InRange(seconds, 13, 14);
    }

    [Fact]
    public void A_preemption_delay_starts_anew_after_a_higher_master_and_delays_no_other_takeover()
    {
        Rig rig = new(Rig.V2 with { PreemptDelay = TimeSpan.FromSeconds(10) });
        rig.Hear(99, Rig.Higher);
        rig.Wait(1);
        rig.Hear(101, Rig.Higher);
        rig.Wait(1);
        rig.Hear(99, Rig.Higher);
        Assert.Equal(3.609, rig.Deadline!.Value, 3);
        Assert.Equal(3.609, rig.RunUntil(RouterState.Master).Seconds);
    }

    [Theory]
    [InlineData(101, false, TransitionReason.HigherPriority)]
    [InlineData(255, false, TransitionReason.HigherPriority)]
    [InlineData(100, true, TransitionReason.HigherAddress)]
    public void A_master_gives_way_with_one_last_advert(byte priority, bool isHigherAddress, TransitionReason reason)
    {
        Rig rig = Rig.Master(Rig.V2 with { Peers = [Rig.Higher, Rig.Lower] });
        Assert.Equal(
            $"remove all, advert 100, Master->Backup {reason}",
            rig.Hear(priority, isHigherAddress ? Rig.Higher : Rig.Lower));
        Assert.Equal(3.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void Giving_way_to_somebody_who_may_be_anybody_is_an_alert() =>
        Assert.Contains("alert UnlistedMaster", Rig.Master(Rig.V2).Hear(101, Rig.Higher), StringComparison.Ordinal);

    [Fact]
    public void At_equal_priority_the_lower_address_is_answered()
    {
        Rig rig = Rig.Master(Rig.V2);
        rig.Sleep(0.2);
        Assert.Equal("alert OtherMaster, announce 5, advert 100", rig.Hear(100, Rig.Lower));
        Assert.Equal(RouterState.Master, rig.Router.State);
    }

    [Fact]
    public void A_master_answers_a_resignation_at_once()
    {
        Rig rig = Rig.Master(Rig.V2);
        rig.Sleep(0.2);
        Assert.Equal("advert 100", rig.Hear(0, Rig.Lower));
        Assert.Equal(1, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_flood_that_wants_answers_gets_ten_a_second_and_delays_nothing()
    {
        Rig rig = Rig.Master(Rig.V2);
        int adverts = 0;
        double sinceLast = 0, longest = 0;
        for (int i = 0; i < 5000; i++)
        {
            string done = rig.Hear((byte)(i % 3 == 0 ? 0 : 50), Rig.Lower)
                + string.Concat(rig.Wait(0.001).Select(x => x.Actions));
            sinceLast += 0.001;
            if (!done.Contains("advert", StringComparison.Ordinal))
                continue;
            adverts++;
            longest = Math.Max(longest, sinceLast);
            sinceLast = 0;
        }

        Assert.InRange(adverts, 45, 51);
        Assert.True(longest <= 1, $"{longest} s without advert");
    }

    [Fact]
    public void A_master_keeps_its_rhythm_and_makes_up_for_nothing()
    {
        Rig rig = Rig.Master(Rig.V2);
        double first = rig.Deadline!.Value;
        rig.Sleep(first + 0.3);
        Assert.Equal("advert 100", rig.Send(RouterEvent.DeadlineReached));
        Assert.Equal(0.7, rig.Deadline!.Value, 3);
        rig.Sleep(5.5);
        Assert.Equal("advert 100", rig.Send(RouterEvent.DeadlineReached));
        Assert.Equal(1, rig.Deadline!.Value, 3);
    }

    [Theory]
    [InlineData(VrrpVersion.V2, 100, 1, 0.609, 3.609)]
    [InlineData(VrrpVersion.V2, 99, 1, 0.613, 3.613)]
    [InlineData(VrrpVersion.V2, 254, 1, 0.008, 3.008)]
    [InlineData(VrrpVersion.V2, 100, 2, 0.609, 6.609)]
    [InlineData(VrrpVersion.V3, 100, 1, 0.609, 3.609)]
    [InlineData(VrrpVersion.V3, 100, 0.1, 0.061, 0.361)]
    [InlineData(VrrpVersion.V3, 254, 0.1, 0.001, 0.301)]
    [InlineData(VrrpVersion.V3, 100, 2, 1.219, 7.219)]
    public void Timers_are_those_of_the_RFCs(VrrpVersion version, int priority, double interval, double skew,
        double down)
    {
        long micros = (long)(interval * RouterTimers.Second);
        Assert.Equal(skew, RouterTimers.Skew(version, priority, micros) / 1e6, 3);
        Assert.Equal(down, RouterTimers.MasterDown(version, priority, micros) / 1e6, 3);
    }

    [Fact]
    public void A_backup_learns_a_shorter_interval_at_once()
    {
        Rig rig = new(Rig.V3);
        rig.Hear(100, Rig.Higher, 0.5);
        Assert.Equal(0.5 * (3 + 156 / 256.0), rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_backup_learns_a_longer_interval_from_the_second_advert_on()
    {
        Rig rig = new(Rig.V3);
        rig.Hear(255, Rig.Higher, 3);
        Assert.Equal(3.609, rig.Deadline!.Value, 3);
        rig.Sleep(3);
        rig.Hear(255, Rig.Higher, 3);
        Assert.Equal(3 * (3 + 156 / 256.0), rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_longer_interval_of_another_source_than_the_master_does_not_count()
    {
        Rig rig = new(Rig.V3);
        rig.Hear(100, Rig.Higher);
        rig.Sleep(1);
        rig.Hear(255, Rig.Lower, 10);
        Assert.Equal(3.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void One_packet_of_a_stranger_now_and_then_costs_less_than_4_seconds_each()
    {
        Rig rig = Rig.Master(Rig.V3);
        for (int i = 0; i < 5; i++)
        {
            rig.Hear(255, Rig.Higher, 10);
            Assert.Equal(RouterState.Backup, rig.Router.State);
            Assert.InRange(rig.RunUntil(RouterState.Master).Seconds, 0, 4);
            rig.Wait(60);
        }
    }

    [Fact]
    public void A_master_with_a_longer_interval_than_Master_Down_is_followed_after_one_misunderstanding()
    {
        Rig rig = new(Rig.V3);
        rig.Hear(200, Rig.Higher, 5);
        rig.RunUntil(RouterState.Master);
        rig.Hear(200, Rig.Higher, 5);
        Assert.Equal(5 * (3 + 156 / 256.0), rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_backup_that_was_not_running_listens_before_it_takes_over()
    {
        Rig rig = new(Rig.V2);
        rig.Hear(100, Rig.Higher);
        rig.Sleep(8);
        Assert.Equal("", rig.Send(RouterEvent.Resumed));
        Assert.Equal(1.609, rig.Deadline!.Value, 3);
    }

    [Fact]
    public void A_master_that_was_not_running_takes_its_addresses_again_and_says_so()
    {
        Rig rig = Rig.Master(Rig.V2);
        rig.Sleep(8);
        Assert.Equal("add all, advert 100, announce 5", rig.Send(RouterEvent.Resumed));
    }

    [Fact]
    public void Shutdown_gives_the_addresses_up_before_it_says_so()
    {
        Assert.Equal("remove all, advert 0, Master->Initialize Shutdown",
            Rig.Master(Rig.V2).Send(RouterEvent.Shutdown));
        Assert.Equal("Backup->Initialize Shutdown", new Rig(Rig.V2).Send(RouterEvent.Shutdown));
    }
}
