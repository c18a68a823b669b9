using InfluxMirror.Journal;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

/// <summary>
/// Brings the journal of a cluster to one destination: reads it in order, sorts the records into lanes, one for each
/// database, lets statements wait for the lanes they concern, and gives every record a fate. What a lane's request
/// meets does not hold up the other lanes, and what this destination meets does not hold up another one.
/// </summary>
public sealed partial class Courier
{
    /// <summary>Idle lanes are kept up to this number, and forgotten beyond it.</summary>
    private const int IdleLanes = 64;

    /// <summary>Records merged at most: a bound on what a refusal has to take apart.</summary>
    private const int MaxBatchRecords = 8192;

    private static readonly TimeSpan LagMemory = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly JournalCursor _cursor;
    private readonly Dictionary<LaneKey, Lane> _lanes = [];
    private readonly List<Barrier> _everywhere = [];
    private readonly SortedSet<long> _statements = [];
    private readonly CourierContext _context;
    private readonly LogThrottle _throttle;
    private readonly CourierHealth _health;
    private readonly CourierProgress _progress;
    private readonly CatchUp _catchUp;
    private (long At, TimeSpan Lag) _lag;
    private long _oldestAt;

    internal Courier(string cluster, string destination, Journal.Journal journal, CourierContext context)
    {
        Cluster = cluster;
        Destination = destination;
        _context = context;
        _progress = new CourierProgress(destination, journal, context, Tally);
        _cursor = _progress.Cursor;
        NeedsResync = _progress.NeedsResync;
        _parking.Restore(_progress.Parked);
        _catchUp = new CatchUp(this, _cursor, _progress.Patience);
        _parkedReturn = new ReturnFromDisk(this, IsReturning);
        _laneReturn = new ReturnFromDisk(this, IsLoading);
        _givingUp = new ReturnFromDisk(this, IsGivingUp);
        _throttle = new LogThrottle(context.Time);
        _health = new CourierHealth(context.Time);
        Pipeline = new DeliveryPipeline(context.Options(), context.Time);
        _oldestAt = context.Time.GetTimestamp();
    }

    /// <summary>YARP's cluster id.</summary>
    public string Cluster { get; }

    /// <summary>YARP's destination id.</summary>
    public string Destination { get; }

    /// <summary>Its account, in points.</summary>
    public CourierTally Tally { get; } = new();

    /// <summary>InfluxDB's version as the destination last told it.</summary>
    public string? Version { get; private set; }

    /// <summary>It does not hold what the others hold.</summary>
    public bool NeedsResync { get; private set; }

    /// <summary>What it lacks when it needs a resync, in words.</summary>
    public string Lack =>
        Tally.Dropped > 0 || Counters.Damages > 0 ? "records were dropped for it"
        : _progress.Since > 0 || !_progress.IsDurable ? "it lacks what others had before it came"
        : "it may lack what others have";

    /// <summary>Attempts get no answer, whatever they carry.</summary>
    public bool IsFailing => _health.IsFailing;

    /// <summary>Why not, in words.</summary>
    public string? Failure => _health.Failure;

    /// <summary>Requests, batches and verdicts so far.</summary>
    public CourierCounters Counters { get; } = new();

    /// <summary>How fast its backlog goes.</summary>
    public DrainMeter Drain { get; } = new();

    internal DeliveryPipeline Pipeline { get; private set; }

    private DeliveryMemory Memory => Pipeline.Options.Memory;

    /// <summary>The operator says that the destination holds what the others hold.</summary>
    public void DeclareInSync()
    {
        lock (_gate)
            NeedsResync = false;
        _context.Gaps.Clear(Destination);
        Save();
    }

    /// <summary>A probe could not reach the destination.</summary>
    internal void NoteUnreachable() => _health.NoteUnreachable();

    /// <summary>
    /// A probe reached the destination; if no delivery waits to find out more, that is all there is to know.
    /// </summary>
    internal void NoteReachable()
    {
        _health.NoteUp();
        if (Tally.WaitingRecords == 0)
            _health.Forgive();
    }

    /// <summary>The destination told its version of InfluxDB.</summary>
    public void NoteVersion(string version) => Version = version;

    /// <summary>
    /// Whether something about a single record may be logged now: messages that clients can cause are limited.
    /// </summary>
    public bool MayLog()
    {
        if (!_throttle.Passes(out var held))
            return false;
        if (held > 0)
            MirrorLog.Held(_context.Log, Cluster, Destination, held);
        return true;
    }

