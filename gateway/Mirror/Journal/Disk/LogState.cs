namespace InfluxMirror.Journal.Disk;

/// <summary>What became of a record that was to be appended.</summary>
public enum AppendOutcome
{
    /// <summary>It has a position and will be written.</summary>
    Appended,

    /// <summary>Too many bytes wait to be written: the disk is slower than the callers.</summary>
    Busy,

    /// <summary><see cref="LogOptions.MaxBytes"/> would be passed: trim, or refuse.</summary>
    LimitReached,

    /// <summary>No space, or only the reserve is left; passes by itself when space returns.</summary>
    DiskFull,

    /// <summary>The disk fails; every new file is tried.</summary>
    DiskFailing,

    /// <summary>The log is closed.</summary>
    Closed,
}

/// <summary>Whether records can be made safe.</summary>
public enum LogCondition
{
    /// <summary>They can.</summary>
    Working,

    /// <summary>There is no space.</summary>
    DiskFull,

    /// <summary>Writes or syncs fail.</summary>
    DiskFailing,
}

/// <summary>What a log takes and may take.</summary>
/// <param name="SegmentBytes">Bytes of files that hold records.</param>
/// <param name="MaxBytes">Most of them while records are taken: see <see cref="LogOptions.MaxBytes"/>.</param>
/// <param name="WaitingBytes">Bytes of records in memory that are not safe yet.</param>
/// <param name="Spares">Files ready for use.</param>
/// <param name="SpareBytes">Bytes of them, and of files that are on the way to be used again or to go.</param>
/// <param name="FreeBytes">Bytes left on the file system.</param>
/// <param name="ReserveBytes">Bytes of these that no new file is made from.</param>
/// <param name="IsShortOfSpace">No new file can be made without touching the reserve.</param>
public readonly record struct LogUsage(
    long SegmentBytes, long MaxBytes, long WaitingBytes, int Spares, long SpareBytes, long FreeBytes, long ReserveBytes,
    bool IsShortOfSpace);
