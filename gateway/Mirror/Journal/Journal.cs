using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// The append-only log of a cluster, shared by its destinations: each has a cursor, reads in order, and completes
/// entries in any order. The newest entries are in memory; with a log on disk that is all that is, else it is
/// everything there is. Safe for any number of threads.
/// </summary>
public sealed class Journal
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly JournalStore? _store;
    private readonly RecentRecords _recent;
    private readonly AcceptanceTimes _accepted;
    private JournalCursor[] _cursors = [];
    private long _limitBytes;
    private long _bytes;
    private long _tail;

    /// <summary>An empty journal in memory, that holds at most <paramref name="limitBytes"/>.</summary>
    public Journal(long limitBytes, TimeProvider time)
    {
        _limitBytes = limitBytes;
        _time = time;
        _recent = new RecentRecords(0);
        _accepted = new AcceptanceTimes(time, 0);
    }

    /// <summary>
    /// A journal that goes on where <paramref name="store"/> ends, and keeps its newest entries in memory, about
    /// <paramref name="limitBytes"/>.
    /// </summary>
    public Journal(JournalStore store, long limitBytes, TimeProvider time)
    {
        _limitBytes = limitBytes;
        _time = time;
        _store = store;
        _tail = store.Log.Tail;
        _recent = new RecentRecords(_tail);
        _accepted = new AcceptanceTimes(time, _tail);
    }

    /// <summary>The part on disk; null when all is in memory.</summary>
    public JournalStore? Store => _store;

    /// <summary>Bytes held in memory now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes of records kept in memory; a lower value takes effect as entries go.</summary>
    public long LimitBytes
    {
        get => Interlocked.Read(ref _limitBytes);
        set => Interlocked.Exchange(ref _limitBytes, value);
    }

    /// <summary>The position of the newest entry; 0 when there never was one.</summary>
    public long Tail => Interlocked.Read(ref _tail);

    /// <summary>
    /// Appends an entry, gives it its position, and makes every cursor hold it. Nothing is done unless the outcome is
    /// <see cref="AppendOutcome.Appended"/>. An entry always fits into an empty journal in memory.
    /// </summary>
    public AppendOutcome TryAppend(JournalRecord record)
    {
        // Checksums are the business of the thread that has the bytes, not of the lock.
        record.Measure();
        record.AcceptedAt = _time.GetUtcNow();
        var now = _time.GetTimestamp();
        if (_store is not null)
            record.Encode();
        lock (_gate)
        {
            var outcome = Admit_NeedsLock(record);
            if (outcome != AppendOutcome.Appended)
                return outcome;
            record.Place(
                this, record.Entry?.Position ?? _tail + 1, now, _cursors.Length, _store?.HasAbsent ?? false);
            _accepted.Note(record.Position, record.AcceptedAt, now);
            Interlocked.Add(ref _bytes, record.Size);
            _recent.Add(record);
            Interlocked.Exchange(ref _tail, record.Position);
            foreach (var cursor in _cursors)
                cursor.Appended(record);
            Tidy_NeedsLock();
            if (_store is not null)
                Evict_NeedsLock(_store.Log.DurableThrough);
            return AppendOutcome.Appended;
        }
    }

    /// <summary>Whether <paramref name="record"/> is safe: durable, or done with by every reader.</summary>
    public bool IsSafe(JournalRecord record) =>
        _store is null || IsSettledForGood(record) || _store.Log.DurableThrough >= record.Position;

    /// <summary>
    /// Calls <paramref name="answer"/> when <paramref name="record"/> is safe: true. With false when it cannot be made
    /// durable now; it stays all the same, and may be safe by the other way (<see cref="IsSafe"/>).
    /// </summary>
    /// <param name="record">A record that was appended.</param>
    /// <param name="answer">Called once, from any thread, maybe at once; must return at once.</param>
    public void WhenSafe(JournalRecord record, Action<bool> answer)
    {
        if (IsSafe(record))
            answer(true);
        else
            _store!.Log.WhenDurable(record.Entry!, answer);
    }

    /// <summary>Every reader is done with it, and none would get something older again after a crash.</summary>
    private bool IsSettledForGood(JournalRecord record) =>
        record is { IsSettled: true, MustBeWritten: false } && !_store!.Log.MayRepeat;

    /// <summary>Somebody will wait for everything up to here to be durable.</summary>
    public void DemandDurable(long position) => _store?.Log.Demand(position);

    /// <summary>
    /// A new cursor: it goes on where one of its name was saved, or reads from the tail on.
    /// </summary>
    /// <param name="name">Its name; the case of letters makes no difference.</param>
    /// <param name="appended">Told of each entry as it is appended; must return at once.</param>
    /// <param name="fromStart">Nothing is saved, but it had been here: it reads all there is.</param>
    /// <exception cref="InvalidOperationException">There is one of that name.</exception>
    public JournalCursor OpenCursor(string name, Action<JournalRecord>? appended = null, bool fromStart = false)
    {
        lock (_gate)
        {
            if (_cursors.Any(cursor => cursor.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                throw new InvalidOperationException($"The journal has a cursor named '{name}' already.");
            var saved = _store?.Saved(name);
            var completed = saved?.ToRanges() ?? new CompletedRanges(fromStart ? _store?.First - 1 ?? 0 : _tail);
            var cursor = new JournalCursor(name, this, completed, _tail, appended ?? (static _ => { }));
            // It reads the disk up to where it begins to be counted, and that has to get there.
            if (completed.LowWaterMark < _tail)
                DemandDurable(_tail);
            _store?.Enter(name, completed.LowWaterMark);
            _cursors = [.. _cursors, cursor];
            return cursor;
        }
    }

    /// <summary>
    /// Ends a cursor: entries appended from now on are not held for it. With a log on disk it gives out nothing more,
    /// and what it has not read stays there for the next of its name; else the caller completes what it has read and
    /// what <see cref="JournalCursor.TryRead"/> still gives.
    /// </summary>
    public void CloseCursor(JournalCursor cursor)
    {
        lock (_gate)
        {
            if (!_cursors.Contains(cursor))
                return;
            _cursors = [.. _cursors.Where(other => other != cursor)];
            if (_store is null)
            {
                cursor.EndAt(_tail);
                return;
            }

            _store.BeginLeave(cursor.Name);
            var first = Math.Max(cursor.ReadThrough + 1, Live_NeedsLock(cursor));
            for (var position = first; position <= _tail; position++)
            {
                _recent[position].Unread--;
                _recent[position].LetGo();
            }

            cursor.EndAt(cursor.ReadThrough);
            Tidy_NeedsLock();
        }
    }

    /// <summary>
    /// The next entry for a cursor, from memory; null at the tail, at the cursor's end, and when it is behind what is
    /// in memory.
    /// </summary>
    internal JournalRecord? Read(JournalCursor cursor)
    {
        lock (_gate)
        {
            var position = cursor.ReadThrough + 1;
            if (position > cursor.End || position > _tail || position < Live_NeedsLock(cursor))
                return null;
            var record = _recent[position];
            cursor.ReadThrough = position;
            record.Unread--;
            Tidy_NeedsLock();
            return record;
        }
    }

    /// <summary>Whether what a cursor reads next is on disk only.</summary>
    internal bool IsBehind(JournalCursor cursor)
    {
        lock (_gate)
            return cursor.ReadThrough + 1 < Live_NeedsLock(cursor) && cursor.ReadThrough < cursor.End;
    }

    /// <summary>From here on entries may be in memory for a cursor; it only moves on.</summary>
    internal long InMemoryFrom(JournalCursor cursor)
    {
        lock (_gate)
            return Live_NeedsLock(cursor);
    }

    /// <summary>
    /// A cursor has read everything on disk below <paramref name="position"/>: goes on in memory if that reaches so
    /// far back. The last position it need not look at; -1 when it has to go on reading the disk.
    /// </summary>
    internal long Rejoin(JournalCursor cursor, long position)
    {
        lock (_gate)
        {
            var live = Live_NeedsLock(cursor);
            return position >= live ? live - 1 : -1;
        }
    }

    /// <summary>A record that was read back counts in memory from now on, and the reader holds it.</summary>
    internal void Adopt(JournalRecord record, long position)
    {
        record.Measure();
        record.Place(this, position, TimestampOf(position, record.AcceptedAt), cursors: 1, mustBeWritten: true);
        Interlocked.Add(ref _bytes, record.Size);
    }

    /// <summary>The timestamp at which a record was accepted, whatever the wall clock did since.</summary>
    internal long TimestampOf(long position, DateTimeOffset acceptedAt) => _accepted.Of(position, acceptedAt);

    /// <summary>Looks at something while nothing is appended.</summary>
    internal T AtRest<T>(Func<T> look)
    {
        lock (_gate)
            return look();
    }

    /// <summary>Every reader that an entry was appended for is done with it.</summary>
    internal void Settled(JournalRecord record)
    {
        if (record is { Entry: { } entry, MustBeWritten: false })
            _store!.Log.Cancel(entry);
    }

    /// <summary>An entry is written whoever has it, and not without what comes behind it.</summary>
    internal void MarkDue(JournalRecord record) => _store?.Log.MarkDue(record.Position);

    /// <summary>An entry that nobody holds counts no more.</summary>
    internal void Forget(JournalRecord record) => Interlocked.Add(ref _bytes, -record.Size);

    /// <summary>From here on entries are in memory, and held for this cursor.</summary>
    private long Live_NeedsLock(JournalCursor cursor) => Math.Max(_recent.First, cursor.Joined + 1);

    private AppendOutcome Admit_NeedsLock(JournalRecord record)
    {
        if (_store is not null)
            return _store.Log.TryAppend(record.Entry!);
        return _bytes > 0 && _bytes + record.Size > _limitBytes ? AppendOutcome.LimitReached : AppendOutcome.Appended;
    }

    /// <summary>What everybody has read need not be found again.</summary>
    private void Tidy_NeedsLock()
    {
        while (_recent.Oldest is { Unread: 0 })
            _recent.RemoveOldest();
    }

    /// <summary>
    /// Past the bound on memory the oldest entries go, once they are durable; who has not read them reads the disk.
    /// </summary>
    private void Evict_NeedsLock(long durableThrough)
    {
        while (_recent.Bytes > _limitBytes && _recent.Oldest is { } oldest && oldest.Position <= durableThrough)
        {
            _recent.RemoveOldest();
            oldest.LetGo(oldest.Unread);
        }
    }
}