    /// <summary>
    /// Whether it has every record of <paramref name="database"/> up to <paramref name="position"/>, and every
    /// statement up to <paramref name="statement"/> that concerns all databases or none by name.
    /// </summary>
    public bool Has(string? database, long position, long statement)
    {
        lock (_gate)
        {
            if (_cursor.ReadThrough < Math.Max(position, statement))
                return false;
            if (statement > 0 && _statements.Count > 0 && _statements.Min <= statement)
                return false;
            if (database is null)
                return true;
            if (_everywhere.Exists(barrier => barrier.Record.Letter == 0 && barrier.Record.Position <= position))
                return false;
            return !Holds_NeedsLock(new LaneKey(database, IsRaw: false), position)
                && !Holds_NeedsLock(new LaneKey(database, IsRaw: true), position);
        }
    }

    /// <summary>
    /// How long its oldest record has been waiting; parked ones do not count. Up to a moment old, since every read
    /// asks.
    /// </summary>
    public TimeSpan Lag()
    {
        if (Tally.WaitingRecords == 0)
            return TimeSpan.Zero;
        lock (_gate)
        {
            if (_lag.At != 0 && Time.GetElapsedTime(_lag.At) < LagMemory)
                return _lag.Lag;
            (long Position, long AppendedAt)? oldest = null;
            foreach (var lane in _lanes.Values)
            {
                if (lane.OldestInTurn is { } record && (oldest is null || record.Position < oldest.Value.Position))
                    oldest = record;
            }

            if (oldest is not null)
                _oldestAt = oldest.Value.AppendedAt;
            // What waits on disk is no older than what was taken last.
            var lag = oldest is null && !_cursor.IsBehind ? TimeSpan.Zero : Time.GetElapsedTime(_oldestAt);
            _lag = (Time.GetTimestamp(), lag);
            return lag;
        }
    }

    /// <summary>Whether records of <paramref name="database"/> are parked.</summary>
    public bool IsParked(string database)
    {
        lock (_gate)
            return _parking.Concerns(database);
    }

    /// <summary>
    /// Whether a lane is so busy that a client that was refused lately has to wait its turn: requests sent by the
    /// lane so far, or null when nothing else is there or the lane does not move anyway.
    /// </summary>
    internal long? SendsOfBusyLane(string database)
    {
        lock (_gate)
        {
            return !IsFailing && _lanes.TryGetValue(new LaneKey(database, IsRaw: false), out var lane)
                && !lane.IsIdle && !lane.IsTroubled
                ? lane.Sends
                : null;
        }
    }

    /// <summary>Its account and what this process did, of one moment.</summary>
    public TallyReading ReadTally()
    {
        lock (_gate)
            return _progress.ReadTally();
    }

    /// <summary>Takes what the journal has in memory and sorts it into lanes; called after every append.</summary>
    internal void Pump()
    {
        List<MirroredRecord>? unavailable = null;
        lock (_gate)
        {
            while ((HasRoom || IsNextGivenUp_NeedsLock() || MakeRoom_NeedsLock())
                && _cursor.TryRead() is MirroredRecord record)
            {
                Tally.Take(record);
                if (IsStopping)
                    _left.Add(record);
                else if (IsGivenUp_NeedsLock(record))
                    Drop_NeedsLock(record, CauseOf_NeedsLock(record.Position));
                else if (!Dispatch_NeedsLock(record))
                    (unavailable ??= []).Add(record);
            }
        }

        Announce(unavailable);
        if (WantsMoreFromDisk())
            _catchUp.Start();
    }

    /// <summary>
    /// A record was appended: the courier takes it, or says that its destination does not get it at once.
    /// </summary>
    internal void Offer(MirroredRecord record)
    {
        Pump();
        if (_cursor.ReadThrough < record.Position)
            record.Watch?.Unavailable(this, record);
    }

    /// <summary>Whether to read on disk: the next record is not in memory, and there is room for it.</summary>
    internal bool WantsMoreFromDisk() =>
        _progress.IsDurable && !IsStopping && HasRoom && _cursor.IsBehind;

    /// <summary>Whether it is done with every record between two positions.</summary>
    internal bool IsDone(long first, long last)
    {
        lock (_gate)
            return _cursor.IsDone(first, last);
    }

    /// <summary>Every position up to this one is done.</summary>
    internal long LowWaterMark
    {
        get
        {
            lock (_gate)
                return _cursor.LowWaterMark;
        }
    }

