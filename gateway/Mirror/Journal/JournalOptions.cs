using System.ComponentModel.DataAnnotations;

namespace InfluxMirror.Journal;

/// <summary>Where accepted records wait until every destination has them.</summary>
public sealed class JournalOptions
{
    /// <summary>When a record counts as safe. Default <see cref="Durability.Memory"/>.</summary>
    public Durability Durability { get; set; } = Durability.Memory;

    /// <summary>
    /// Bytes of records kept, in MiB, shared by the destinations of a cluster; influxdb-relay's
    /// <c>buffer-size-mb</c>. Default 256.
    /// </summary>
    [Range(1, 1_048_576)]
    public int BufferSizeMB { get; set; } = 256;

    /// <summary>What happens when the buffer is full. Default <see cref="LimitPolicy.DropOldest"/>.</summary>
    public LimitPolicy LimitPolicy { get; set; } = LimitPolicy.DropOldest;
}

/// <summary>When an accepted record counts as safe.</summary>
public enum Durability
{
    /// <summary>As soon as it is in the buffer: lost when the process ends, as with influxdb-relay.</summary>
    Memory,
}

/// <summary>What a full journal does.</summary>
public enum LimitPolicy
{
    /// <summary>
    /// Drop, for the lagging destination only, the oldest records that another destination confirmed, count them
    /// and mark the destination as needing a resync. What nobody confirmed is never dropped: new writes get 503.
    /// </summary>
    DropOldest,

    /// <summary>Refuse new records with 503 and Retry-After; nothing is ever dropped.</summary>
    Reject,
}
