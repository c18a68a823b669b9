namespace InfluxMirror.Journal;

/// <summary>
/// The append-only log of a cluster, shared by its destinations: each has a cursor, reads in order, and completes
/// entries in any order. An entry goes when nobody needs it. Safe for any number of threads.
/// </summary>
public sealed class Journal
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private JournalRecord _tail = new Origin();
    private JournalCursor[] _cursors = [];
    private long _limitBytes;
    private long _bytes;

    /// <summary>An empty journal that holds at most <paramref name="limitBytes"/>.</summary>
    public Journal(long limitBytes, TimeProvider time)
    {
        _limitBytes = limitBytes;
        _time = time;
    }

    /// <summary>Bytes held now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Most bytes it may hold; a lower value takes effect as entries go.</summary>
    public long LimitBytes
    {
        get => Interlocked.Read(ref _limitBytes);
        set => Interlocked.Exchange(ref _limitBytes, value);
    }

    /// <summary>The position of the newest entry; 0 when there never was one.</summary>
    public long Tail => Volatile.Read(ref _tail).Position;

    /// <summary>
    /// Appends an entry, gives it its position, and makes every cursor hold it. False, and nothing done, when its
    /// bytes do not fit; an entry always fits into an empty journal.
    /// </summary>
    public bool TryAppend(JournalRecord record)
    {
        record.Measure();
        lock (_gate)
        {
            if (_bytes > 0 && _bytes + record.Size > _limitBytes)
                return false;
            record.Journal = this;
            record.Position = _tail.Position + 1;
            record.AppendedAt = _time.GetTimestamp();
            record.AddReaders(_cursors.Length);
            for (var i = 0; i < _cursors.Length; i++)
                record.Hold();
            Interlocked.Add(ref _bytes, record.Size);
            // Readers follow Next without the lock: the entry is complete before it becomes visible.
            Volatile.Write(ref _tail.Next, record);
            Volatile.Write(ref _tail, record);
            return true;
        }
    }

    /// <summary>A new cursor that reads from the tail on.</summary>
    /// <exception cref="InvalidOperationException">There is one of that name.</exception>
    public JournalCursor OpenCursor(string name)
    {
        lock (_gate)
        {
            if (_cursors.Any(cursor => cursor.Name == name))
                throw new InvalidOperationException($"The journal has a cursor named '{name}' already.");
            var cursor = new JournalCursor(name, _tail);
            _cursors = [.. _cursors, cursor];
            return cursor;
        }
    }

    /// <summary>
    /// Ends a cursor: entries appended from now on are not held for it. The caller completes what it has read and
    /// what <see cref="JournalCursor.TryRead"/> still gives.
    /// </summary>
    public void CloseCursor(JournalCursor cursor)
    {
        lock (_gate)
        {
            _cursors = [.. _cursors.Where(other => other != cursor)];
            cursor.EndAt(_tail.Position);
        }
    }

    /// <summary>An entry that nobody holds counts no more.</summary>
    internal void Forget(JournalRecord record) => Interlocked.Add(ref _bytes, -record.Size);

    /// <summary>Stands before the first entry, so that there always is a tail.</summary>
    private sealed class Origin() : JournalRecord(SharedBuffer.Rent(0));
}
