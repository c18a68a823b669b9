namespace InfluxMirror.Journal;

/// <summary>
/// One entry of the journal. The journal knows its position, its bytes and who still needs it; what the entry means
/// is known to the type derived from it.
/// </summary>
public abstract class JournalRecord
{
    private readonly SharedBuffer _body;
    private int _holders;
    private bool _decided;
    private int _readers;

    /// <summary>An entry that takes over the caller's reference to <paramref name="body"/>.</summary>
    protected JournalRecord(SharedBuffer body)
    {
        _body = body;
    }

    /// <summary>Where it stands: 1 for the first entry ever, growing, never reused; 0 before it is appended.</summary>
    public long Position { get; internal set; }

    /// <summary>When it was appended: a timestamp of the journal's <see cref="TimeProvider"/>.</summary>
    public long AppendedAt { get; internal set; }

    /// <summary>Bytes it counts against the journal's limit, from the moment it is appended.</summary>
    public int Size { get; private set; }

    /// <summary>Memory it takes beside its body, an estimate that makes the bound on bytes honest.</summary>
    protected virtual int Overhead => 256;

    /// <summary>Its bytes, as every destination gets them.</summary>
    public SharedBuffer Body => _body;

    /// <summary>Some reader has decided about it, for good or ill.</summary>
    public bool IsDecided => Volatile.Read(ref _decided);

    /// <summary>The entry after this one; null at the tail.</summary>
    internal JournalRecord? Next;

    /// <summary>The journal it counts in.</summary>
    internal Journal? Journal { get; set; }

    /// <summary>One more part of the program keeps the entry (a cursor, a parked queue, a waiting client).</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>One keeper less; after the last one the bytes are gone and no longer counted.</summary>
    public void LetGo()
    {
        var left = Interlocked.Decrement(ref _holders);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left > 0)
            return;
        Journal?.Forget(this);
        _body.Release();
    }

    /// <summary>Fixes its <see cref="Size"/>.</summary>
    internal void Measure() => Size = _body.Capacity + Overhead;

    /// <summary>So many cursors will stand on this entry before they go on.</summary>
    internal void AddReaders(int count) => Interlocked.Add(ref _readers, count);

    /// <summary>
    /// A cursor goes on to the next entry. The last one cuts the link: an old entry that the collector has not
    /// found yet would otherwise keep every later one alive.
    /// </summary>
    internal void Leave()
    {
        if (Interlocked.Decrement(ref _readers) == 0)
            Volatile.Write(ref Next, null);
    }

    /// <summary>Notes that a reader has decided about it.</summary>
    public void NoteDecided() => Volatile.Write(ref _decided, true);
}
