namespace InfluxMirror.Journal;

/// <summary>
/// One reader's place in the journal: what it reads next and what it is done with. Used by one thread at a time;
/// its owner's lock says which.
/// </summary>
public sealed class JournalCursor
{
    private readonly CompletedRanges _completed;
    private JournalRecord _last;
    private long _end = long.MaxValue;

    internal JournalCursor(string name, JournalRecord tail)
    {
        Name = name;
        _last = tail;
        tail.AddReaders(1);
        _completed = new CompletedRanges(tail.Position);
    }

    /// <summary>Whose it is; unique in its journal.</summary>
    public string Name { get; }

    /// <summary>The last position that was read.</summary>
    public long ReadThrough => _last.Position;

    /// <summary>Every position up to this one is done.</summary>
    public long LowWaterMark => _completed.LowWaterMark;

    /// <summary>
    /// The next entry, or null at the tail or at its own end. The reader keeps it until <see cref="Complete"/>.
    /// </summary>
    public JournalRecord? TryRead()
    {
        if (_last.Position >= Volatile.Read(ref _end))
            return null;
        var next = Volatile.Read(ref _last.Next);
        if (next is null)
            return null;
        _last.Leave();
        return _last = next;
    }

    /// <summary>The reader is done with an entry it read; the entry goes when all are.</summary>
    public void Complete(JournalRecord record)
    {
        _completed.Add(record.Position);
        record.LetGo();
    }

    /// <summary>Entries behind this position are not held for it, so it must not give them out.</summary>
    internal void EndAt(long position) => Volatile.Write(ref _end, position);
}
