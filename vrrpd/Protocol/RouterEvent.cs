using System.Text.Json.Serialization;

namespace Vrrp;

/// <summary>What can happen to a router.</summary>
public enum RouterEventKind : byte
{
    /// <summary>Begin; what was reported before is known already.</summary>
    Start,

    /// <summary>End.</summary>
    Shutdown,

    /// <summary>
    /// The time of <see cref="VirtualRouter.NextDeadline"/> has come, and all packets that waited are handled.
    /// </summary>
    DeadlineReached,

    /// <summary>The loop was late by more than half a lease; all packets that waited are handled.</summary>
    Resumed,

    /// <summary>An advertisement passed the codec.</summary>
    AdvertReceived,

    /// <summary>The interface went up or down (also: lost its carrier, disappeared).</summary>
    LinkChanged,

    /// <summary>The address advertisements are sent from changed, or there is none.</summary>
    LocalAddressChanged,

    /// <summary>A tracked item changed its health.</summary>
    TrackedChanged,

    /// <summary>What is known of the peer's health changed.</summary>
    PeerChanged,

    /// <summary>Somebody deleted one of the addresses.</summary>
    AddressLost,

    /// <summary>Another station said, asked or unasked, that it has one of the addresses.</summary>
    AddressClaimed,

    /// <summary>The sync group demands a state, or says that no member is in Fault any more (Initialize).</summary>
    GroupChanged,

    /// <summary>The configuration changed in what can change in place.</summary>
    Reconfigured,
}

/// <summary>One thing that happened. Made by its factory methods; only the members of its kind are set.</summary>
/// <param name="Kind">What happened.</param>
public readonly record struct RouterEvent(RouterEventKind Kind)
{
    /// <summary>The advertisement received.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Advert Advert { get; init; }

    /// <summary>Whether the link is up.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsUp { get; init; }

    /// <summary>The local address, or the one lost or claimed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Address Address { get; init; }

    /// <summary>Who claims the address.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public HardwareAddress Holder { get; init; }

    /// <summary>Place of the tracked item in the configuration.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Index { get; init; }

    /// <summary>Health of the tracked item or of the peer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Health Health { get; init; }

    /// <summary>What the sync group demands.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RouterState State { get; init; }

    /// <summary>The new configuration.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RouterConfig? Config { get; init; }

    /// <summary>Begin.</summary>
    public static RouterEvent Start => new(RouterEventKind.Start);

    /// <summary>End.</summary>
    public static RouterEvent Shutdown => new(RouterEventKind.Shutdown);

    /// <summary>The deadline has come.</summary>
    public static RouterEvent DeadlineReached => new(RouterEventKind.DeadlineReached);

    /// <summary>The loop was late.</summary>
    public static RouterEvent Resumed => new(RouterEventKind.Resumed);

    /// <summary>An advertisement came.</summary>
    public static RouterEvent AdvertReceived(in Advert advert) =>
        new(RouterEventKind.AdvertReceived) { Advert = advert };

    /// <summary>The link went up or down.</summary>
    public static RouterEvent LinkChanged(bool isUp) => new(RouterEventKind.LinkChanged) { IsUp = isUp };

    /// <summary>The address to send from changed; none by default.</summary>
    public static RouterEvent LocalAddressChanged(Address address) =>
        new(RouterEventKind.LocalAddressChanged) { Address = address };

    /// <summary>A tracked item changed.</summary>
    public static RouterEvent TrackedChanged(int index, Health health) =>
        new(RouterEventKind.TrackedChanged) { Index = index, Health = health };

    /// <summary>The peer's health changed.</summary>
    public static RouterEvent PeerChanged(Health health) => new(RouterEventKind.PeerChanged) { Health = health };

    /// <summary>An address was deleted.</summary>
    public static RouterEvent AddressLost(Address address) =>
        new(RouterEventKind.AddressLost) { Address = address };

    /// <summary>Somebody else has an address.</summary>
    public static RouterEvent AddressClaimed(Address address, HardwareAddress holder) =>
        new(RouterEventKind.AddressClaimed) { Address = address, Holder = holder };

    /// <summary>
    /// The group demands a state; <see cref="RouterState.Initialize"/>: no member is in Fault any more.
    /// </summary>
    public static RouterEvent GroupChanged(RouterState state) =>
        new(RouterEventKind.GroupChanged) { State = state };

    /// <summary>A new configuration with the same name, version, family and virtual router id.</summary>
    public static RouterEvent Reconfigured(RouterConfig config) =>
        new(RouterEventKind.Reconfigured) { Config = config };
}
