using System.Collections.Immutable;

namespace Vrrp.Daemon.Loop;

/// <summary>How things are at one moment. The loop copies into it what cannot be read from another thread.</summary>
internal sealed class LoopSnapshot
{
    private const int RoomForInstances = 64;

    /// <summary>When, in the loop's microseconds.</summary>
    public long At { get; set; }

    /// <summary>Whether the loop is in the realtime class.</summary>
    public bool IsRealtime { get; set; }

    /// <summary>Passes of the loop.</summary>
    public long Steps { get; set; }

    /// <summary>Greatest delay of a deadline since the start, in microseconds.</summary>
    public long LatenessMax { get; set; }

    /// <summary>Pauses longer than half a lease.</summary>
    public long Pauses { get; set; }

    /// <summary>Packets that told no virtual router id.</summary>
    public long Unreadable { get; set; }

    /// <summary>Advertisements for virtual routers that are not configured here, by id.</summary>
    public long[] Unknown { get; } = new long[256];

    /// <summary>The instances.</summary>
    public List<InstanceSnapshot> Instances { get; } = new(RoomForInstances);
}

/// <summary>How an instance is at one moment.</summary>
internal readonly record struct InstanceSnapshot(
    RouterInstance Instance,
    RouterState State,
    RouterAction LastChange,
    long ChangedAt,
    byte Priority,
    string PriorityReason,
    Address LocalAddress,
    Address MasterAddress,
    byte MasterPriority,
    bool IsLinkUp,
    bool HasAddresses,
    long LeaseAge,
    ImmutableArray<SenderCount> RefusedSenders);
