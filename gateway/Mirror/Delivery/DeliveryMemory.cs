namespace InfluxMirror.Delivery;

/// <summary>
/// Bytes of memory for the records of one destination where the journal is on disk; what is beyond them is read there
/// again. Simulations have less, to meet the disk often.
/// </summary>
internal sealed record DeliveryMemory
{
    /// <summary>For what is taken from the journal ahead of its delivery.</summary>
    public long LookAhead { get; init; } = 16 * 1024 * 1024;

    /// <summary>For a lane that stands still, when there is no room for the others.</summary>
    public long Standing { get; init; } = 2 * 1024 * 1024;

    /// <summary>For what comes back from the disk in one go.</summary>
    public long Loaded { get; init; } = 4 * 1024 * 1024;

    /// <summary>The same when there is no room for it.</summary>
    public long LeastLoaded { get; init; } = 256 * 1024;

    /// <summary>For what is parked.</summary>
    public long Parked { get; init; } = 8 * 1024 * 1024;

    /// <summary>Beside that, for those of it that are tried.</summary>
    public long OnTrial { get; init; } = 4 * 1024 * 1024;
}
