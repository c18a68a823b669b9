namespace Vrrp;

/// <summary>Why a packet was refused. Each reason is counted apart; none of them touches the state machine.</summary>
public enum AdvertFault : byte
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>Not an IPv4 header: too short, another version, or a header length below 20 bytes.</summary>
    IpHeader,

    /// <summary>The IPv4 total length is not the length of the packet.</summary>
    IpLength,

    /// <summary>The IPv4 header checksum is wrong.</summary>
    IpChecksum,

    /// <summary>A fragment.</summary>
    Fragment,

    /// <summary>Another protocol than 112.</summary>
    Protocol,

    /// <summary>
    /// TTL or hop limit below 255 (for unicast: below the configured least), so it came through a router.
    /// </summary>
    HopLimit,

    /// <summary>The kernel did not say the hop limit.</summary>
    HopLimitUnknown,

    /// <summary>Shorter than 8 bytes or than its address count says.</summary>
    TooShort,

    /// <summary>Longer than its address count says.</summary>
    TooLong,

    /// <summary>Another version than the configured one.</summary>
    Version,

    /// <summary>Not an advertisement.</summary>
    Type,

    /// <summary>The address count is 0.</summary>
    NoAddresses,

    /// <summary>The checksum is wrong.</summary>
    Checksum,

    /// <summary>The virtual router id is 0 or another one than the configured one.</summary>
    VirtualRouterId,

    /// <summary>
    /// From an address no router sends from: 0/8, 127/8, multicast, broadcast, or of the other family.
    /// </summary>
    MartianSource,

    /// <summary>From this node's own address: looped back, or somebody else uses it.</summary>
    OwnSource,

    /// <summary>From a source that is not among the configured peers.</summary>
    UnlistedSource,

    /// <summary>Another authentication type than the configured one (version 2).</summary>
    AuthType,

    /// <summary>The wrong password (version 2).</summary>
    Password,

    /// <summary>
    /// An interval other than the configured one (version 2): both nodes will be master until it is repaired.
    /// </summary>
    IntervalMismatch,

    /// <summary>The interval is 0 (version 3).</summary>
    IntervalZero,

    /// <summary>The interval is more than ten times the configured one (version 3).</summary>
    IntervalTooLong,

    /// <summary>Another number of addresses than configured: another cluster uses this virtual router id.</summary>
    AddressCount,

    /// <summary>Other addresses than configured: another cluster uses this virtual router id.</summary>
    AddressList,
}
