namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Records that were appended since the last step of the writer, in order. What everybody has mostly goes from here,
/// soon and in order, so that it is gone before the garbage collector looks. Belongs to the log's lock, but for
/// <see cref="Bytes"/>.
/// </summary>
internal sealed class PendingEntries
{
    private readonly Queue<LogEntry> _entries = new();
    private long _bytes;

    /// <summary>Bytes they would take on disk.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(LogEntry entry)
    {
        _entries.Enqueue(entry);
        Interlocked.Add(ref _bytes, entry.Size);
    }

    /// <summary>Forgets the oldest as far as they were left out. The position of the last of these; 0 for none.
    /// </summary>
    public long ForgetLeftOut()
    {
        var through = 0L;
        while (_entries.TryPeek(out var oldest) && oldest.IsLeftOut)
        {
            through = oldest.Position;
            Interlocked.Add(ref _bytes, -oldest.Size);
            _entries.Dequeue();
        }

        return through;
    }

    /// <summary>They are the writer's from now on.</summary>
    public void MoveTo(List<LogEntry> staged)
    {
        staged.AddRange(_entries);
        _entries.Clear();
        Interlocked.Exchange(ref _bytes, 0);
    }

    /// <inheritdoc cref="LogCore.AnswerUnsafe"/>
    public void AnswerUnsafe()
    {
        foreach (var entry in _entries)
            entry.Answer(isSafe: false);
    }
}
