namespace Vrrp.Daemon.Linux;

/// <summary>What came from the network.</summary>
internal enum ReceivedKind : byte
{
    /// <summary>A packet of protocol 112.</summary>
    Advert,

    /// <summary>An ARP frame.</summary>
    Arp,

    /// <summary>The frame of an IPv6 neighbour advertisement.</summary>
    NeighborAdvertisement,

    /// <summary>Interfaces or addresses changed; <see cref="INetwork.Interfaces"/> knows how.</summary>
    Interfaces,
}

/// <summary>One thing that came. The data are valid until the next one is taken.</summary>
internal readonly ref struct Received
{
    /// <summary>What it is.</summary>
    public ReceivedKind Kind { get; init; }

    /// <summary>Where it came in.</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>Family of an advertisement.</summary>
    public IpFamily Family { get; init; }

    /// <summary>IPv4: packet with its header; IPv6: the message; ARP and neighbour advertisements: the frame.</summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>Source of an IPv6 message.</summary>
    public Address Source { get; init; }

    /// <summary>Destination of an IPv6 message.</summary>
    public Address Destination { get; init; }

    /// <summary>Hop limit of an IPv6 message; null if the kernel did not say.</summary>
    public int? HopLimit { get; init; }
}
