using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Loop;

/// <summary>A virtual router with what it has on this machine: interface, places of its addresses, lease.</summary>
internal sealed class RouterInstance
{
    private const int RoomForActions = 64;

    /// <summary>Makes an instance in Initialize.</summary>
    public RouterInstance(InstanceConfig config)
    {
        Config = config;
        Actions = new(RoomForActions);
        Router = new(config.Router, Actions);
    }

    /// <summary>The configuration in force.</summary>
    public InstanceConfig Config { get; private set; }

    /// <summary>Its name.</summary>
    public string Name => Config.Name;

    /// <summary>The state machine.</summary>
    public VirtualRouter Router { get; }

    /// <summary>What it wants done.</summary>
    public List<RouterAction> Actions { get; }

    /// <summary>What it has counted.</summary>
    public InstanceCounters Counters { get; } = new();

    /// <summary>What of it is not logged each time.</summary>
    public InstanceLimits Limits { get; } = new();

    /// <summary>The last change of its state, for people.</summary>
    public RouterAction LastChange { get; set; }

    /// <summary>The group whose member it is; null: none.</summary>
    public RouterGroup? Group { get; set; }

    /// <summary>Its place in the group.</summary>
    public int Member { get; set; }

    /// <summary>The interface; 0 while it is missing.</summary>
    public int InterfaceIndex { get; private set; }

    /// <summary>Whether the interface is up and has a carrier.</summary>
    public bool IsLinkUp { get; private set; }

    /// <summary>What the state machine was last told of it.</summary>
    public bool ToldLinkUp { get; set; }

    /// <summary>The address to send from; none if there is none.</summary>
    public Address Source { get; private set; }

    /// <summary>Where the addresses go, in the order of the configuration.</summary>
    public AddressPlace[] Places { get; private set; } = [];

    /// <summary>Whether the addresses are (or should be) on their interfaces.</summary>
    public bool HasAddresses { get; set; }

    /// <summary>When the leases were last begun or prolonged.</summary>
    public long RefreshedAt { get; set; }

    /// <summary>
    /// Lifetime of an address: shorter than the time a peer waits, where whole seconds allow that.
    /// </summary>
    public int LeaseSeconds => Config.Router.IntervalMicros < RouterTimers.Second ? 1 : 2;

    /// <summary>The same in microseconds.</summary>
    public long LeaseMicros => LeaseSeconds * RouterTimers.Second;

    /// <summary>When the leases have to be prolonged.</summary>
    public long RefreshAt => HasAddresses ? RefreshedAt + LeaseMicros / 4 : RouterTimers.Never;

    /// <summary>What the instance listens to; null while its interface is missing.</summary>
    public Listening? Listens => InterfaceIndex == 0
        ? null
        : new(InterfaceIndex, Config.Router.Family, Config.Router.UnicastPeers.IsEmpty);

    /// <summary>Takes over a new configuration, before the state machine is told.</summary>
    public void Use(InstanceConfig config) => Config = config;

    /// <summary>Looks at the interfaces anew.</summary>
    /// <param name="table">The interfaces.</param>
    /// <param name="all">All virtual addresses of this daemon.</param>
    public void Look(InterfaceTable table, IReadOnlySet<Address> all)
    {
        NetworkInterface? found = table.Find(Config.Interface);
        InterfaceIndex = found?.Index ?? 0;
        IsLinkUp = found?.IsUp ?? false;
        Source = found is null ? default : SourceOn(found, all);
        if (Places.Length != Config.Addresses.Length)
            Places = new AddressPlace[Config.Addresses.Length];
        for (int i = 0; i < Places.Length; i++)
        {
            AddressPlace place = AddressPlace.Find(Config.Addresses[i], table, all);
            // While an address is there, its prefix stays, or it could not be prolonged.
            bool isThere = HasAddresses && Places[i].Configured == place.Configured
                && Places[i].InterfaceIndex == place.InterfaceIndex;
            Places[i] = isThere ? place with { PrefixLength = Places[i].PrefixLength } : place;
        }
    }

    // A virtual address is never a source: it may leave at any time. IPv6 routers speak link-locally (RFC 9568 §5.1.2.1)
    // unless their peers are somewhere else.
    private Address SourceOn(NetworkInterface found, IReadOnlySet<Address> all)
    {
        if (Config.SourceAddress is { } wanted)
            return found.Has(wanted) ? wanted : default;
        IpFamily family = Config.Router.Family;
        bool isLinkLocal = family == IpFamily.IPv6
            && (Config.Router.UnicastPeers.IsEmpty || IsLinkLocal(Config.Router.UnicastPeers[0]));
        foreach (InterfaceAddress own in found.Addresses)
        {
            if (own.IsUsable && own.Address.Family == family && !all.Contains(own.Address)
                && (family == IpFamily.IPv4 || IsLinkLocal(own.Address) == isLinkLocal))
                return own.Address;
        }

        return default;
    }

    private static bool IsLinkLocal(Address address)
    {
        if (address.Family == IpFamily.IPv4)
            return false;
        Span<byte> bytes = stackalloc byte[16];
        address.Write(bytes);
        return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    }
}

/// <summary>What of an instance is not logged each time.</summary>
internal sealed class InstanceLimits
{
    private readonly RateLimit[] _refused = new RateLimit[Enum.GetValues<AdvertFault>().Length];
    private readonly RateLimit[] _alerts = new RateLimit[Enum.GetValues<RouterAlert>().Length];
    private RateLimit _sends;
    private RateLimit _addresses;

    public ref RateLimit Refused(AdvertFault fault) => ref _refused[(int)fault];

    public ref RateLimit Alerts(RouterAlert alert) => ref _alerts[(int)alert];

    public ref RateLimit Sends => ref _sends;

    public ref RateLimit Addresses => ref _addresses;
}
