using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// One reader's place in the journal: what it reads next and what it is done with. Used by one thread at a time, its
/// owner's lock says which; only <see cref="ReadBack"/> is called outside that lock.
/// </summary>
public sealed class JournalCursor
{
    private readonly Journal _journal;
    private readonly CompletedRanges _completed;
    private SegmentReader? _reader;
    private long _readThrough;
    private long _end = long.MaxValue;

    internal JournalCursor(
        string name, Journal journal, CompletedRanges completed, long joined, Action<JournalRecord> appended)
    {
        Name = name;
        _journal = journal;
        _completed = completed;
        _readThrough = completed.LowWaterMark;
        Joined = joined;
        Appended = appended;
    }

    /// <summary>Whose it is; unique in its journal.</summary>
    public string Name { get; }

    /// <summary>The last position that was read.</summary>
    public long ReadThrough
    {
        get => Interlocked.Read(ref _readThrough);
        internal set => Interlocked.Exchange(ref _readThrough, value);
    }

    /// <summary>Every position up to this one is done.</summary>
    public long LowWaterMark => _completed.LowWaterMark;

    /// <summary>What it reads next is on disk only: <see cref="ReadBack"/> gives it.</summary>
    public bool IsBehind => _journal.IsBehind(this);

    /// <summary>Entries behind this position are held for it.</summary>
    internal long Joined { get; }

    /// <summary>Told of each entry as it is appended.</summary>
    internal Action<JournalRecord> Appended { get; }

    /// <summary>Positions above this one are not held for it.</summary>
    internal long End => Volatile.Read(ref _end);

    /// <summary>
    /// The next entry in memory, or null: at the tail, at its own end, and while it is behind. The reader keeps it
    /// until <see cref="Complete"/>.
    /// </summary>
    public JournalRecord? TryRead() => _journal.Read(this);

    /// <summary>The reader is done with an entry it read; the entry goes when all are.</summary>
    public void Complete(JournalRecord record)
    {
        _completed.Add(record.Position);
        record.Settle();
        record.LetGo();
    }

    /// <summary>The reader is done with an entry that it let go of before.</summary>
    internal void CompleteReleased(long position) => _completed.Add(position);

    /// <summary>There is nothing for it between two positions, both included.</summary>
    internal void PassOver(long from, long through) => _completed.AddRange(from, through);

    /// <summary>Reads on in what is on disk. May take long; by one thread at a time.</summary>
    /// <param name="damaged">Told of what cannot be read.</param>
    /// <exception cref="DiskException">
    /// The disk fails; the next call tries again, <see cref="SkipUnreadable"/> gives it up.
    /// </exception>
    internal ReadBackStep ReadBack(Action<LogDamage> damaged)
    {
        var store = _journal.Store!;
        // It may have gone on in memory since it read here last.
        if (_reader?.Next <= ReadThrough)
            StopReading();
        _reader ??= store.Log.OpenReader(ReadThrough + 1, damaged);
        // Before the read: what is found missing afterwards was missing then.
        var durable = store.Log.DurableThrough;
        var found = _reader.TryRead();
        var rejoined = _journal.Rejoin(this, found?.Position ?? durable + 1);
        if (rejoined >= 0 || found is null)
        {
            found?.Body.Release();
            if (rejoined >= 0)
                StopReading();
            return new ReadBackStep(null, rejoined);
        }

        var record = store.Decode(found, damaged);
        if (record is not null)
            _journal.Adopt(record, found.Position);
        return new ReadBackStep(record, found.Position);
    }

    /// <summary>Gives up what the disk refuses to read.</summary>
    internal void SkipUnreadable() => _reader?.SkipUnreadable();

    /// <summary>
    /// Takes over what <see cref="ReadBack"/> found, under the owner's lock: false when it was done before, or the
    /// cursor has ended, and then it is let go. Positions passed over hold nothing for anybody.
    /// </summary>
    internal bool Accept(in ReadBackStep step)
    {
        var isNext = step.Through > ReadThrough && step.Through <= End;
        var isDue = isNext && step.Record is not null && !_completed.Contains(step.Through);
        if (isNext)
        {
            _completed.AddRange(ReadThrough + 1, step.Record is null ? step.Through : step.Through - 1);
            ReadThrough = step.Through;
        }

        if (!isDue)
            step.Record?.LetGo();
        return isDue;
    }

    /// <summary>Whether a position is done.</summary>
    internal bool IsDone(long position) => _completed.Contains(position);

    /// <summary>Whether every position from one to another is done.</summary>
    internal bool IsDone(long first, long last) => _completed.Contains(first, last);

    /// <summary>What is done between two positions, both included, in order.</summary>
    internal List<PositionRange> Done(long from, long through) => _completed.Runs(from, through);

    /// <summary>How many positions between two, both included, are not done.</summary>
    internal long CountUndone(long from, long through) => _completed.CountUndone(from, through);

    /// <summary>The first position from one on that is not done.</summary>
    internal long NextUndone(long from) => _completed.Next(Math.Max(from, LowWaterMark + 1), done: false);

    /// <summary>The first position from one on that is done, which is above the mark.</summary>
    internal long NextDone(long from) => _completed.Next(from, done: true);

    /// <summary>Positions below this one are given to it by <see cref="ReadBack"/> only.</summary>
    internal long InMemoryFrom => _journal.InMemoryFrom(this);

    /// <summary>Somebody will read back from disk what this cursor has read.</summary>
    internal void DemandDurable() => _journal.DemandDurable(ReadThrough);

    /// <summary>What is to be saved of it.</summary>
    internal CursorState State(ReadOnlyMemory<byte> extra) => CursorState.Of(_completed, extra);

    /// <summary>It need not look at anything up to here, whatever it has read.</summary>
    internal void EndAt(long position) => Volatile.Write(ref _end, position);

    /// <summary>Closes the file it reads, if it does.</summary>
    internal void StopReading()
    {
        _reader?.Dispose();
        _reader = null;
    }
}

/// <summary>What came of reading on in the log on disk.</summary>
/// <param name="Record">The next record; null when there is none.</param>
/// <param name="Through">Its position; or, without one, the last position that need not be looked at, or -1.</param>
internal readonly record struct ReadBackStep(JournalRecord? Record, long Through);
