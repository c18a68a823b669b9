namespace Vrrp.Daemon.Configuration;

/// <summary>One virtual router as it is written in the file; keepalived's vrrp_instance.</summary>
public sealed record InstanceOptions
{
    /// <summary>Network interface of the advertisements; required.</summary>
    public string? Interface { get; set; }

    /// <summary>1 to 255, the same on all machines; required.</summary>
    public int? VirtualRouterId { get; set; }

    /// <summary>2 or 3; by default 2 for IPv4 and 3 for IPv6.</summary>
    public int? Version { get; set; }

    /// <summary>By default the family of the first virtual address.</summary>
    public IpFamily? Family { get; set; }

    /// <summary>1 to 255, default 100; 255 owns the addresses.</summary>
    public int? Priority { get; set; }

    /// <summary>Time between advertisements, default 1 s.</summary>
    public TimeSpan? AdvertInterval { get; set; }

    /// <summary>The advertised addresses, in the order of the other machines; required.</summary>
    public List<VirtualAddressOptions>? VirtualAddresses { get; set; }

    /// <summary>Addresses that come and go with them without being advertised.</summary>
    public List<VirtualAddressOptions>? ExcludedAddresses { get; set; }

    /// <summary>Password of version 2, up to 8 bytes.</summary>
    public string? Password { get; set; }

    /// <summary>Address to send from; by default the interface's first.</summary>
    public string? SourceAddress { get; set; }

    /// <summary>Addresses to send to instead of multicast.</summary>
    public List<string>? UnicastPeers { get; set; }

    /// <summary>Sources listened to; by default the unicast peers, and without those everybody.</summary>
    public List<string>? Peers { get; set; }

    /// <summary>Least TTL of a packet, default 255; lower needs unicast peers.</summary>
    public int? MinHopLimit { get; set; }

    /// <summary>Whether to take over from a master of lower priority, default true.</summary>
    public bool? Preempt { get; set; }

    /// <summary>How long such a master is left alone, default 0.</summary>
    public TimeSpan? PreemptDelay { get; set; }

    /// <summary>From the first burst of gratuitous ARP to the second, default 5 s.</summary>
    public TimeSpan? GarpMasterDelay { get; set; }

    /// <summary>Gratuitous ARPs of a burst, default 5.</summary>
    public int? GarpMasterRepeat { get; set; }

    /// <summary>Time between gratuitous ARPs of a master in peace, default 0: none.</summary>
    public TimeSpan? GarpMasterRefresh { get; set; }

    /// <summary>Gratuitous ARPs of one such time, default 1.</summary>
    public int? GarpMasterRefreshRepeat { get; set; }

    /// <summary>What a master does when a weighted check fails, default Immediate.</summary>
    public HandOver? HandOver { get; set; }

    /// <summary>Whether the checksum of version 3 over IPv4 includes the pseudo-header, default true.</summary>
    public bool? ChecksumWithPseudoHeader { get; set; }

    /// <summary>Other interfaces the instance depends on.</summary>
    public List<TrackInterfaceOptions>? TrackInterfaces { get; set; }

    /// <summary>Checks the instance depends on.</summary>
    public List<TrackCheckOptions>? TrackChecks { get; set; }

    /// <summary>Where the health of the peer's gateway can be asked.</summary>
    public PeerCheckOptions? PeerCheck { get; set; }

    /// <summary>Commands run when the state changes.</summary>
    public NotifyOptions? Notify { get; set; }
}

/// <summary>A virtual address; a text alone is its <see cref="Address"/>.</summary>
public sealed record VirtualAddressOptions
{
    /// <summary>The address, with or without a prefix: "192.0.2.1", "192.0.2.1/24".</summary>
    public string? Address { get; set; }

    /// <summary>Interface to put it on; by default the instance's.</summary>
    public string? Device { get; set; }

    /// <summary>
    /// Whether the prefix is kept where the interface has an address of the same subnet, default false: /32 or /128.
    /// </summary>
    public bool? KeepPrefix { get; set; }
}

/// <summary>A tracked interface; a text alone is its <see cref="Interface"/>.</summary>
public sealed record TrackInterfaceOptions
{
    /// <summary>The interface.</summary>
    public string? Interface { get; set; }

    /// <summary>As <see cref="TrackedItem.Weight"/>, default 0: its loss is a fault.</summary>
    public int? Weight { get; set; }

    /// <summary>Whether the sign is turned, default false.</summary>
    public bool? Reverse { get; set; }
}

/// <summary>A tracked check; a text alone is its <see cref="Check"/>.</summary>
public sealed record TrackCheckOptions
{
    /// <summary>Name of the check.</summary>
    public string? Check { get; set; }

    /// <summary>As <see cref="TrackedItem.Weight"/>; by default the check's.</summary>
    public int? Weight { get; set; }

    /// <summary>Whether the sign is turned, default false.</summary>
    public bool? Reverse { get; set; }
}

/// <summary>Where the health of the peer's gateway can be asked; a text alone is its <see cref="Url"/>.</summary>
public sealed record PeerCheckOptions
{
    /// <summary>What to get; required.</summary>
    public string? Url { get; set; }

    /// <summary>From start to start, default 1 s.</summary>
    public TimeSpan? Interval { get; set; }

    /// <summary>How long an answer may take; by default the interval.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Successes in a row until a sick peer is well, default 1.</summary>
    public int? Rise { get; set; }

    /// <summary>Failures in a row until a well peer is sick, default 1.</summary>
    public int? Fall { get; set; }
}
