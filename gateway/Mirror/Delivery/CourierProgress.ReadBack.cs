using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

// Records that are known by their position only, and have to be read once more.
internal sealed partial class CourierProgress
{
    /// <summary>
    /// Records of these positions, in order, as far as the disk gives them; the caller holds each. May take long.
    /// </summary>
    /// <param name="positions">
    /// Where they are, at least one; those that were given may be taken out of it.
    /// </param>
    /// <param name="damaged">Told of what cannot be read.</param>
    /// <exception cref="DiskException">The disk fails: they are to be asked for again.</exception>
    public IEnumerable<MirroredRecord> ReadBack(PositionRuns positions, Action<LogDamage> damaged)
    {
        var store = _journal.Store!;
        var first = positions.Min;
        using var reader = store.Log.OpenReader(first, damaged);
        for (var next = first; next != long.MaxValue && ReadOn(reader) is { } found;)
        {
            var isWanted = positions.Contains(found.Position);
            next = positions.Next(found.Position + 1);
            if (next != long.MaxValue)
                reader.PassTo(next);
            if (!isWanted)
            {
                found.Body.Release();
                continue;
            }

            if (store.Decode(found, damaged) is not MirroredRecord record)
                continue;
            _journal.Adopt(record, found.Position);
            yield return record;
        }
    }

    /// <summary>
    /// Records on disk from one position to another, both included; the caller holds each. May take long.
    /// </summary>
    /// <param name="first">Where to begin; nothing is given below.</param>
    /// <param name="last">Where to end.</param>
    /// <param name="damaged">Told of what cannot be read.</param>
    /// <exception cref="DiskException">As for the other one.</exception>
    public IEnumerable<MirroredRecord> ReadBack(long first, long last, Action<LogDamage> damaged)
    {
        var store = _journal.Store!;
        using var reader = store.Log.OpenReader(first, damaged);
        while (ReadOn(reader) is { } found)
        {
            if (found.Position > last)
            {
                found.Body.Release();
                yield break;
            }

            if (store.Decode(found, damaged) is not MirroredRecord record)
                continue;
            _journal.Adopt(record, found.Position);
            yield return record;
        }
    }

    /// <summary>The next record; what there is no patience for any more is given up, and told as damage.</summary>
    private LogRecord? ReadOn(SegmentReader reader)
    {
        while (true)
        {
            var place = reader.Next;
            try
            {
                var found = reader.TryRead();
                Patience.NoteRead(place);
                return found;
            }
            catch (DiskException failure)
            {
                if (!Patience.IsOver(place, failure))
                    throw;
                reader.SkipUnreadable();
            }
        }
    }
}
