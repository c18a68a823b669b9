namespace InfluxMirror.Delivery;

/// <summary>
/// The records of one database on their way to one destination, in journal order; or, with more than one sender, the
/// raw requests, which have no order. All state belongs to the courier's lock.
/// </summary>
internal sealed class Lane
{
    private readonly Queue<LaneEntry> _waiting = new();

    // The first of those that wait, read back from the disk.
    private readonly Queue<LaneEntry> _loaded = new();

    // What came back from parked queues, by position: older than what waits, and sent before it.
    private readonly PriorityQueue<LaneEntry, long> _returned = new();
    private readonly Sender[] _senders;
    private int _barriers;

    /// <summary>
    /// An empty lane of <paramref name="courier"/> that sends <paramref name="senders"/> requests at once.
    /// </summary>
    public Lane(Courier courier, LaneKey key, int senders)
    {
        Key = key;
        _senders = new Sender[senders];
        for (var i = 0; i < senders; i++)
            _senders[i] = new Sender(courier, this);
    }

    /// <summary>Whose records these are.</summary>
    public LaneKey Key { get; }

    /// <summary>Senders at work.</summary>
    public int Running { get; private set; }

    /// <summary>Nothing waits and nothing is under way.</summary>
    public bool IsIdle => Running == 0 && Count == 0;

    /// <summary>Entries that wait.</summary>
    public int Count => _waiting.Count + _loaded.Count + _returned.Count;

    /// <summary>A statement stands in the way of what comes next.</summary>
    public bool HasBarrier => _barriers > 0;

    /// <summary>The last try failed: what comes next has to wait.</summary>
    public bool IsTroubled { get; set; }

    /// <summary>
    /// A record of it is suspect: what comes next tells whether the record or the destination is ill.
    /// </summary>
    public bool IsProbing { get; set; }

    /// <summary>Requests sent so far.</summary>
    public long Sends { get; set; }

    /// <summary>What waits in it waits for a statement, or for the next try of what failed.</summary>
    public bool IsStanding => IsTroubled || (TryPeek(out var next) && next.Barrier is not null);

    /// <summary>What comes next is on disk only.</summary>
    public bool IsNextOnDisk => TryPeek(out var next) && next.IsOnDisk;

    /// <summary>Entries that are on disk only.</summary>
    public int OnDisk { get; private set; }

    /// <summary>
    /// The oldest record without a fate that is not sent on trial, and when it was appended: a parked one is no backlog
    /// while it finds out whether its obstacle is gone, nor is a dead letter. What came back may be older than what is
    /// under way.
    /// </summary>
    public (long Position, long AppendedAt)? OldestInTurn
    {
        get
        {
            var oldest = (Position: long.MaxValue, AppendedAt: 0L);
            foreach (var sender in _senders)
            {
                if (!sender.IsOnTrial && sender.Current is { Letter: 0 } current
                    && current.Position < oldest.Position)
                    oldest = (current.Position, current.AppendedAt);
            }

            foreach (var (entry, _) in _returned.UnorderedItems)
            {
                if (entry is { Trial: null, IsLetter: false } && entry.Position < oldest.Position)
                    oldest = (entry.Position, entry.AppendedAt);
            }

            if (OldestWaiting is { } waiting && waiting.Position < oldest.Position)
                oldest = (waiting.Position, waiting.AppendedAt);
            return oldest.Position == long.MaxValue ? null : oldest;
        }
    }

    /// <summary>
    /// Whether a record up to a position has no fate yet. A dead letter that is sent again has no position in the
    /// journal, and got its fate there.
    /// </summary>
    public bool Holds(long position)
    {
        foreach (var sender in _senders)
        {
            if (sender.Current is { Letter: 0 } current && current.Position <= position)
                return true;
        }

        if (_returned.TryPeek(out _, out var returned) && returned <= position)
            return true;
        return OldestWaiting is { } waiting && waiting.Position <= position;
    }

    /// <summary>Appends a record.</summary>
    public void Enqueue(MirroredRecord record) => _waiting.Enqueue(new(record, null, null));

    /// <summary>
    /// Puts a record that was parked before everything that waits, and among others that were in its place: what
    /// waited for a database may be newer than what waits for its retention policy.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="trial">The queue it comes from, if it is to find out whether the others may follow.</param>
    public void Return(MirroredRecord record, ParkedQueue? trial) =>
        _returned.Enqueue(new(record, null, trial, IsReturned: true), record.Position);

    /// <summary>Appends a statement that waits for every lane it concerns.</summary>
    public void Enqueue(Barrier barrier)
    {
        _barriers++;
        _waiting.Enqueue(new(barrier.Record, barrier, null));
    }

    /// <summary>What comes next.</summary>
    public bool TryPeek(out LaneEntry entry) =>
        _returned.TryPeek(out entry, out _) || _loaded.TryPeek(out entry) || _waiting.TryPeek(out entry);

    /// <summary>Takes what comes next off the lane.</summary>
    public LaneEntry Dequeue()
    {
        if (_returned.TryDequeue(out var entry, out _) || _loaded.TryDequeue(out entry))
            return entry;
        entry = _waiting.Dequeue();
        if (entry.Barrier is not null)
            _barriers--;
        return entry;
    }

    /// <summary>A statement that stands at the front has its fate.</summary>
    /// <exception cref="InvalidOperationException">It does not stand there.</exception>
    public void Pass(Barrier barrier)
    {
        if (!TryPeek(out var front) || front.Barrier != barrier)
            throw new InvalidOperationException("The statement is not at the front of its lane.");
        Dequeue();
    }

