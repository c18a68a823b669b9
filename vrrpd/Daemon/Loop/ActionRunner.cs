using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Loop;

/// <summary>Does what a router wants done, in order. On the loop's thread.</summary>
/// <param name="network">The network.</param>
/// <param name="watcher">Told what people and scripts want to know.</param>
internal sealed class ActionRunner(INetwork network, LoopWatcher watcher)
{
    private readonly byte[] _message = new byte[AdvertCodec.MaxLength];
    private readonly byte[] _frame = new byte[NeighborFrames.NeighborAdvertisementLength];

    /// <summary>Told which instances are Master; null: nobody is.</summary>
    public GuardianTable? Guardian { get; set; }

    /// <summary>Does and forgets all actions of an instance.</summary>
    public void Run(RouterInstance instance, long now)
    {
        // By index: the list is the instance's own, and grows only in between.
        for (int i = 0; i < instance.Actions.Count; i++)
            Run(instance, instance.Actions[i], now);
        instance.Actions.Clear();
    }

    /// <summary>Prolongs the leases of an instance's addresses.</summary>
    public void Refresh(RouterInstance instance, long now)
    {
        foreach (AddressPlace place in instance.Places)
            Set(instance, place, now);
        instance.RefreshedAt = now;
    }

    /// <summary>Takes an address from its interface, whatever prefix it has there.</summary>
    public void Remove(RouterInstance instance, in AddressPlace place, long now)
    {
        NetworkInterface? found = network.Interfaces.Find(place.InterfaceIndex);
        if (found is null)
            return;
        for (int i = found.Addresses.Count - 1; i >= 0; i--)
        {
            if (found.Addresses[i].Address == place.Address)
                Remove(instance, place, found.Addresses[i].PrefixLength, now);
        }
    }

    /// <summary>Takes an address with this prefix from its interface.</summary>
    public void Remove(RouterInstance instance, in AddressPlace place, int prefixLength, long now)
    {
        KeepOthers(place, prefixLength);
        int errno = network.DeleteAddress(place.InterfaceIndex, place.Address, prefixLength);
        if (errno is not (0 or Libc.EADDRNOTAVAIL or Libc.ENODEV))
            Failed(instance, "removing an address", errno, now);
    }

    /// <summary>Puts an address on its interface.</summary>
    public void Add(RouterInstance instance, in AddressPlace place, long now)
    {
        KeepOthers(place, place.PrefixLength);
        Set(instance, place, now);
    }

