using Xunit;

namespace Vrrp.Tests;

/// <summary>In peace nothing is allocated, so that no collection ever delays an advertisement.</summary>
public sealed class AllocationTests
{
    private const int Ticks = 1000;

    [Theory]
    [InlineData(VrrpVersion.V2, IpFamily.IPv4)]
    [InlineData(VrrpVersion.V3, IpFamily.IPv4)]
    [InlineData(VrrpVersion.V3, IpFamily.IPv6)]
    public void A_thousand_ticks_of_a_master_allocate_nothing(VrrpVersion version, IpFamily family)
    {
        RouterConfig config = Config(version, family);
        (VirtualRouter router, List<RouterAction> actions) = Start(config);
        byte[] message = new byte[AdvertCodec.MaxLength];
        byte[] frame = new byte[NeighborFrames.NeighborAdvertisementLength];
        Address group = AdvertCodec.MulticastGroup(family);
        HardwareAddress mac = new(0x020000000001);
        int adverts = 0, announcements = 0;

        Assert.Equal(0, AllocatedBy(Tick));
        Assert.True(adverts >= Ticks && announcements >= 10, $"{adverts} adverts, {announcements} announcements");
        Assert.Equal(RouterState.Master, router.State);

        void Tick()
        {
            router.Handle(RouterEvent.DeadlineReached, router.NextDeadline);
            foreach (RouterAction action in actions)
            {
                if (action.Kind == RouterActionKind.SendAdvert)
                {
                    AdvertCodec.Encode(message, config, action.Priority, router.LocalAddress, group);
                    adverts++;
                }
                else if (action.Kind == RouterActionKind.Announce)
                {
                    announcements++;
                    if (family == IpFamily.IPv4)
                        NeighborFrames.WriteGratuitousArp(frame, mac, config.VirtualAddresses[0]);
                    else
                        NeighborFrames.WriteNeighborAdvertisement(frame, mac, config.VirtualAddresses[0]);
                }
            }

            actions.Clear();
        }
    }

    [Theory]
    [InlineData(VrrpVersion.V2, IpFamily.IPv4)]
    [InlineData(VrrpVersion.V3, IpFamily.IPv4)]
    [InlineData(VrrpVersion.V3, IpFamily.IPv6)]
    public void A_thousand_adverts_received_good_and_bad_allocate_nothing(VrrpVersion version, IpFamily family)
    {
        RouterConfig config = Config(version, family);
        (VirtualRouter router, _) = Start(config);
        Address source = family == IpFamily.IPv4 ? Packet.Peer : Packet.PeerV6;
        byte[] good = Packet.Message(config, 200, source), bad = [.. good];
        bad[6] ^= 1;
        long now = 0;
        int read = 0, refused = 0;

        Assert.Equal(0, AllocatedBy(Tick));
        Assert.True(read >= Ticks && refused >= Ticks, $"{read} read, {refused} refused");
        Assert.Equal(RouterState.Backup, router.State);

        void Tick()
        {
            now += RouterTimers.Second / 2;
            Receive(good);
            Receive(bad);
        }

        void Receive(byte[] message)
        {
            AdvertPacket packet = new(message, source, AdvertCodec.MulticastGroup(family), 255);
            if (AdvertCodec.Decode(packet, config, router.LocalAddress, out Advert advert) == AdvertFault.None)
            {
                router.Handle(RouterEvent.AdvertReceived(advert), now);
                read++;
            }
            else
            {
                refused++;
            }
        }
    }

    private static long AllocatedBy(Action tick)
    {
        for (int i = 0; i < 200; i++)
            tick();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Ticks; i++)
            tick();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static RouterConfig Config(VrrpVersion version, IpFamily family) => (version, family) switch
    {
        (VrrpVersion.V2, _) => Packet.V2 with { GarpMasterRefresh = TimeSpan.FromSeconds(30) },
        (_, IpFamily.IPv4) => Packet.V3 with { GarpMasterRefresh = TimeSpan.FromSeconds(30) },
        _ => Packet.V6 with { GarpMasterRefresh = TimeSpan.FromSeconds(30) },
    };

    private static (VirtualRouter Router, List<RouterAction> Actions) Start(RouterConfig config)
    {
        List<RouterAction> actions = new(64);
        VirtualRouter router = new(config, actions);
        router.Handle(RouterEvent.LinkChanged(true), 0);
        router.Handle(
            RouterEvent.LocalAddressChanged(config.Family == IpFamily.IPv4 ? Packet.Own : Packet.OwnV6), 0);
        router.Handle(RouterEvent.Start, 0);
        return (router, actions);
    }
}
