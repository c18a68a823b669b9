using Xunit;

namespace Vrrp.Tests;

/// <summary>
/// Codec and router together, as the daemon joins them: what is refused does not reach the router at all.
/// </summary>
public sealed class RefusedPacketTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.01)]
    public void Wrong_passwords_at_any_rate_do_not_delay_a_single_advert(double every)
    {
        byte[] wrong = Packet.Wrap(Packet.Message(Packet.V2 with { Password = new("wrong") }, priority: 250));
        Rig rig = Rig.Master(Packet.V2);
        List<double> adverts = [];
        for (double at = 0; at < 15; at += every)
        {
            Assert.Equal(AdvertFault.Password, Receive(rig, wrong));
            adverts.AddRange(rig.Wait(every).Select(step => at + step.At));
        }

        Assert.Equal(15, adverts.Count);
        Assert.All(adverts.Zip(adverts.Skip(1)), pair => Assert.Equal(1, pair.Second - pair.First, 2));
        Assert.Equal(RouterState.Master, rig.Router.State);
    }

    [Fact]
    public void An_interval_of_0_or_of_40_seconds_in_one_packet_costs_no_outage()
    {
        foreach (double interval in (double[])[0, 40.95])
        {
            Rig master = Rig.Master(Packet.V3), backup = new(Packet.V3 with { Priority = 99 });
            backup.Hear(100, Rig.Higher);
            RouterConfig spoofed = Packet.V3 with { AdvertInterval = TimeSpan.FromSeconds(interval) };
            byte[] packet = Packet.Wrap(Packet.Message(spoofed, priority: 255));

            Assert.NotEqual(AdvertFault.None, Receive(master, packet));
            Assert.NotEqual(AdvertFault.None, Receive(backup, packet));
            Assert.Equal(RouterState.Master, master.Router.State);
            Assert.InRange(backup.Deadline!.Value, 0, 4);
        }
    }

    [Fact]
    public void A_source_of_zero_or_the_own_one_changes_nothing()
    {
        foreach (Address source in (Address[])[Address.Parse("0.0.0.0"), Rig.Local])
        {
            Rig rig = Rig.Master(Packet.V2);
            double before = rig.Deadline!.Value;
            Assert.NotEqual(
                AdvertFault.None, Receive(rig, Packet.Wrap(Packet.Message(Packet.V2, 255, source), source)));
            Assert.Equal(before, rig.Deadline!.Value);
            Assert.Equal(RouterState.Master, rig.Router.State);
        }
    }

    [Fact]
    public void A_stranger_of_priority_255_wins_only_where_no_peers_are_listed()
    {
        byte[] packet = Packet.Wrap(Packet.Message(Packet.V2, 255), Rig.Lower);
        Rig open = Rig.Master(Packet.V2), closed = Rig.Master(Packet.V2 with { Peers = [Rig.Higher] });

        Assert.Equal(AdvertFault.None, Receive(open, packet));
        Assert.Equal(RouterState.Backup, open.Router.State);
        Assert.Equal(AdvertFault.UnlistedSource, Receive(closed, packet));
        Assert.Equal(RouterState.Master, closed.Router.State);
    }

    private static AdvertFault Receive(Rig rig, byte[] packet)
    {
        AdvertFault fault = Packet.Read(packet, rig.Router.Config, out Advert advert, rig.Router.LocalAddress);
        if (fault == AdvertFault.None)
            rig.Send(RouterEvent.AdvertReceived(advert));
        return fault;
    }
}
