namespace InfluxMirror.Delivery;

/// <summary>A tally at one moment, in points.</summary>
/// <param name="Account">The account, which goes on across restarts.</param>
/// <param name="Pending">Those of its accepted ones that wait, counted and not derived.</param>
/// <param name="Counted">What this process did; only grows.</param>
public sealed record TallyReading(PointTotals Account, long Pending, PointTotals Counted);

/// <summary>Points, by what became of them.</summary>
/// <param name="Accepted">Accepted for the destination.</param>
/// <param name="Delivered">Confirmed by it.</param>
/// <param name="Rejected">Refused by it, withdrawn or set aside.</param>
/// <param name="DroppedAs">Given up, by <see cref="DropCause"/>.</param>
public sealed record PointTotals(long Accepted, long Delivered, long Rejected, IReadOnlyList<long> DroppedAs)
{
    /// <summary>Given up, for whatever cause.</summary>
    public long Dropped => DroppedAs.Sum();

    /// <summary>What came since it was <paramref name="before"/>.</summary>
    internal PointTotals Since(PointTotals before) => new(
        Accepted - before.Accepted, Delivered - before.Delivered, Rejected - before.Rejected,
        [.. DroppedAs.Zip(before.DroppedAs, static (now, then) => now - then)]);
}
