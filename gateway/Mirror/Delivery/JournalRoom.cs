using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// How much room a journal is to have for what comes: below its limit, and on a disk whose reserve is near. So much
/// that nothing is refused while housekeeping makes more. Used by one thread.
/// </summary>
/// <param name="segmentBytes">Bytes of a segment.</param>
/// <param name="spares">Files that the log keeps for another use when their records go.</param>
internal sealed class JournalRoom(int segmentBytes, int spares)
{
    // What is given up is read for the ledger in one round of housekeeping and goes in a later one.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    private TimeSpan _at;
    private long _written;
    private double _rate;

    /// <summary>Takes how much was written so far: what comes fast needs more room.</summary>
    /// <param name="now">Time on a clock that only runs forward.</param>
    /// <param name="written">Bytes.</param>
    public void Note(TimeSpan now, long written)
    {
        if (now - _at < Shortest)
            return;
        // A pause between two bursts does not say that the next one is slow.
        _rate = Math.Max((written - _written) / (now - _at).TotalSeconds, _rate * 0.9);
        (_at, _written) = (now, written);
    }

    /// <summary>
    /// Bytes of segments that are too many; none or less than none when there is room. Nothing is dropped for a record
    /// that would not fit at all.
    /// </summary>
    /// <param name="usage">What the log takes and may take.</param>
    /// <param name="refused">Bytes on disk of a record that was refused; 0 for none.</param>
    public long Missing(LogUsage usage, long refused) =>
        Math.Max(MissingBelowLimit(usage, refused), MissingOnDisk(usage));

    private long MissingBelowLimit(LogUsage usage, long refused)
    {
        var room = Math.Max(
            Math.Max(usage.MaxBytes / 32, 3L * segmentBytes), Math.Min(ComingBytes, usage.MaxBytes / 2));
        if (refused > 0)
        {
            // As the log counts it: in whole files, beside one that is kept for what is vital.
            var data = segmentBytes - SegmentFormat.DataStart;
            var files = (refused + usage.WaitingBytes + data - 1) / data;
            var wanted = (files + 1) * segmentBytes;
            room = wanted <= usage.MaxBytes ? Math.Max(room, wanted) : room;
        }

        return usage.SegmentBytes - usage.MaxBytes + room;
    }

    /// <summary>
    /// Below the reserve others took the space, and giving all of it back might not be enough: there the journal goes
    /// on with the files it has.
    /// </summary>
    private long MissingOnDisk(LogUsage usage)
    {
        var above = usage.FreeBytes - usage.ReserveBytes;
        var least = (long)spares * segmentBytes;
        var room = above < 0 ? least : Math.Max(least, Math.Min(ComingBytes, usage.SegmentBytes / 2));
        return room - usage.SpareBytes - Math.Max(0, above);
    }

    private long ComingBytes => (long)(_rate * Ahead.TotalSeconds);
}
