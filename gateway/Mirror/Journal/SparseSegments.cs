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

    // Not before some bytes are gained, so that what is left is not written again for every segment; near a small
    // limit sooner.
    private readonly long _worth = Math.Min(4 * segmentBytes, Math.Max(segmentBytes / 2, maxBytes / 16));

    // Undone positions of segments of which more was left than it seemed.
    private readonly Dictionary<Segment, long> _dense = [];

    /// <summary>
    /// The oldest adjacent segments (those apart that nobody needs) that can be written into one at a gain, and most
    /// bytes it may come to; null when there are none.
    /// </summary>
    /// <param name="segments">All of them, oldest first.</param>
    /// <param name="readers">What everybody who reads them is done with.</param>
    public (IReadOnlyList<Segment> Run, long MaxBytes)? Find(
        IReadOnlyList<Segment> segments, IReadOnlyList<CursorState> readers)
    {
        foreach (var gone in _dense.Keys.Except(segments).ToArray())
            _dense.Remove(gone);
        List<Segment> run = [];
        long bytes = 0, left = 0;
        // The newest one is never written anew.
        foreach (var segment in segments.SkipLast(1))
        {
            var undone = Undone(segment, readers);
            // It goes by itself.
            if (undone == 0 && segment.IsSealed)
                continue;
            var needed = Needed(segment, undone);
            if (needed is null || left + needed > segmentBytes)
            {
                if (bytes - left >= _worth)
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

        return bytes - left >= _worth ? (run, bytes - (_worth / 2)) : null;
    }

    /// <summary>Something in there is damaged, or it comes to more than it seemed: not again before more is done.
    /// </summary>
    public void NoteDense(IReadOnlyList<Segment> run, IReadOnlyList<CursorState> readers)
    {
        foreach (var segment in run)
            _dense[segment] = Undone(segment, readers);
    }

    /// <summary>Bytes that are needed of a segment, as far as one can tell; null when it is to stay as it is.</summary>
    private long? Needed(Segment segment, long undone)
    {
        if (!segment.IsSealed)
            return null;
        if (_dense.TryGetValue(segment, out var before) && undone > before / 2)
            return null;
        // Records differ in size: this says no more than how many are left.
        var share = Math.Min(1, (double)undone / (segment.Last - segment.Header.First + 1));
        var needed = SegmentFormat.DataStart + (long)(share * (segment.End - SegmentFormat.DataStart));
        return needed <= segment.FileBytes / 2 || segment.FileBytes <= segmentBytes / Small ? needed : null;
    }

    private static long Undone(Segment segment, IReadOnlyList<CursorState> readers)
    {
        var undone = 0L;
        foreach (var reader in readers)
            undone += reader.Undone(segment.Header.First, segment.Last);
        return undone;
    }
}
