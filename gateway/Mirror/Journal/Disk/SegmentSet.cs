namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The segments that hold records, oldest first: readers take a snapshot, a change replaces it whole.
/// </summary>
internal sealed class SegmentSet
{
    private readonly Lock _gate = new();
    private volatile Segment[] _all = [];
    private long _bytes;

    /// <summary>Held while it is looked what is in one that a start could not read, and that is made to last.
    /// </summary>
    public Lock Looking { get; } = new();

    public SegmentSet(IEnumerable<Segment> segments) => Become([.. segments]);

    public IReadOnlyList<Segment> All => _all;

    public Segment? Newest => _all is [.., var newest] ? newest : null;

    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(Segment segment)
    {
        lock (_gate)
            Become([.. _all, segment]);
    }

    /// <summary>Takes one out; false when it is not there any more.</summary>
    public bool Remove(Segment segment)
    {
        lock (_gate)
        {
            var before = _all.Length;
            Become([.. _all.Where(other => other != segment)]);
            return _all.Length < before;
        }
    }

    /// <summary>Puts one in the place of others. Those of them that were still there; without any it is not put.
    /// </summary>
    public Segment[] Replace(IReadOnlyCollection<Segment> old, Segment segment)
    {
        lock (_gate)
        {
            Segment[] replaced = [.. _all.Where(old.Contains)];
            if (replaced.Length > 0)
                Become([.. _all.Select(one => one == replaced[^1] ? segment : one).Except(replaced)]);
            return replaced;
        }
    }

    /// <summary>The segment that has <paramref name="position"/>, or the oldest one when all are above.</summary>
    public Segment? Holding(long position)
    {
        var all = _all;
        for (var i = all.Length - 1; i > 0; i--)
            if (all[i].Header.First <= position)
                return all[i];
        return all.Length > 0 ? all[0] : null;
    }

    /// <summary>The first segment behind one of <paramref name="generation"/>.</summary>
    public Segment? Behind(long generation) =>
        Array.Find(_all, segment => segment.Header.Generation > generation);

    /// <summary>
    /// The oldest segment, when no position above <paramref name="through"/> is in it, or one that was discarded.
    /// Never the last one there is: its header knows how far positions have got.
    /// </summary>
    public Segment? Unneeded(long through)
    {
        var all = _all;
        if (IsUnneeded(all, 0, through))
            return all[0];
        return Array.Find(all, segment => segment.IsDiscarded && segment != all[^1]);
    }

    /// <summary>The oldest segment that stays; null when there is none.</summary>
    public Segment? FirstNeeded(long through)
    {
        var all = _all;
        var first = 0;
        while (IsUnneeded(all, first, through))
            first++;
        return first < all.Length ? all[first] : null;
    }

    private static bool IsUnneeded(Segment[] all, int index, long through) =>
        index + 1 < all.Length && all[index].IsSealed && all[index + 1].Header.First - 1 <= through;

    private void Become(Segment[] all)
    {
        _all = all;
        Interlocked.Exchange(ref _bytes, all.Sum(static segment => segment.FileBytes));
    }
}