    private void Run(RouterInstance instance, in RouterAction action, long now)
    {
        switch (action.Kind)
        {
            case RouterActionKind.SendAdvert:
                SendAdvert(instance, action.Priority, now);
                break;
            case RouterActionKind.AddAddresses:
                AddAll(instance, now);
                break;
            case RouterActionKind.RemoveAddresses:
                RemoveAll(instance, now);
                break;
            case RouterActionKind.AddAddress:
                foreach (AddressPlace place in instance.Places)
                {
                    if (place.Address == action.Address)
                        Add(instance, place, now);
                }

                break;
            case RouterActionKind.RemoveAddress:
                foreach (AddressPlace place in instance.Places)
                {
                    if (place.Address == action.Address)
                        Remove(instance, place, now);
                }

                break;
            case RouterActionKind.Announce:
                Announce(instance, action.Count);
                break;
            case RouterActionKind.Probe:
                Probe(instance);
                break;
            case RouterActionKind.StateChanged:
                watcher.OnChanged(instance, action);
                break;
            case RouterActionKind.PriorityChanged:
                watcher.OnPriority(instance, action.Priority);
                break;
            case RouterActionKind.Alert:
                watcher.OnAlert(instance, action, now);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(action), action.Kind, "no such action");
        }
    }

    private void SendAdvert(RouterInstance instance, byte priority, long now)
    {
        RouterConfig config = instance.Router.Config;
        if (instance.HasAddresses && priority > 0)
            AskWhoElse(instance);
        if (config.UnicastPeers.IsEmpty)
            SendTo(instance, priority, AdvertCodec.MulticastGroup(config.Family), now);
        foreach (Address peer in config.UnicastPeers)
            SendTo(instance, priority, peer, now);
        // Who says that it is master has the addresses.
        if (instance.HasAddresses && priority > 0)
            Refresh(instance, now);
    }

    /// <summary>
    /// Asks for the first address before each advertisement. After two masters did not hear each other, the lower one
    /// may hear the higher one first and leave without a word, and the neighbours keep its Ethernet address. Asked a
    /// moment earlier, its kernel answers, and the higher one announces itself.
    /// </summary>
    private void AskWhoElse(RouterInstance instance)
    {
        if (instance.Places is [var first, ..])
            Probe(instance, first);
    }

    private void SendTo(RouterInstance instance, byte priority, Address destination, long now)
    {
        Address source = instance.Router.LocalAddress;
        int length = AdvertCodec.Encode(_message, instance.Router.Config, priority, source, destination);
        int errno = network.SendAdvert(instance.InterfaceIndex, _message.AsSpan(0, length), source, destination);
        if (errno == 0)
        {
            instance.Counters.AdvertsSent++;
            return;
        }

        instance.Counters.SendFailures++;
        watcher.OnSendFailure(instance, destination, errno, now);
    }

    // The guardian knows before anything is there that would have to be removed, and until nothing is.
    private void AddAll(RouterInstance instance, long now)
    {
        Guardian?.Arm(instance);
        instance.HasAddresses = true;
        instance.RefreshedAt = now;
        foreach (AddressPlace place in instance.Places)
            Add(instance, place, now);
    }

    private void RemoveAll(RouterInstance instance, long now)
    {
        instance.HasAddresses = false;
        foreach (AddressPlace place in instance.Places)
            Remove(instance, place, now);
        Guardian?.Disarm(instance);
    }

    private void Set(RouterInstance instance, in AddressPlace place, long now)
    {
        int errno = place.InterfaceIndex == 0
            ? Libc.ENODEV
            : network.SetAddress(place.InterfaceIndex, place.Address, place.PrefixLength, instance.LeaseSeconds);
        if (errno != 0)
            Failed(instance, "adding an address", errno, now);
    }

    // An address with a prefix may be the first of its subnet there. When it goes, the kernel by default removes the
    // others of the subnet, which the machine may have got later, together with it.
    private void KeepOthers(in AddressPlace place, int prefixLength)
    {
        if (place.InterfaceIndex != 0 && place.Address.Family == IpFamily.IPv4
            && prefixLength < 8 * place.Address.Length)
            network.PromoteSecondaries(place.Configured.Device);
    }

    private void Announce(RouterInstance instance, int count)
    {
        for (; count > 0; count--)
        {
            foreach (AddressPlace place in instance.Places)
            {
                int length = place.Address.Family == IpFamily.IPv4
                    ? NeighborFrames.WriteGratuitousArp(_frame, place.Hardware, place.Address)
                    : NeighborFrames.WriteNeighborAdvertisement(_frame, place.Hardware, place.Address);
                if (network.SendFrame(place.InterfaceIndex, _frame.AsSpan(0, length)) == 0)
                    instance.Counters.Announcements++;
                else
                    instance.Counters.SendFailures++;
            }
        }
    }

    private void Probe(RouterInstance instance)
    {
        foreach (AddressPlace place in instance.Places)
            Probe(instance, place);
    }

    private void Probe(RouterInstance instance, in AddressPlace place)
    {
        int length = place.Address.Family == IpFamily.IPv4
            ? NeighborFrames.WriteArpProbe(_frame, place.Hardware, place.Address)
            : NeighborFrames.WriteNeighborSolicitation(_frame, place.Hardware, place.Address);
        if (network.SendFrame(place.InterfaceIndex, _frame.AsSpan(0, length)) != 0)
            instance.Counters.SendFailures++;
    }

    private void Failed(RouterInstance instance, string what, int errno, long now)
    {
        instance.Counters.AddressFailures++;
        watcher.OnAddressFailure(instance, what, errno, now);
    }
}