    /// <summary>
    /// A sender for the next record, marked as running; null when all are at work or nothing may be sent.
    /// </summary>
    public Sender? Engage()
    {
        if (Running >= _senders.Length || !TryPeek(out var next) || next.Barrier is not null || next.IsOnDisk)
            return null;
        Sender? free = null;
        var called = 0;
        foreach (var sender in _senders)
        {
            if (!sender.IsRunning)
                free ??= sender;
            else if (sender.Current is null)
                called++;
        }

        // Those that were called and have taken nothing yet take what waits first.
        if (free is null || called >= Count)
            return null;
        free.IsRunning = true;
        Running++;
        return free;
    }

    /// <summary>A sender has nothing more to do.</summary>
    public void Disengage(Sender sender)
    {
        sender.IsRunning = false;
        sender.Current = null;
        Running--;
    }

    /// <summary>The records that its senders took on and did not settle.</summary>
    public IEnumerable<MirroredRecord> TakenOn() => _senders.SelectMany(static sender => sender.Unsettled);

    /// <summary>The records that wait in memory, statements apart.</summary>
    public IEnumerable<MirroredRecord> Waiting()
    {
        foreach (var entry in Entries)
        {
            if (entry is { Barrier: null, Record: { } record })
                yield return record;
        }
    }

    /// <summary>Those among them that <see cref="Remove"/> can take out; what came back is in any order.</summary>
    public IEnumerable<MirroredRecord> Removable() =>
        Entries.Where(static entry => entry.MayLeave).Select(static entry => entry.Record!);

    /// <summary>
    /// Leaves records to the disk that <paramref name="may"/> names, statements apart: the newest, and all but so many
    /// bytes at most. Those that were left, to be let go.
    /// </summary>
    public List<MirroredRecord> Spill(long keep, Func<MirroredRecord, bool> may)
    {
        var spilled = new List<MirroredRecord>();
        for (var left = _waiting.Count; left > 0; left--)
        {
            var entry = _waiting.Dequeue();
            if (entry is { MayLeave: true, Record: { } record } && (keep -= record.Size) < 0 && may(record))
            {
                spilled.Add(record);
                entry = new(null, null, null, OnDisk: new(record));
                OnDisk++;
            }

            _waiting.Enqueue(entry);
        }

        return spilled;
    }

    /// <summary>
    /// What comes next, as far as it is on disk only and without a statement between: what takes about so many bytes of
    /// memory, and is not behind a position.
    /// </summary>
    public List<SpilledRecord> NextOnDisk(long bytes, long through)
    {
        var next = new List<SpilledRecord>();
        if (_returned.Count + _loaded.Count > 0)
            return next;
        foreach (var entry in _waiting)
        {
            if (!entry.IsOnDisk || bytes <= 0 || entry.Position > through)
                break;
            next.Add(entry.OnDisk);
            bytes -= entry.OnDisk.Size;
        }

        return next;
    }

    /// <summary>Puts the next record that is on disk only back in its place; false when another one comes next.
    /// </summary>
    public bool TryLoad(MirroredRecord record)
    {
        if (!TryTakeOnDisk(record.Position))
            return false;
        _loaded.Enqueue(new(record, null, null));
        return true;
    }

    /// <summary>Takes off the next record that is on disk only; false when another one comes next.</summary>
    public bool TryTakeOnDisk(long position)
    {
        if (!_waiting.TryPeek(out var next) || !next.IsOnDisk || next.Position != position)
            return false;
        _waiting.Dequeue();
        OnDisk--;
        return true;
    }

    /// <summary>Takes out every record that is on disk only and whose position <paramref name="chosen"/> names.
    /// </summary>
    public List<SpilledRecord> RemoveOnDisk(Func<long, bool> chosen)
    {
        var removed = new List<SpilledRecord>();
        for (var left = OnDisk > 0 ? _waiting.Count : 0; left > 0; left--)
        {
            var entry = _waiting.Dequeue();
            if (entry.IsOnDisk && chosen(entry.Position))
                removed.Add(entry.OnDisk);
            else
                _waiting.Enqueue(entry);
        }

        OnDisk -= removed.Count;
        return removed;
    }

    /// <summary>Takes out every waiting record in memory that <paramref name="chosen"/> names, statements apart.
    /// </summary>
    public List<MirroredRecord> Remove(Func<MirroredRecord, bool> chosen)
    {
        var removed = new List<MirroredRecord>();
        var returned = _returned.UnorderedItems.ToArray();
        _returned.Clear();
        _returned.EnqueueRange(returned.Where(one => !Leaves(one.Element)));
        foreach (var queue in new[] { _loaded, _waiting })
        {
            for (var left = queue.Count; left > 0; left--)
            {
                var entry = queue.Dequeue();
                if (!Leaves(entry))
                    queue.Enqueue(entry);
            }
        }

        return removed;

        bool Leaves(LaneEntry entry)
        {
            if (entry is not { MayLeave: true, Record: { } record } || !chosen(record))
                return false;
            removed.Add(record);
            return true;
        }
    }

    /// <summary>Ends every wait before another try.</summary>
    public void Wake()
    {
        foreach (var sender in _senders)
            sender.Wake();
    }

    private IEnumerable<LaneEntry> Entries =>
        _returned.UnorderedItems.Select(static one => one.Element).Concat(_loaded).Concat(_waiting);

    /// <summary>The first of what waits in its turn.</summary>
    private LaneEntry? OldestWaiting
    {
        get
        {
            // No dead letter is left to the disk.
            if (_loaded.TryPeek(out var loaded))
                return loaded;
            foreach (var entry in _waiting)
            {
                if (!entry.IsLetter)
                    return entry;
            }

            return null;
        }
    }
}
