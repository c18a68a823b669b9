namespace InfluxMirror.Journal.Disk;

/// <summary>What <see cref="Recovery"/> found in a folder.</summary>
public sealed class RecoveredLog
{
    internal RecoveredLog(
        IReadOnlyList<Segment> segments,
        IReadOnlyList<string> spares,
        long lastGeneration,
        long lastPosition,
        long knownThrough,
        IReadOnlyDictionary<string, CursorState> cursors,
        IReadOnlyList<string> cursorNames,
        IReadOnlyList<LogDamage> damage)
    {
        Segments = segments;
        Spares = spares;
        LastGeneration = lastGeneration;
        LastPosition = lastPosition;
        KnownThrough = Math.Min(knownThrough, lastPosition);
        Cursors = cursors;
        CursorNames = cursorNames;
        Damage = damage;
    }

    /// <summary>Segments with records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Files ready for use.</summary>
    public IReadOnlyList<string> Spares { get; }

    /// <summary>The highest generation of any file.</summary>
    public long LastGeneration { get; }

    /// <summary>The highest position any record or cursor knows of; the next record is above.</summary>
    public long LastPosition { get; }

    /// <summary>The same without what was left free behind what could not be read.</summary>
    public long KnownThrough { get; }

    /// <summary>The cursors that could be read, by name, whatever the case of its letters. One that is damaged or
    /// missing is rebuilt by its owner: everything that is left counts as not done.</summary>
    public IReadOnlyDictionary<string, CursorState> Cursors { get; }

    /// <summary>Every name under which one of them is kept: several of one reader differ in case.</summary>
    public IReadOnlyList<string> CursorNames { get; }

    /// <summary>
    /// What could not be read of the newest segment, of headers and of cursors. Older segments are read when a
    /// reader comes by, which reports their damage, and that of the newest one once more.
    /// </summary>
    public IReadOnlyList<LogDamage> Damage { get; }
}
