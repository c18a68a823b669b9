using Xunit;

namespace Vrrp.Tests;

/// <summary>When the neighbours are told, and how often at most.</summary>
public sealed class AnnouncementTests
{
    private static readonly Address Vip = Rig.V2.VirtualAddresses[0];
    private static readonly HardwareAddress Other = HardwareAddress.Parse("02:00:00:00:00:03");

    [Fact]
    public void A_new_master_announces_five_times_at_once_and_five_times_after_the_delay()
    {
        Rig rig = new(Rig.V2);
        Assert.Contains("announce 5", rig.RunUntil(RouterState.Master).Actions, StringComparison.Ordinal);
        Assert.Equal([(1.0, "advert 100, announce 5")], rig.Wait(1.5));
        Assert.DoesNotContain(rig.Wait(30), step => step.Actions != "advert 100");
    }

    [Fact]
    public void Without_delay_there_is_no_second_burst()
    {
        Rig rig = new(Rig.V2 with { GarpMasterDelay = TimeSpan.Zero });
        rig.RunUntil(RouterState.Master);
        Assert.DoesNotContain(rig.Wait(30), step => step.Actions != "advert 100");
    }

    [Fact]
    public void A_master_in_peace_refreshes()
    {
        Rig rig = Rig.Master(Rig.V2 with { GarpMasterRefresh = TimeSpan.FromSeconds(60), GarpMasterRefreshRepeat = 2 });
        Assert.Equal(10, rig.Wait(600).Count(step => step.Actions.Contains("announce 2", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_second_burst_ends_with_mastership()
    {
        Rig rig = new(Rig.V2);
        rig.RunUntil(RouterState.Master);
        rig.Hear(101, Rig.Higher);
        Assert.Empty(rig.Wait(3));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3)]
    [InlineData(200)]
    public void However_many_doubts_no_address_is_announced_more_than_ten_times_a_second(int repeat)
    {
        Rig rig = new(Rig.V2 with { GarpMasterRepeat = repeat, GarpMasterRefresh = TimeSpan.FromSeconds(1) });
        rig.RunUntil(RouterState.Master);
        List<double> announced = [];
        double at = 0;
        Random random = new(7);
        for (int i = 0; i < 4000; i++)
        {
            Count(rig.Hear(50, Rig.Lower));
            double step = random.Next(1, 4) / 1000.0;
            at += step;
            foreach ((_, string actions) in rig.Wait(step))
                Count(actions);
        }

        Assert.InRange(announced.Count, 60, 100);
        for (int i = 10; i < announced.Count; i++)
            Assert.True(announced[i] - announced[i - 10] >= 0.99, $"at {announced[i]} s");

        void Count(string actions)
        {
            foreach (string part in actions.Split(", ")
                .Where(part => part.StartsWith("announce ", StringComparison.Ordinal)))
                announced.AddRange(
                    Enumerable.Repeat(at, int.Parse(part[9..], System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public void A_claimed_address_is_defended_every_second_until_it_is_quiet()
    {
        Rig rig = Rig.Master(Rig.V2);
        rig.Sleep(0.05);
        Assert.Equal("alert AddressHeldElsewhere, probe, announce 1", rig.Send(RouterEvent.AddressClaimed(Vip, Other)));
        Assert.Equal("alert AddressHeldElsewhere", rig.Send(RouterEvent.AddressClaimed(Vip, Other)));
        Assert.Contains(rig.Wait(1), step => step == (1.0, "probe, announce 1"));
        Assert.Equal("alert AddressHeldElsewhere", rig.Send(RouterEvent.AddressClaimed(Vip, Other)));
        Assert.Contains(rig.Wait(1), step => step == (1.0, "probe, announce 1"));
        Assert.DoesNotContain(rig.Wait(10), step => step.Actions != "advert 100");
    }

    [Fact]
    public void A_deleted_address_is_put_back_and_announced()
    {
        Rig rig = Rig.Master(Rig.V2);
        Assert.Equal($"add {Vip}, alert AddressPutBack, announce 5", rig.Send(RouterEvent.AddressLost(Vip)));
        Assert.Equal("", rig.Send(RouterEvent.AddressLost(Rig.Local)));
        Assert.Equal("", new Rig(Rig.V2).Send(RouterEvent.AddressLost(Vip)));
    }

    [Fact]
    public void Excluded_addresses_are_the_router_s_too()
    {
        Address excluded = Address.Parse("198.51.100.9");
        Rig rig = Rig.Master(Rig.V2 with { ExcludedAddresses = [excluded] });
        Assert.StartsWith($"add {excluded}", rig.Send(RouterEvent.AddressLost(excluded)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void After_a_heal_the_survivor_announces_itself_whoever_hears_the_other_first(bool isLowerFirst)
    {
        Rig higher = Rig.Master(Rig.V2), lower = Rig.Master(Rig.V2 with { Priority = 99 });
        string fromLower = "advert 99";
        if (isLowerFirst)
            fromLower = lower.Hear(100, Rig.Higher);

        Assert.Contains("advert 99", fromLower, StringComparison.Ordinal);
        higher.Sleep(0.2);
        Assert.Equal("alert OtherMaster, announce 5, advert 100", higher.Hear(99, Rig.Lower));
        lower.Hear(100, Rig.Higher);
        Assert.Equal(RouterState.Backup, lower.Router.State);
    }
}
