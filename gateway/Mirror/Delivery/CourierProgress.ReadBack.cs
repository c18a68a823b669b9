using System.Collections.Concurrent;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

// Records that are known by their position only, and have to be read once more.
internal sealed partial class CourierProgress
{
    // Places of a failing disk beyond that are forgotten, all of them, and tried once more.
    private const int MostUnreadable = 10_000;

    // Where the disk failed to give records, by the first that was wanted. Several look for theirs at a time.
    private readonly ConcurrentDictionary<long, bool> _unreadable = new();

    /// <summary>
    /// Records of these positions, in order, as far as the disk gives them; the caller holds each. May take long.
    /// </summary>
    /// <param name="positions">
    /// Where they are, at least one; those that were given may be taken out of it.
    /// </param>
    /// <param name="damaged">Told of what cannot be read.</param>
    /// <exception cref="DiskException">The disk fails. When it does so again for the same records, they are given up.
    /// </exception>
    public IEnumerable<MirroredRecord> ReadBack(PositionRuns positions, Action<LogDamage> damaged)
    {
        var store = _journal.Store!;
        var first = positions.Min;
        using var reader = store.Log.OpenReader(first, damaged);
        for (var next = first; next != long.MaxValue && ReadOn(reader, first) is { } found;)
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
        while (ReadOn(reader, first) is { } found)
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

    /// <summary>
    /// The next record; what the disk fails to give twice, for longer than there is patience, is given up, and told as
    /// damage.
    /// </summary>
    private LogRecord? ReadOn(SegmentReader reader, long first)
    {
        while (true)
        {
            try
            {
                return reader.TryRead();
            }
            catch (DiskException failure)
            {
                if (Patience.IsOver(failure) && _unreadable.ContainsKey(first))
                {
                    reader.SkipUnreadable();
                    continue;
                }

                if (_unreadable.Count >= MostUnreadable)
                    _unreadable.Clear();
                _unreadable[first] = true;
                throw;
            }
        }
    }
}
