using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// Looks for segments that are kept for a few of their records, and are worth being written anew. Not safe for threads.
/// </summary>
/// <param name="segmentBytes">Bytes of a segment.</param>
/// <param name="maxBytes">Most bytes of all of them.</param>
internal sealed class SparseSegments(long segmentBytes, long maxBytes)
{
    private const int Small = 8;

    // Measuring reads a file: not all of them at once.
    private const int MeasuredAtOnce = 4;
    private const int MeasuredUrgently = 32;

    // Not before some bytes are gained, so that what is left is not written again for every segment; near a small
    // limit sooner.
    private readonly long _worth = Math.Min(4 * segmentBytes, Math.Max(segmentBytes / 2, maxBytes / 16));

    private readonly Dictionary<Segment, Look> _looks = [];

    /// <summary>
    /// The oldest adjacent segments (those apart that nobody needs) that can be written into one at a gain; null when
    /// there are none. To be asked again and again: what is still on its way is waited for, unless it is urgent.
    /// </summary>
    /// <param name="segments">All of them, oldest first.</param>
    /// <param name="readers">What everybody who reads them is done with.</param>
    /// <param name="measure">Bytes that are needed of a sealed segment; null when it is damaged.</param>
    /// <param name="isUrgent">There is no room: any gain will do, at any cost.</param>
    public IReadOnlyList<Segment>? Find(
        IReadOnlyList<Segment> segments, IReadOnlyList<CursorState> readers, Func<Segment, long?> measure,
        bool isUrgent = false)
    {
        var (worth, measurements) = isUrgent ? (segmentBytes / 2, MeasuredUrgently) : (_worth, MeasuredAtOnce);
        foreach (var gone in _looks.Keys.Except(segments).ToArray())
            _looks.Remove(gone);
        List<Segment> run = [];
        long bytes = 0, left = 0;
        // The newest one is never written anew.
        foreach (var segment in segments.SkipLast(1).Where(static segment => segment.IsSealed))
        {
            long[] each = [.. readers.Select(reader => reader.Undone(segment.Header.First, segment.Last))];
            var undone = each.Sum();
            // It goes by itself.
            if (undone == 0)
                continue;
            var look = _looks.GetValueOrDefault(segment);
            var isStill = look.Undone == undone;
            if (!isStill)
                look = new Look(undone, IsMeasured: false, null);
            // Who lags needs all of it: nothing to measure.
            var isWhole = each.Contains(segment.Last - segment.Header.First + 1);
            if (!look.IsMeasured && !isWhole && (isStill || isUrgent) && measurements-- > 0)
                look = new Look(undone, IsMeasured: true, measure(segment));
            _looks[segment] = look;
            var needed = IsSparse(segment, look) ? look.Bytes : null;
            if (needed is null || left + needed > segmentBytes)
            {
                if (bytes - left >= worth)
                    break;
                run.Clear();
                (bytes, left) = (0, 0);
            }

            if (needed is null)
                continue;
            run.Add(segment);
            bytes += segment.FileBytes;
            left += needed.Value;
        }

        return bytes - left >= worth ? run : null;
    }

    /// <summary>They cannot be written anew.</summary>
    public void NoteDamaged(IReadOnlyList<Segment> run)
    {
        foreach (var segment in run)
            _looks[segment] = _looks[segment] with { Bytes = null };
    }

    private bool IsSparse(Segment segment, Look look) =>
        look.Bytes <= segment.FileBytes / 2 || (look.Bytes is not null && segment.FileBytes <= segmentBytes / Small);

    /// <summary>A segment as it was seen.</summary>
    /// <param name="Undone">Positions in it that were not done, summed over the readers.</param>
    /// <param name="IsMeasured">That was so the next time too, and it was measured.</param>
    /// <param name="Bytes">Bytes that were needed of it; null when it was not measured, or is damaged.</param>
    private readonly record struct Look(long Undone, bool IsMeasured, long? Bytes);
}
