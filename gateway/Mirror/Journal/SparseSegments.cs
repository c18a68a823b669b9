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
    /// The oldest adjacent segments that can be written into one at a gain; null when there are none. To be asked again
    /// and again: what is still on its way is waited for, unless it is urgent.
    /// </summary>
    /// <param name="segments">All of them, oldest first.</param>
    /// <param name="readers">What everybody who reads them is done with.</param>
    /// <param name="measure">Bytes that are needed of a sealed segment; null when it is damaged.</param>
    /// <param name="isUrgent">There is no room: any gain will do, at any cost.</param>
    public IReadOnlyList<Segment>? Find(
        IReadOnlyList<Segment> segments, IReadOnlyList<CursorState> readers, Func<Segment, long?> measure,
        bool isUrgent)
    {
        var (worth, measurements) = isUrgent ? (segmentBytes / 2, MeasuredUrgently) : (_worth, MeasuredAtOnce);
        foreach (var gone in _looks.Keys.Except(segments).ToArray())
            _looks.Remove(gone);
        var (first, count) = (0, 0);
        long bytes = 0, left = 0;
        // The newest one is never written anew.
        for (var i = 0; i < segments.Count - 1; i++)
        {
            var segment = segments[i];
            var needed = Needed(segment, readers, measure, isUrgent, ref measurements);
            if (needed is null || left + needed > segmentBytes)
            {
                if (bytes - left >= worth)
                    break;
                (count, bytes, left) = (0, 0, 0);
            }

            if (needed is null)
                continue;
            if (count == 0)
                first = i;
            count++;
            bytes += segment.FileBytes;
            left += needed.Value;
        }

        return bytes - left >= worth ? [.. segments.Skip(first).Take(count)] : null;
    }

    /// <summary>It cannot be written anew.</summary>
    public void NoteDamaged(Segment segment) => _looks[segment] = _looks[segment] with { Bytes = null };

    /// <summary>Bytes that are needed of a segment; null when it is to stay as it is, or goes by itself.</summary>
    private long? Needed(
        Segment segment, IReadOnlyList<CursorState> readers, Func<Segment, long?> measure, bool isUrgent,
        ref int measurements)
    {
        long[] each = [.. readers.Select(reader => reader.Undone(segment.Header.First, segment.Last))];
        // Who lags needs all of it.
        if (!segment.IsSealed || each.Sum() == 0 || each.Contains(segment.Last - segment.Header.First + 1))
            return null;
        var look = _looks.GetValueOrDefault(segment);
        var isStill = look.Undone == each.Sum();
        if (!isStill)
            look = new Look(each.Sum(), IsMeasured: false, null);
        if (!look.IsMeasured && (isStill || isUrgent) && measurements-- > 0)
            look = new Look(each.Sum(), IsMeasured: true, measure(segment));
        _looks[segment] = look;
        return look.Bytes <= segment.FileBytes / 2 || segment.FileBytes <= segmentBytes / Small ? look.Bytes : null;
    }

    /// <summary>A segment as it was seen.</summary>
    /// <param name="Undone">Positions in it that were not done, summed over the readers.</param>
    /// <param name="IsMeasured">That was so the next time too, and it was measured.</param>
    /// <param name="Bytes">Bytes that were needed of it; null when it was not measured, or is damaged.</param>
    private readonly record struct Look(long Undone, bool IsMeasured, long? Bytes);
}
