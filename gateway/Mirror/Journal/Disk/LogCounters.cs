namespace InfluxMirror.Journal.Disk;

/// <summary>What a log did since it was opened. One thread counts, any thread reads.</summary>
public sealed class LogCounters
{
    private long _bytes;
    private long _writes;
    private long _syncs;
    private long _givenUp;

    /// <summary>Bytes of records written, repetitions included.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Gathering writes.</summary>
    public long Writes => Interlocked.Read(ref _writes);

    /// <summary>Syncs that succeeded.</summary>
    public long Syncs => Interlocked.Read(ref _syncs);

    /// <summary>Segments given up after a failed write or sync.</summary>
    public long GivenUp => Interlocked.Read(ref _givenUp);

    internal void Wrote(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Increment(ref _writes);
    }

    internal void Synced() => Interlocked.Increment(ref _syncs);

    internal void GaveUp() => Interlocked.Increment(ref _givenUp);
}

/// <summary>Something an operator wants to know.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Text">In words, with file and cause.</param>
public sealed record LogEvent(LogEventKind Kind, string Text);

/// <summary>What happened to a log.</summary>
public enum LogEventKind
{
    /// <summary>A segment's write or sync failed; it is never written again.</summary>
    Poisoned,

    /// <summary>What was not safe is written to another file.</summary>
    NextFile,

    /// <summary>No record can be made safe now: no space, or the disk fails.</summary>
    Stopped,

    /// <summary>Records are made safe again.</summary>
    Resumed,

    /// <summary>A file could not be made ready or removed; it is tried again.</summary>
    HousekeepingFailed,
}
