namespace InfluxMirror.Journal.Disk;

/// <summary>A run of positions, both ends included.</summary>
public readonly record struct PositionRange(long From, long To);

/// <summary>What a reader is done with, as it is kept on disk.</summary>
/// <param name="LowWaterMark">Every position up to this one is done.</param>
/// <param name="Completed">Runs above the mark that are done, in order, not touching each other.</param>
/// <param name="Extra">The caller's own, such as counters that belong to exactly this state.</param>
public sealed record CursorState(
    long LowWaterMark, IReadOnlyList<PositionRange> Completed, ReadOnlyMemory<byte> Extra = default)
{
    /// <summary>The highest position that is done.</summary>
    public long Highest => Completed.Count > 0 ? Completed[^1].To : LowWaterMark;

    /// <summary>Whether every position from one to another is done; true when there is none between.</summary>
    public bool IsDone(long from, long to)
    {
        from = Math.Max(from, LowWaterMark + 1);
        if (to < from)
            return true;
        var at = FirstEndingFrom(from);
        return at < Completed.Count && Completed[at].From <= from && to <= Completed[at].To;
    }

    /// <summary>How many positions from one to another are not done.</summary>
    public long Undone(long from, long to)
    {
        from = Math.Max(from, LowWaterMark + 1);
        if (to < from)
            return 0;
        var undone = to - from + 1;
        for (var at = FirstEndingFrom(from); at < Completed.Count && Completed[at].From <= to; at++)
            undone -= Math.Min(to, Completed[at].To) - Math.Max(from, Completed[at].From) + 1;
        return undone;
    }

    /// <summary>What <paramref name="ranges"/> says of positions up to <paramref name="through"/>.</summary>
    public static CursorState Of(CompletedRanges ranges, long through, ReadOnlyMemory<byte> extra = default) =>
        new(ranges.LowWaterMark, ranges.Runs(ranges.LowWaterMark + 1, through), extra);

    /// <summary>The same as <see cref="CompletedRanges"/>.</summary>
    public CompletedRanges ToRanges()
    {
        var ranges = new CompletedRanges(LowWaterMark);
        foreach (var range in Completed)
            ranges.AddRange(range.From, range.To);
        return ranges;
    }

    /// <summary>The same, and these positions done too.</summary>
    internal CursorState With(PositionRuns done, ReadOnlyMemory<byte> extra)
    {
        var ranges = ToRanges();
        foreach (var run in done.Within(LowWaterMark + 1, long.MaxValue))
            ranges.AddRange(run.From, run.To);
        return Of(ranges, long.MaxValue, extra);
    }

    /// <summary>Index of the first range that does not end before <paramref name="position"/>.</summary>
    private int FirstEndingFrom(long position)
    {
        var (low, high) = (0, Completed.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Completed[middle].To < position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
