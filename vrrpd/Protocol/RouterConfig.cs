using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Vrrp;

/// <summary>What a master does when one of its weighted checks fails.</summary>
public enum HandOver : byte
{
    /// <summary>It resigns at once, so that the peer need not wait for its timer.</summary>
    Immediate,

    /// <summary>
    /// It announces its lower priority and keeps the addresses until somebody takes them, as keepalived.
    /// </summary>
    Weights,
}

/// <summary>Everything the state machine and the codec have to know of one virtual router. Immutable.</summary>
public sealed record RouterConfig
{
    /// <summary>A version 3 interval longer than this many times the own one is refused.</summary>
    public const int MaxForeignIntervalFactor = 10;

    /// <summary>As many IPv6 addresses as fit into one Ethernet frame.</summary>
    public const int MaxIPv6Addresses = 90;

    /// <summary>The router's name in logs, metrics and hooks.</summary>
    public required string Name { get; init; }

    /// <summary>Version 2 (default, as keepalived's) or 3.</summary>
    public VrrpVersion Version { get; init; } = VrrpVersion.V2;

    /// <summary>IPv4 (default) or IPv6.</summary>
    public IpFamily Family { get; init; }

    /// <summary>1 to 255, unique per interface and family.</summary>
    public required byte VirtualRouterId { get; init; }

    /// <summary>1 to 254, default 100; 255 owns the addresses and is Master at once.</summary>
    public byte Priority { get; init; } = 100;

    /// <summary>
    /// Time between advertisements, default 1 s. Version 2: whole seconds, 1 to 255. Version 3: 10 ms to 40.95 s in
    /// steps of 10 ms.
    /// </summary>
    public TimeSpan AdvertInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The advertised addresses, at least one; the order is that of the advertisement.</summary>
    public required ImmutableArray<Address> VirtualAddresses { get; init; }

    /// <summary>Addresses of either family that come and go with the others without being advertised.</summary>
    public ImmutableArray<Address> ExcludedAddresses { get; init; } = [];

    /// <summary>The password of version 2; none by default. It is left out of the event log.</summary>
    [JsonIgnore]
    public AdvertPassword? Password { get; init; }

    /// <summary>Addresses to send to instead of multicast; none by default.</summary>
    public ImmutableArray<Address> UnicastPeers { get; init; } = [];

    /// <summary>
    /// Sources that are listened to; empty (default): the unicast peers, and without those everybody.
    /// </summary>
    public ImmutableArray<Address> Peers { get; init; } = [];

    /// <summary>Least TTL or hop limit of a packet, default 255; lower only for unicast peers behind routers.</summary>
    public byte MinHopLimit { get; init; } = 255;

    /// <summary>Whether to take over from a master of lower priority; default true.</summary>
    public bool Preempt { get; init; } = true;

    /// <summary>
    /// How long a master of lower priority is left alone before it is preempted; 0 (default) to 1000 s.
    /// </summary>
    public TimeSpan PreemptDelay { get; init; }

    /// <summary>
    /// From the first burst of gratuitous ARP to the second, default 5 s, at most 255 s; 0: no second one.
    /// </summary>
    public TimeSpan GarpMasterDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Gratuitous ARPs of a burst for each address, default 5, 1 to 255; never more than 10 go out in a second.
    /// </summary>
    public int GarpMasterRepeat { get; init; } = 5;

    /// <summary>Time between gratuitous ARPs of a master in peace; 0 (default): none; at most a day.</summary>
    public TimeSpan GarpMasterRefresh { get; init; }

    /// <summary>Gratuitous ARPs of one such time, default 1, 1 to 255.</summary>
    public int GarpMasterRefreshRepeat { get; init; } = 1;

    /// <summary>What to do when a weighted check fails; default <see cref="HandOver.Immediate"/>.</summary>
    public HandOver HandOver { get; init; }

    /// <summary>
    /// Whether the checksum of version 3 over IPv4 includes the pseudo-header, as keepalived's and FRR's does; default
    /// true. Both forms are understood.
    /// </summary>
    public bool ChecksumWithPseudoHeader { get; init; } = true;

    /// <summary>Checks and interfaces the priority depends on; none by default.</summary>
    public ImmutableArray<TrackedItem> Tracked { get; init; } = [];

    /// <summary>The interval in microseconds.</summary>
    [JsonIgnore]
    public long IntervalMicros => Micros(AdvertInterval);

    /// <summary>Sources that are listened to; empty: everybody.</summary>
    [JsonIgnore]
    public ImmutableArray<Address> AcceptedSources => Peers.IsEmpty ? UnicastPeers : Peers;

    internal static long Micros(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