    /// <summary>A record, or the end, was read on disk.</summary>
    internal void Accept(in ReadBackStep step)
    {
        List<MirroredRecord>? unavailable = null;
        lock (_gate)
        {
            if (_cursor.Accept(step) && step.Record is MirroredRecord record)
            {
                _progress.Read(record);
                Tally.Take(record);
                if (IsStopping)
                    _left.Add(record);
                else if (IsGivenUp_NeedsLock(record))
                    Drop_NeedsLock(record, CauseOf_NeedsLock(record.Position));
                else if (!Dispatch_NeedsLock(record))
                    unavailable = [record];
            }

            if (_parking.IsRestoring && _progress.HasReadWhatWaited)
                EndRestoring_NeedsLock();
        }

        Announce(unavailable);
    }

    /// <summary>
    /// With a log on disk a courier holds little in memory, and takes more as that gets its fate; else the journal is
    /// all in memory anyway.
    /// </summary>
    private bool HasRoom => !_progress.IsDurable || Tally.TakenBytes < Memory.LookAhead;

    /// <summary>Sorts a record in; false when the destination cannot be asked about it at once.</summary>
    private bool Dispatch_NeedsLock(MirroredRecord record)
    {
        if (record.Kind == RecordKind.Statement)
            return DispatchStatement_NeedsLock(record);
        var lane = LaneOf_NeedsLock(KeyOf(record));
        var parked = _parking.Find(record);
        if (parked is not null && lane.Count == 0 && record.Letter == 0 && !record.IsWithdrawn)
        {
            // Its turn to be parked is now. It does not wait for a record that is under way to be on trial: that it is
            // old would tell of a backlog.
            Park_NeedsLock(record, parked.Reason);
            return false;
        }

        var free = !IsFailing && !lane.IsTroubled && !lane.HasBarrier && parked is null;
        lane.Enqueue(record);
        Start_NeedsLock(lane);
        if (lane.IsProbing)
            lane.Wake();
        return free;
    }

    private bool DispatchStatement_NeedsLock(MirroredRecord record)
    {
        var scope = record.Scope ?? throw new InvalidOperationException("A statement has a scope.");
        var barrier = new Sender(this, record).Barrier;
        // One that is sent again as a dead letter has no place in the journal.
        if (record.Letter == 0)
            _statements.Add(record.Position);
        if (scope.All)
        {
            // One lane at least, so that it has something to come to the front of.
            LaneOf_NeedsLock(new LaneKey("", IsRaw: false));
            barrier.Lanes.AddRange(_lanes.Values);
            _everywhere.Add(barrier);
        }
        else
        {
            foreach (var database in scope.Databases)
            {
                barrier.Lanes.Add(LaneOf_NeedsLock(new LaneKey(database, IsRaw: false)));
                barrier.Lanes.Add(LaneOf_NeedsLock(new LaneKey(database, IsRaw: true)));
            }
        }

        var free = !IsFailing && !barrier.Lanes.Exists(static lane => lane.HasBarrier || lane.IsTroubled);
        foreach (var lane in barrier.Lanes)
            lane.Enqueue(barrier);
        foreach (var lane in barrier.Lanes.ToArray())
            Reach_NeedsLock(lane);
        return free;
    }

    private Lane LaneOf_NeedsLock(LaneKey key)
    {
        if (_lanes.TryGetValue(key, out var lane))
            return lane;
        lane = new Lane(this, key, key.IsRaw ? DeliveryPipeline.RawRequests : 1);
        _lanes.Add(key, lane);
        foreach (var barrier in _everywhere)
        {
            barrier.Lanes.Add(lane);
            lane.Enqueue(barrier);
        }

        Reach_NeedsLock(lane);
        return lane;
    }

    private bool Holds_NeedsLock(LaneKey key, long position) =>
        _lanes.TryGetValue(key, out var lane) && lane.Holds(position);

    private void Start_NeedsLock(Lane lane)
    {
        while (lane.Engage() is { } sender)
            Begin_NeedsLock(sender);
        Load_NeedsLock(lane);
    }

    /// <summary>
    /// If a statement stands at the front of a lane that is still, it has reached it; in all, it runs.
    /// </summary>
    private void Reach_NeedsLock(Lane lane)
    {
        if (lane.Running > 0 || !lane.TryPeek(out var entry) || entry.Barrier is not { IsRunning: false } barrier)
            return;
        barrier.Reached.Add(lane);
        if (barrier.Reached.Count < barrier.Lanes.Count)
            return;
        barrier.IsRunning = true;
        Begin_NeedsLock(barrier.Sender);
    }

    private void Announce(List<MirroredRecord>? unavailable)
    {
        if (unavailable is null)
            return;
        foreach (var record in unavailable)
            record.Watch?.Unavailable(this, record);
    }
}
