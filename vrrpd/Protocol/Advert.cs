namespace Vrrp;

/// <summary>The versions of the protocol.</summary>
public enum VrrpVersion : byte
{
    /// <summary>RFC 3768: IPv4, whole seconds, equal intervals on all routers.</summary>
    V2 = 2,

    /// <summary>RFC 9568: IPv4 and IPv6, hundredths of a second, backups follow the master's interval.</summary>
    V3 = 3,
}

/// <summary>An advertisement that passed every check.</summary>
/// <param name="Source">Who sent it.</param>
/// <param name="Priority">0: the master resigns; 255: it owns the addresses.</param>
/// <param name="IntervalMicros">Its interval between advertisements, in microseconds.</param>
public readonly record struct Advert(Address Source, byte Priority, long IntervalMicros);
