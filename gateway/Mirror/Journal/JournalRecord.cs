using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// One entry of the journal. The journal knows its position, its bytes and who still needs it; what the entry means
/// is known to the type derived from it.
/// </summary>
public abstract class JournalRecord
{
    private readonly SharedBuffer _body;
    private int _holders;
    private int _unsettled;
    private bool _expendable;

    /// <summary>An entry that takes over the caller's reference to <paramref name="body"/>.</summary>
    protected JournalRecord(SharedBuffer body)
    {
        _body = body;
    }

    /// <summary>
    /// Where it stands: growing, never reused, 1 for the first entry of a new journal; 0 before it is appended.
    /// </summary>
    public long Position { get; private set; }

    /// <summary>When it was appended: a timestamp of the journal's <see cref="TimeProvider"/>.</summary>
    public long AppendedAt { get; private set; }

    /// <summary>When it was accepted, by the wall clock; set when it is appended.</summary>
    public DateTimeOffset AcceptedAt { get; protected internal set; }

    /// <summary>Bytes it counts in memory, from the moment it is appended or read back.</summary>
    public int Size { get; private set; }

    /// <summary>Memory it takes beside its body: without it a bound on bytes is none for small records.</summary>
    protected virtual int Overhead => 256;

    /// <summary>Its bytes, as every destination gets them.</summary>
    public SharedBuffer Body => _body;

    /// <summary>A journal that is full for others has room for a few like this one.</summary>
    protected virtual bool IsVital => false;

    /// <summary>
    /// Some reader has it, or it was refused and whoever sent it was told so: when there is no room, others may go
    /// without.
    /// </summary>
    public bool IsExpendable => Volatile.Read(ref _expendable);

    /// <summary>Every reader it was appended for is done with it.</summary>
    internal bool IsSettled => Volatile.Read(ref _unsettled) == 0;

    /// <summary>It is written also when every reader is done with it: somebody who is absent will read it.</summary>
    internal bool MustBeWritten { get; private set; }

    /// <summary>
    /// Something older that is not done yet may be written, and read again after a crash: it must not be without this.
    /// Called before a reader is done with it.
    /// </summary>
    internal void Keep()
    {
        MustBeWritten = true;
        Journal?.MarkDue(this);
    }

    /// <summary>Cursors that have not read it yet. Belongs to the journal's lock.</summary>
    internal int Unread { get; set; }

    /// <summary>It on its way to the disk; null when the journal is in memory, and when it was read back.</summary>
    internal LogEntry? Entry { get; private set; }

    /// <summary>The journal it counts in.</summary>
    private Journal? Journal { get; set; }

    /// <summary>What kind of record it is, on disk.</summary>
    protected virtual byte KindOnDisk => 0;

    /// <summary>Everything but the body, as it goes to the disk.</summary>
    protected virtual ReadOnlyMemory<byte> EncodeHeader() => default;

    /// <summary>One more part of the program keeps the entry (a cursor, a parked queue, a waiting client).</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>One keeper less; after the last one the bytes are gone and no longer counted.</summary>
    public void LetGo() => LetGo(1);

    /// <summary>Notes that others may go without it.</summary>
    public void NoteExpendable() => Volatile.Write(ref _expendable, true);

    /// <summary>So many keepers less.</summary>
    internal void LetGo(int keepers)
    {
        var left = Interlocked.Add(ref _holders, -keepers);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left > 0 || keepers == 0)
            return;
        Journal?.Forget(this);
        _body.Release();
    }

    /// <summary>Fixes its <see cref="Size"/>.</summary>
    internal void Measure() => Size = _body.Capacity + Overhead;

    /// <summary>Fixes its bytes on disk.</summary>
    internal void Encode() => Entry = new LogEntry(KindOnDisk, EncodeHeader(), _body) { IsVital = IsVital };

    /// <summary>It has a place, and so many cursors keep it.</summary>
    internal void Place(Journal journal, long position, long appendedAt, int cursors, bool mustBeWritten)
    {
        MustBeWritten = mustBeWritten;
        Journal = journal;
        Position = position;
        AppendedAt = appendedAt;
        Unread = _unsettled = cursors;
        Interlocked.Add(ref _holders, cursors);
        if (mustBeWritten)
            journal.MarkDue(this);
    }

    /// <summary>One of the readers it was appended for is done with it.</summary>
    internal void Settle()
    {
        if (Interlocked.Decrement(ref _unsettled) == 0)
            Journal?.Settled(this);
    }
}
