namespace InfluxMirror.Journal.Disk;

/// <summary>
/// A log's folder as somebody sees it who only looks, also while a gateway writes: nothing is locked and nothing
/// changed. What comes and goes meanwhile is seen or not.
/// </summary>
public sealed class LogFolder
{
    private readonly IDisk _disk;
    private readonly SegmentSet _segments;

    /// <summary>Looks at a folder as it is now.</summary>
    /// <param name="disk">A <see cref="ReadOnlyDisk"/>.</param>
    /// <exception cref="DiskException">It cannot be listed.</exception>
    public LogFolder(IDisk disk)
    {
        _disk = disk;
        var found = Recovery.Run(disk, new LogOptions { Safety = LogSafety.Process, MaxSpares = 16 });
        var names = disk.List().ToHashSet(StringComparer.Ordinal);
        Segments = [.. found.Segments.Where(segment => names.Contains(segment.Name))];
        Cursors = found.Cursors;
        Spares = names.Count(static name => name.EndsWith(SegmentFormat.Spare, StringComparison.Ordinal));
        Tail = found.LastPosition;
        // Of what was recycled while it was read nothing is damaged.
        Damage = [.. found.Damage.Where(damage =>
            names.Contains(damage.File) || damage.Kind == LogDamageKind.MissingSegment)];
        _segments = new SegmentSet(Segments);
    }

    /// <summary>The segments that hold records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Every cursor that can be read, by name.</summary>
    public IReadOnlyDictionary<string, CursorState> Cursors { get; }

    /// <summary>Files ready for use.</summary>
    public int Spares { get; }

    /// <summary>The highest position any record or cursor knows of.</summary>
    public long Tail { get; }

    /// <summary>What could not be read of headers, cursors and the newest segment.</summary>
    public IReadOnlyList<LogDamage> Damage { get; }

    /// <summary>A reader from a position on.</summary>
    public SegmentReader OpenReader(long from, Action<LogDamage> damaged) => new(
        _disk, _segments, from, damaged, LogSafety.Process);

    /// <summary>
    /// Every record from a position on; what cannot be read is told and passed over. Each body is valid until the
    /// next one is asked for.
    /// </summary>
    public IEnumerable<LogRecord> Records(long from, Action<LogDamage> damaged)
    {
        using var reader = OpenReader(from, damaged);
        while (Next(reader) is { } found)
        {
            yield return found;
            found.Body.Release();
        }
    }

    private static LogRecord? Next(SegmentReader reader)
    {
        while (true)
        {
            try
            {
                return reader.TryRead();
            }
            catch (DiskException)
            {
                // Reported as damage by what comes next.
                reader.SkipUnreadable();
            }
        }
    }
}
