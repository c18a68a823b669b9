using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Loop;

/// <summary>What comes in: packets, changes of interfaces, messages of other threads.</summary>
internal sealed partial class RouterLoop
{
    // Bounded, so that a flood cannot keep the routers from acting; more than all sockets can hold at once.
    private void Receive(long now)
    {
        for (int left = MaxReceivedPerStep; left > 0 && _network.TryReceive(out Received received); left--)
        {
            switch (received.Kind)
            {
                case ReceivedKind.Advert:
                    OnPacket(received, now);
                    break;
                case ReceivedKind.Arp or ReceivedKind.NeighborAdvertisement:
                    OnNeighbor(received, now);
                    break;
                case ReceivedKind.Interfaces:
                    LookAtInterfaces(now);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(now), received.Kind, "no such thing comes");
            }
        }
    }

    private void OnPacket(in Received received, long now)
    {
        AdvertPacket packet;
        AdvertFault fault = AdvertFault.None;
        if (received.Family == IpFamily.IPv4)
            fault = AdvertPacket.Unwrap(received.Data, out packet);
        else
            packet = new(received.Data, received.Source, received.Destination, received.HopLimit);

        RouterInstance? instance = Find(received.InterfaceIndex, received.Family, packet.VirtualRouterId);
        if (instance is null)
        {
            OnUnknown(packet, received.InterfaceIndex, now);
            return;
        }

        Advert advert = default;
        if (fault == AdvertFault.None)
            fault = AdvertCodec.Decode(packet, instance.Router.Config, instance.Router.LocalAddress, out advert);
        if (fault != AdvertFault.None)
        {
            _watcher.OnRefused(instance, fault, packet.Source, now);
            return;
        }

        instance.Counters.AdvertsReceived++;
        Handle(instance, RouterEvent.AdvertReceived(advert), now);
    }

    private void OnUnknown(in AdvertPacket packet, int interfaceIndex, long now)
    {
        int id = packet.VirtualRouterId;
        if (packet.Message.Length < 2)
        {
            _unreadable++;
            return;
        }

        _unknown[id]++;
        if (_unknownLimits[id].TryPass(now, out long suppressed) && _unknownLines.TryPass(now, MaxUnknownLines))
        {
            string name = _network.Interfaces.Find(interfaceIndex)?.Name ?? interfaceIndex.ToString();
            _watcher.OnUnknown(id, packet.Source, name, suppressed);
        }
    }

    private RouterInstance? Find(int interfaceIndex, IpFamily family, byte id)
    {
        foreach (RouterInstance instance in _instances)
        {
            RouterConfig config = instance.Router.Config;
            if (config.VirtualRouterId == id && config.Family == family
                && instance.InterfaceIndex == interfaceIndex)
                return instance;
        }

        return null;
    }

    private void OnNeighbor(in Received received, long now)
    {
        HardwareAddress own = _network.Interfaces.Find(received.InterfaceIndex)?.HardwareAddress ?? default;
        bool isClaim = received.Kind == ReceivedKind.Arp
            ? NeighborFrames.TryReadArpClaim(received.Data, own, out Address address, out HardwareAddress holder)
            : NeighborFrames.TryReadNeighborClaim(received.Data, own, out address, out holder);
        if (!isClaim)
            return;
        foreach (RouterInstance instance in _instances)
        {
            foreach (AddressPlace place in instance.Places)
            {
                if (place.Address == address && place.InterfaceIndex == received.InterfaceIndex)
                    Handle(instance, RouterEvent.AddressClaimed(address, holder), now);
            }
        }
    }

    private void LookAtInterfaces(long now)
    {
        bool isListening = true;
        foreach (RouterInstance instance in _instances)
        {
            Listening? before = instance.Listens;
            instance.Look(_network.Interfaces, _virtualAddresses);
            isListening &= before == instance.Listens;
        }

        if (!isListening)
            Listen();
        foreach (RouterInstance instance in _instances)
            Tell(instance, now);
    }

    /// <summary>Tells a router what it does not know yet of its interfaces.</summary>
    private void Tell(RouterInstance instance, long now)
    {
        if (instance.IsLinkUp != instance.ToldLinkUp)
        {
            instance.ToldLinkUp = instance.IsLinkUp;
            Handle(instance, RouterEvent.LinkChanged(instance.IsLinkUp), now);
        }

        if (instance.Source != instance.Router.LocalAddress)
        {
            Handle(instance, RouterEvent.LocalAddressChanged(instance.Source), now);
            // The guardian's adverts would come from an address that is gone.
            if (instance.HasAddresses)
                _runner.Guardian?.Arm(instance);
        }

        TellTracked(instance, now);
        TellLost(instance, now);
    }

    private void TellTracked(RouterInstance instance, long now)
    {
        for (int i = 0; i < instance.Config.Tracked.Length; i++)
        {
            TrackedSource source = instance.Config.Tracked[i];
            Health health = source.Kind == TrackedKind.Check
                ? _checks.GetValueOrDefault(source.Name)
                : _network.Interfaces.Find(source.Name) is { IsUp: true } ? Health.Healthy : Health.Sick;
            if (health != Health.Unknown && health != instance.Router.TrackedHealth(i))
                Handle(instance, RouterEvent.TrackedChanged(i, health), now);
        }
    }

    // An address whose lease may have ended is not put back: another node may have it by now.
    private void TellLost(RouterInstance instance, long now)
    {
        for (int i = 0; i < instance.Places.Length; i++)
        {
            if (!instance.HasAddresses || !instance.IsLinkUp || now - instance.RefreshedAt >= instance.LeaseMicros)
                return;
            AddressPlace place = instance.Places[i];
            if (_network.Interfaces.Find(place.InterfaceIndex)?.Has(place.Address) == false)
                Handle(instance, RouterEvent.AddressLost(place.Address), now);
        }
    }

    private void Listen()
    {
        int errno = _network.Listen(
            [.. _instances.Select(instance => instance.Listens).OfType<Listening>().Distinct()]);
        if (errno != 0)
            _watcher.OnListenFailure(errno);
    }

    private void Take(LoopMessage message, long now)
    {
        switch (message)
        {
            case CheckChanged(string check, Health health):
                _checks[check] = health;
                foreach (RouterInstance instance in _instances)
                    TellTracked(instance, now);
                break;
            case PeerChanged(string name, Health health):
                foreach (RouterInstance instance in _instances)
                {
                    if (instance.Name == name)
                        Handle(instance, RouterEvent.PeerChanged(health), now);
                }

                break;
            case NewConfiguration wanted:
                Reload(wanted, now);
                break;
            case SnapshotWanted(LoopSnapshot snapshot, ManualResetEventSlim done):
                Fill(snapshot, now);
                done.Set();
                break;
            case EndWanted:
                _isEnding = true;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(message), message, "no such message");
        }
    }
}
