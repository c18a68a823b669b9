using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;

namespace InfluxMirror.Journal.Disk;

/// <summary>Sizes and limits of one log.</summary>
public sealed class LogOptions
{
    /// <summary>When a record counts as safe. Default <see cref="LogSafety.Disk"/>.</summary>
    public LogSafety Safety { get; init; } = LogSafety.Disk;

    /// <summary>Bytes of a segment file; a record that is larger gets a larger file. Default 64 MiB.</summary>
    [Range(16 * 1024, 1024 * 1024 * 1024)]
    public int SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// Most bytes of segments with records that are needed; spares come on top. Records are taken as long as one more
    /// segment has room: for what is written anew, until the old ones have gone. Default 50 GB.
    /// </summary>
    public long MaxBytes { get; init; } = 50_000_000_000;

    /// <summary>Bytes of the file system that no new file is made from. Default none.</summary>
    public long ReserveBytes { get; init; }

    /// <summary>
    /// Bytes of the file system that a file which has no space of its own yet does not grow into: where others have
    /// taken the reserve, they are for saving what lets go of records. Default none.
    /// </summary>
    public long KeptBytes { get; init; }

    /// <summary>Most bytes that wait in memory to become safe. Default 64 MiB.</summary>
    public long MaxPendingBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How long somebody may wait for a record before it is written, unless it is urgent: what is cancelled meanwhile
    /// is not written at all. Where that usually takes longer, nobody waits for it. Default none.
    /// </summary>
    public TimeSpan MaxPatience { get; init; }

    /// <summary>Most segments kept for another use once their records are not needed. Default 2.</summary>
    [Range(0, 16)]
    public int MaxSpares { get; init; } = 2;

    /// <summary>
    /// Positions up to here are taken, though the log may know nothing of them: something else speaks of their records.
    /// Default none.
    /// </summary>
    public long TakenThrough { get; init; }

    /// <summary>
    /// How long a start asks again, in all, for what the disk fails to give. Default none: once more only.
    /// </summary>
    public TimeSpan StartPatience { get; init; }

    /// <summary>The time: positions grow by less than one for each microsecond. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told how long each sync took; must return at once.</summary>
    public Action<TimeSpan> Synced { get; init; } = static _ => { };

    /// <summary>Where the salts of segments come from: 64 bits that nobody can guess.</summary>
    public Func<ulong> Salts { get; init; } = RandomSalt;

    private static ulong RandomSalt()
    {
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(salt);
        return BitConverter.ToUInt64(salt);
    }
}

/// <summary>When a record counts as safe.</summary>
public enum LogSafety
{
    /// <summary>When the disk has it: it survives a power cut.</summary>
    Disk,

    /// <summary>When the kernel has it: it survives the end of the process, not that of the machine.</summary>
    Process,
}
