using System.ComponentModel.DataAnnotations;

namespace InfluxMirror.Journal;

/// <summary>Where accepted records wait until every destination has them.</summary>
public sealed class JournalOptions
{
    private const int DiskBufferMB = 64;
    private const int MemoryBufferMB = 256;

    /// <summary>When a record counts as safe. Default <see cref="Durability.Disk"/>.</summary>
    public Durability Durability { get; set; } = Durability.Disk;

    /// <summary>
    /// Folder of the journals, one folder in it for each cluster; relative to the configuration file. Default
    /// <c>data</c>.
    /// </summary>
    [Required]
    public string Directory { get; set; } = "data";

    /// <summary>
    /// Records kept in memory, in MiB, shared by the destinations of a cluster. With <see cref="Durability.Memory"/>
    /// it is the limit of the journal itself, influxdb-relay's <c>buffer-size-mb</c>, by default 256; else the newest
    /// part, so that nothing is read back from disk while all is well, by default 64.
    /// </summary>
    [Range(1, 1_048_576)]
    public int? BufferSizeMB { get; set; }

    /// <summary>Bytes of a cluster's files, spare ones apart. Default 50,000,000,000.</summary>
    [Range(typeof(long), "67108864", "1000000000000000")]
    public long MaxBytes { get; set; } = 50_000_000_000;

    /// <summary>Per cent of the file system that are left free: there <see cref="LimitPolicy"/> acts. Default 5.
    /// </summary>
    [Range(0, 90)]
    public int ReservePercent { get; set; } = 5;

    /// <summary>What happens at the limit. Default <see cref="LimitPolicy.DropOldest"/>.</summary>
    public LimitPolicy LimitPolicy { get; set; } = LimitPolicy.DropOldest;

    /// <summary>
    /// What a destination has not taken for so long is dropped for it, if another one confirmed it, when all of its
    /// file is that old; not with <see cref="Durability.Memory"/>. A jump of the wall clock changes no age while the
    /// program runs. Default none: it waits for as long as there is room.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan? MaxAge { get; set; }

    /// <summary>How long a start asks a disk that fails. Not configured.</summary>
    internal TimeSpan StartPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of records kept in memory.</summary>
    internal long BufferBytes =>
        (BufferSizeMB ?? (Durability == Durability.Memory ? MemoryBufferMB : DiskBufferMB)) * 1024L * 1024L;
}

/// <summary>When an accepted record counts as safe.</summary>
public enum Durability
{
    /// <summary>When the disk has it (<c>fdatasync</c>): it survives a power cut.</summary>
    Disk,

    /// <summary>When the kernel has it: it survives the end of the gateway, not that of the machine.</summary>
    Process,

    /// <summary>As soon as it is in the buffer: lost when the gateway ends, as with influxdb-relay.</summary>
    Memory,
}

/// <summary>What a full journal does.</summary>
public enum LimitPolicy
{
    /// <summary>
    /// Drop, for the lagging destination only, the oldest records that another destination confirmed, count them
    /// and mark the destination as needing a resync. What nobody confirmed is never dropped, unless it was refused and
    /// that is known (to its client; on disk also by a dead letter): new writes get 503.
    /// </summary>
    DropOldest,

    /// <summary>Refuse new records with 503 and Retry-After; nothing is ever dropped.</summary>
    Reject,
}
