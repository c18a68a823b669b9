namespace InfluxMirror.Journal.Disk;

/// <summary>
/// What is known of a segment that holds records: up to where readers may read it. One writer moves its end, any
/// number of readers look.
/// </summary>
public sealed class Segment
{
    private long _end;
    private long _last;
    private int _readers;
    private volatile bool _isSealed;
    private volatile bool _isDiscarded;

    internal Segment(string name, in SegmentHeader header, long end, long safeEnd, long last, long fileBytes)
    {
        Name = name;
        Header = header;
        _end = end;
        SafeEnd = safeEnd;
        _last = last;
        FileBytes = fileBytes;
    }

    /// <summary>Its file.</summary>
    public string Name { get; }

    /// <summary>What its file begins with.</summary>
    public SegmentHeader Header { get; }

    /// <summary>Where its records end, as far as readers may go.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Damage before this offset cost records that had been acknowledged.</summary>
    public long SafeEnd { get; private set; }

    /// <summary>No position in here is above.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Bytes of the file.</summary>
    public long FileBytes { get; }

    /// <summary>
    /// A start could not read it, or not what tells where it ends, or whether it counts: who comes to read it looks
    /// once more (<see cref="SegmentFiles.Look"/>).
    /// </summary>
    internal bool IsUnread { get; init; }

    /// <summary>
    /// Its header could be read; otherwise the generation is known, and between which others its positions are.
    /// </summary>
    internal bool HasHeader { get; init; } = true;

    /// <summary>Its end moves no more.</summary>
    public bool IsSealed => _isSealed;

    /// <summary>Nobody needs its records any more, whatever older segments hold.</summary>
    internal bool IsDiscarded
    {
        get => _isDiscarded;
        set => _isDiscarded = value;
    }

    /// <summary>A write or sync failed: the file is never written again.</summary>
    internal bool IsPoisoned { get; set; }

    /// <summary>Everything before <paramref name="end"/> is safe.</summary>
    internal void Extend(long end, long last)
    {
        Volatile.Write(ref _last, last);
        SafeEnd = end;
        Volatile.Write(ref _end, end);
    }

    internal void Seal() => _isSealed = true;

    /// <summary>A reader begins; false when the file is about to go.</summary>
    internal bool TryPin()
    {
        var seen = Volatile.Read(ref _readers);
        while (seen >= 0)
        {
            var before = Interlocked.CompareExchange(ref _readers, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }

        return false;
    }

    internal void Unpin() => Interlocked.Decrement(ref _readers);

    /// <summary>Lets no reader in any more; true when none is inside, so that the file may be used again.</summary>
    internal bool Retire() => Interlocked.Add(ref _readers, int.MinValue) == int.MinValue;
}
