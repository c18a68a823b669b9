namespace InfluxMirror.Journal;

/// <summary>
/// The newest records of a journal, in memory: a ring in which a position is an index. All state belongs to the
/// journal's lock.
/// </summary>
internal sealed class RecentRecords(long tail)
{
    private JournalRecord?[] _ring = new JournalRecord?[256];
    private int _count;

    /// <summary>The lowest position that is here, or that of the next record when none is.</summary>
    public long First { get; private set; } = tail + 1;

    /// <summary>Bytes of the records here.</summary>
    public long Bytes { get; private set; }

    /// <summary>The highest position that was ever here.</summary>
    public long Last => First + _count - 1;

    /// <summary>The oldest record; null when there is none.</summary>
    public JournalRecord? Oldest => _count > 0 ? this[First] : null;

    /// <summary>The record at a position from <see cref="First"/> to <see cref="Last"/>.</summary>
    public JournalRecord this[long position] => _ring[Slot(position)]!;

    /// <summary>Appends the record of the next position.</summary>
    public void Add(JournalRecord record)
    {
        if (_count == _ring.Length)
            Grow();
        _count++;
        _ring[Slot(record.Position)] = record;
        Bytes += record.Size;
    }

    /// <summary>Takes out the oldest record.</summary>
    public JournalRecord RemoveOldest()
    {
        var record = this[First];
        _ring[Slot(First)] = null;
        First++;
        _count--;
        Bytes -= record.Size;
        return record;
    }

    private void Grow()
    {
        var larger = new JournalRecord?[_ring.Length * 2];
        for (var position = First; position <= Last; position++)
            larger[(int)(position & (larger.Length - 1))] = this[position];
        _ring = larger;
    }

    private int Slot(long position) => (int)(position & (_ring.Length - 1));
}
