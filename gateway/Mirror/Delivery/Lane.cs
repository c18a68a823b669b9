namespace InfluxMirror.Delivery;

/// <summary>
/// The records of one database on their way to one destination, in journal order; or, with more than one sender, the
/// raw requests, which have no order. All state belongs to the courier's lock.
/// </summary>
internal sealed class Lane
{
    private readonly Queue<LaneEntry> _waiting = new();
    private readonly Sender[] _senders;
    private int _barriers;

    /// <summary>
    /// An empty lane of <paramref name="courier"/> that sends <paramref name="senders"/> requests at once.
    /// </summary>
    public Lane(Courier courier, string database, int senders)
    {
        Database = database;
        _senders = new Sender[senders];
        for (var i = 0; i < senders; i++)
            _senders[i] = new Sender(courier, this);
    }

    /// <summary>The database; empty for requests that name none and for raw ones.</summary>
    public string Database { get; }

    /// <summary>Senders at work.</summary>
    public int Running { get; private set; }

    /// <summary>Nothing waits and nothing is under way.</summary>
    public bool IsIdle => Running == 0 && _waiting.Count == 0;

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

    /// <summary>The oldest record without a fate; null when the lane is idle.</summary>
    public MirroredRecord? Oldest
    {
        get
        {
            MirroredRecord? oldest = null;
            foreach (var sender in _senders)
            {
                if (sender.Current is { } current && (oldest is null || current.Position < oldest.Position))
                    oldest = current;
            }

            return oldest ?? (_waiting.TryPeek(out var head) ? head.Record : null);
        }
    }

    /// <summary>
    /// Whether a record of <paramref name="database"/> up to <paramref name="position"/> has no fate yet; for the lane
    /// of raw requests, which go to any database.
    /// </summary>
    public bool Holds(string database, long position)
    {
        foreach (var sender in _senders)
        {
            if (sender.Current is { } current && current.Position <= position && current.Target.Database == database)
                return true;
        }

        foreach (var (record, barrier) in _waiting)
        {
            if (record.Position > position)
                break;
            if (barrier is null && record.Target.Database == database)
                return true;
        }

        return false;
    }

    /// <summary>Appends a record.</summary>
    public void Enqueue(MirroredRecord record) => _waiting.Enqueue(new(record, null));

    /// <summary>Appends a statement that waits for every lane it concerns.</summary>
    public void Enqueue(Barrier barrier)
    {
        _barriers++;
        _waiting.Enqueue(new(barrier.Record, barrier));
    }

    /// <summary>What comes next.</summary>
    public bool TryPeek(out LaneEntry entry) => _waiting.TryPeek(out entry);

    /// <summary>Takes what comes next off the lane.</summary>
    public LaneEntry Dequeue()
    {
        var entry = _waiting.Dequeue();
        if (entry.Barrier is not null)
            _barriers--;
        return entry;
    }

    /// <summary>
    /// A sender for the next record, marked as running; null when all are at work or nothing may be sent.
    /// </summary>
    public Sender? Engage()
    {
        if (Running >= _senders.Length || _waiting.Count == 0 || _waiting.Peek().Barrier is not null)
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
        if (free is null || called >= _waiting.Count)
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

    /// <summary>The records that wait, statements apart.</summary>
    public IEnumerable<MirroredRecord> Waiting()
    {
        foreach (var entry in _waiting)
        {
            if (entry.Barrier is null)
                yield return entry.Record;
        }
    }

    /// <summary>Ends every wait before another try.</summary>
    public void Wake()
    {
        foreach (var sender in _senders)
            sender.Wake();
    }
}

/// <summary>A record in a lane; with a barrier, a statement that other lanes wait for too.</summary>
internal readonly record struct LaneEntry(MirroredRecord Record, Barrier? Barrier);

/// <summary>
/// A statement as its lanes see it: it runs when it has come to the front of all of them and nothing is under way
/// in any, and none of them goes on before it is done.
/// </summary>
internal sealed class Barrier(MirroredRecord record, Sender sender)
{
    /// <summary>The statement.</summary>
    public MirroredRecord Record { get; } = record;

    /// <summary>Sends it.</summary>
    public Sender Sender { get; } = sender;

    /// <summary>The lanes it stands in.</summary>
    public List<Lane> Lanes { get; } = [];

    /// <summary>Lanes in which it has come to the front.</summary>
    public HashSet<Lane> Reached { get; } = [];

    /// <summary>It is being sent.</summary>
    public bool IsRunning { get; set; }
}
