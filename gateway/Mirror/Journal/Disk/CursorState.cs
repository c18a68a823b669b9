namespace InfluxMirror.Journal.Disk;

/// <summary>A run of positions, both ends included.</summary>
public readonly record struct PositionRange(long From, long To);

/// <summary>What a reader is done with, as it is kept on disk.</summary>
/// <param name="LowWaterMark">Every position up to this one is done.</param>
/// <param name="Completed">What is done above the mark; never changed.</param>
/// <param name="Extra">The caller's own, such as counters that belong to exactly this state.</param>
public sealed record CursorState(long LowWaterMark, PositionRuns Completed, ReadOnlyMemory<byte> Extra = default)
{
    /// <summary>The highest position that is done.</summary>
    public long Highest => Completed.IsEmpty ? LowWaterMark : Completed.Max;

    /// <summary>Whether every position from one to another is done; true when there is none between.</summary>
    public bool IsDone(long from, long to) => Completed.Contains(Math.Max(from, LowWaterMark + 1), to);

    /// <summary>How many positions from one to another are not done.</summary>
    public long Undone(long from, long to)
    {
        from = Math.Max(from, LowWaterMark + 1);
        return to < from ? 0 : to - from + 1 - Completed.CountOf(from, to);
    }

    /// <summary>What <paramref name="ranges"/> says now.</summary>
    public static CursorState Of(CompletedRanges ranges, ReadOnlyMemory<byte> extra = default) =>
        new(ranges.LowWaterMark, ranges.Above(), extra);

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
        foreach (var run in done)
            ranges.AddRange(run.From, run.To);
        return Of(ranges, extra);
    }

    /// <summary>Whether the other one says the same; it may say no when it does.</summary>
    internal bool IsLike(CursorState other) =>
        LowWaterMark == other.LowWaterMark && Completed.IsLike(other.Completed)
        && Extra.Span.SequenceEqual(other.Extra.Span);
}
