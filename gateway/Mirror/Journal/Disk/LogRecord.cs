namespace InfluxMirror.Journal.Disk;

/// <summary>A record read back, checked byte by byte.</summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="Kind">The writer's.</param>
/// <param name="Header">The writer's.</param>
/// <param name="Body">The writer's; the reference is the caller's to release.</param>
public sealed record LogRecord(long Position, byte Kind, ReadOnlyMemory<byte> Header, SharedBuffer Body);

/// <summary>Something that cannot be read back.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="File">The file's name.</param>
/// <param name="Offset">Where the damage begins.</param>
/// <param name="Length">Bytes of it.</param>
/// <param name="After">The last position before it that is intact or known to be gone; 0 when not known.</param>
/// <param name="Before">The first position behind it that is intact; 0 when not known.</param>
/// <param name="Acknowledged">It had been safe. Otherwise nobody was told that it was.</param>
/// <param name="Position">The position of the one record that was here; 0 when not known.</param>
/// <param name="Header">That record's header, when it is intact.</param>
public sealed record LogDamage(
    LogDamageKind Kind,
    string File,
    long Offset,
    long Length,
    long After,
    long Before,
    bool Acknowledged,
    long Position,
    ReadOnlyMemory<byte> Header);

/// <summary>What happened to records.</summary>
public enum LogDamageKind
{
    /// <summary>One record: where it begins and ends is known, its content is damaged.</summary>
    Record,

    /// <summary>Bytes from which no record can be read.</summary>
    Bytes,

    /// <summary>Bytes behind the last intact record; mostly a write that a crash cut short.</summary>
    TornTail,

    /// <summary>A segment file that cannot be read; it is left as it is.</summary>
    Segment,

    /// <summary>A segment file that is not there though its neighbours are.</summary>
    MissingSegment,

    /// <summary>A cursor file that cannot be read.</summary>
    Cursor,
}
