using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// Which positions a reader is done with: everything up to a low-water mark, and single positions above it, since
/// lanes overtake each other, and some records wait for long.
/// </summary>
/// <param name="lowWaterMark">Everything up to here is done, nothing above.</param>
public sealed class CompletedRanges(long lowWaterMark)
{
    // The position behind the mark is never among them.
    private readonly PositionRuns _above = new();

    /// <summary>Every position up to this one is done.</summary>
    public long LowWaterMark { get; private set; } = lowWaterMark;

    /// <summary>Whether <paramref name="position"/> is done.</summary>
    public bool Contains(long position) => position <= LowWaterMark || _above.Contains(position);

    /// <summary>Whether every position from one to another is done; true when there is none between.</summary>
    public bool Contains(long from, long to) => _above.Contains(Math.Max(from, LowWaterMark + 1), to);

    /// <summary>
    /// The first position from <paramref name="from"/> on, which is above the mark, that is done; or that is not.
    /// <see cref="long.MaxValue"/> when there is none.
    /// </summary>
    public long Next(long from, bool done) => done ? _above.Next(from) : _above.NextGap(from);

    /// <summary>How many positions from one to another, both included, are not done.</summary>
    public long CountUndone(long from, long through)
    {
        from = Math.Max(from, LowWaterMark + 1);
        return through < from ? 0 : through - from + 1 - _above.CountOf(from, through);
    }

    /// <summary>
    /// What is done from <paramref name="from"/> to <paramref name="through"/>: in order, not touching each other.
    /// </summary>
    internal List<PositionRange> Runs(long from, long through)
    {
        var runs = _above.Within(from, through);
        if (from <= Math.Min(through, LowWaterMark))
            runs.Insert(0, new PositionRange(from, Math.Min(through, LowWaterMark)));
        return runs;
    }

    /// <summary>All above the mark, as it is now.</summary>
    internal PositionRuns Above() => _above.Clone();

    /// <summary>Marks <paramref name="position"/> as done; doing so twice changes nothing.</summary>
    public void Add(long position) => AddRange(position, position);

    /// <summary>Marks every position from one to another as done, both included.</summary>
    public void AddRange(long from, long to)
    {
        from = Math.Max(from, LowWaterMark + 1);
        if (to < from)
            return;
        if (from > LowWaterMark + 1)
        {
            _above.Add(from, to);
            return;
        }

        LowWaterMark = _above.NextGap(to + 1) - 1;
        _above.RemoveThrough(LowWaterMark);
    }
}
