using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// Parked records of which only the journal on disk has the bytes. There may be as many as the journal holds, so that
/// of each only the position is kept (<see cref="PositionRuns"/>). All state belongs to the courier's lock.
/// </summary>
internal sealed class ParkedOnDisk
{
    /// <summary>Of this many at most the positions are copied to read them.</summary>
    public const int MostAtOnce = 4096;

    private readonly PositionRuns _positions = new();

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>How many more there were that cannot be read.</summary>
    public long Lost { get; private set; }

    /// <summary>Points of all of them; when none is left, of those that were lost.</summary>
    public long Points { get; private set; }

    /// <summary>The same of their bytes, see <see cref="MirroredRecord.Bytes"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>
    /// When the oldest was appended, or the last one before it, see <see cref="JournalRecord.AppendedAt"/>; null when
    /// there is none.
    /// </summary>
    public long? OldestAt { get; private set; }

    /// <summary>Position of the oldest; there is one.</summary>
    public long First => _positions.Min;

    /// <summary>Adds a record.</summary>
    public void Add(MirroredRecord record)
    {
        if (Count == 0 || record.Position < First)
            OldestAt = record.AppendedAt;
        _positions.Add(record.Position, record.Position);
        Count++;
        Points += record.Points;
        Bytes += record.Bytes;
    }

    /// <summary>Takes over all that another one has.</summary>
    public void TakeOver(ParkedOnDisk other)
    {
        if (OldestAt is null || other.OldestAt < OldestAt)
            OldestAt = other.OldestAt;
        foreach (var run in other._positions)
            _positions.Add(run.From, run.To);
        Count += other.Count;
        Lost += other.Lost;
        Points += other.Points;
        Bytes += other.Bytes;
        other.Clear();
    }

    /// <summary>Takes out a record; false when it is not there.</summary>
    public bool Remove(MirroredRecord record)
    {
        var isFirst = Count > 0 && record.Position == First;
        if (!_positions.Remove(record.Position))
            return false;
        if (isFirst)
            OldestAt = --Count > 0 ? record.AppendedAt : null;
        else
            Count--;
        Points -= record.Points;
        Bytes -= record.Bytes;
        return true;
    }

    /// <summary>
    /// Those of these positions cannot be read, and are no longer there. What they come to is known when no other is
    /// left.
    /// </summary>
    public List<long> Lose(PositionRuns unread)
    {
        List<long> lost = [];
        foreach (var run in unread.Shared(_positions, long.MaxValue))
        {
            for (var position = run.From; position <= run.To; position++)
                lost.Add(position);
        }

        foreach (var position in lost)
            _positions.Remove(position);
        Count -= lost.Count;
        Lost += lost.Count;
        if (Count == 0)
            OldestAt = null;
        return lost;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _positions.Clear();
        (Count, Lost, Points, Bytes, OldestAt) = (0, 0, 0, 0, null);
    }

    /// <summary>Positions of the oldest ones.</summary>
    /// <param name="through">None above.</param>
    /// <param name="count">No more than so many.</param>
    public PositionRuns Next(long through, int count = MostAtOnce) => _positions.Lowest(count, through);

    /// <summary>Which of these positions are there, up to one.</summary>
    public IEnumerable<PositionRange> Among(PositionRuns positions, long through) =>
        positions.Shared(_positions, through);
}
