using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Delivery;

/// <summary>
/// A cluster whose writes are mirrored: its journal and a courier for each destination. Lives as long as the
/// program, whatever a reload does to the cluster; couriers follow YARP's destinations by id.
/// </summary>
public sealed partial class MirroredCluster
{
    /// <summary>How long a refusal is remembered while the journal stays nearly full.</summary>
    private static readonly TimeSpan FullMemory = TimeSpan.FromSeconds(5);

    private const long SegmentBytes = 64 * 1024 * 1024;

    // Cursors, the ledger and dead letters need some space in any case.
    private const long LeastReserve = 4 * 1024 * 1024;

    /// <summary>
    /// Behind the first confirmation: mostly the others come within it, large ones on a busy machine too, and nothing
    /// is written.
    /// </summary>
    private static readonly TimeSpan MaxPatience = TimeSpan.FromMilliseconds(25);

    private readonly Func<MirrorOptions> _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly MirrorMetrics _metrics;
    private volatile Courier[] _couriers = [];
    private readonly Membership _members;
    private readonly JournalKeeper _keeper;
    private readonly WithdrawnPositions _withdrawn = new();
    private readonly SpaceWatch? _space;
    private readonly long _reserveBytes;
    private long _fullLoggedAt;
    private long _refusedAt;
    private long _fruitlessAt = -1;

    /// <summary>A cluster without destinations yet.</summary>
    /// <param name="id">YARP's cluster id.</param>
    /// <param name="options">The options as they are now.</param>
    /// <param name="disk">The folder of its journal; null when it is in memory.</param>
    /// <param name="letters">The folder of its dead letters; null when they are in memory.</param>
    /// <param name="metrics">The instruments.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <exception cref="DiskException">The journal cannot be opened; the text says why.</exception>
    internal MirroredCluster(
        string id, Func<MirrorOptions> options, IDisk? disk, IDisk? letters, MirrorMetrics metrics,
        TimeProvider time, ILogger log)
    {
        Id = id;
        _options = options;
        _metrics = metrics;
        _time = time;
        _log = log;
        _reserveBytes = disk is null
            ? 0
            : Math.Max(disk.TotalBytes / 100 * options().Journal.ReservePercent, LeastReserve);
        // Before the journal: a record may have a letter and never have been written.
        Letters = DeadLetters.Open(letters, options, time, TellNews);
        Journal = disk is null
            ? new Journal.Journal(options().Journal.BufferBytes, time)
            : new Journal.Journal(OpenOrLeave(disk), options().Journal.BufferBytes, time);
        _members = new Membership(Journal.Store);
        Gaps = GapLedger.Open(
            disk, options().Journal.StartPatience, save => Journal.Store!.SaveWithRoom(save), TellNews);
        Refused = new RefusedClients(time);
        _keeper = new JournalKeeper(
            Journal.Store, Gaps, Journal.TimestampOf, () => _couriers, options, time, TellNews);
        if (disk is not null)
            _space = new SpaceWatch(disk, Journal.Store!.SegmentBytes, _reserveBytes, id, time, log);
    }

    /// <summary>YARP's cluster id.</summary>
    public string Id { get; }

    /// <summary>What was accepted and is not everywhere yet.</summary>
    public Journal.Journal Journal { get; }

    /// <summary>A courier for each destination.</summary>
    public IReadOnlyList<Courier> Couriers => _couriers;

    /// <summary>What some destination will never take.</summary>
    public DeadLetters Letters { get; }

    /// <summary>What was dropped for its destinations.</summary>
    public GapLedger Gaps { get; }

    /// <summary>What clients were told is there.</summary>
    public AnsweredPositions Answered { get; } = new();

    /// <summary>Clients that were refused lately.</summary>
    public RefusedClients Refused { get; }

    /// <summary>InfluxDB's version, as some destination last told it.</summary>
    public string? Version
    {
        get
        {
            foreach (var courier in _couriers)
            {
                if (courier.Version is { } version)
                    return version;
            }

            return null;
        }
    }

    /// <summary>
    /// Why records are refused now, in words: there is no room and nothing may be dropped, or the disk fails. Null when
    /// they are taken.
    /// </summary>
    public string? Obstacle
    {
        get
        {
            var condition = Journal.Store?.Log.Condition ?? LogCondition.Working;
            if (condition != LogCondition.Working)
                return WordsOf(condition == LogCondition.DiskFull ? AppendOutcome.DiskFull : AppendOutcome.DiskFailing);
            var refused = Interlocked.Read(ref _refusedAt);
            if (refused == 0 || _time.GetElapsedTime(refused) >= FullMemory)
                return null;
            if (Journal.Store is not { } store)
                return Journal.Bytes > Journal.LimitBytes / 10 * 9 ? WordsOf(AppendOutcome.LimitReached) : null;
            var usage = store.Log.Usage;
            if (usage.IsShortOfSpace)
                return WordsOf(AppendOutcome.DiskFull);
            return usage.SegmentBytes > usage.MaxBytes / 10 * 9 ? WordsOf(AppendOutcome.LimitReached) : null;
        }
    }

    /// <summary>The courier of a destination; null when there is none.</summary>
    public Courier? Find(string destination) =>
        Array.Find(_couriers, courier => Is(courier, destination));

    /// <summary>
    /// Accepts a record for every destination. False when the journal cannot take it: then nothing was done.
    /// </summary>
    public bool TryAppend(MirroredRecord record) => Append(record) == AppendOutcome.Appended;

    /// <summary>
    /// Accepts a record for every destination; nothing is done unless the outcome is
    /// <see cref="AppendOutcome.Appended"/>.
    /// </summary>
    public AppendOutcome Append(MirroredRecord record)
    {
        AppendOutcome outcome;
        while ((outcome = Journal.TryAppend(record)) != AppendOutcome.Appended)
        {
            if (outcome == AppendOutcome.LimitReached && Journal.Store is null && MakeRoom(record.Size))
                continue;
            if (outcome is AppendOutcome.LimitReached or AppendOutcome.DiskFull)
                _keeper.MakeRoom(record.Entry?.Size ?? 0);
            Interlocked.Exchange(ref _refusedAt, _time.GetTimestamp());
            LogRefusal(outcome);
            return outcome;
        }

        foreach (var courier in _couriers)
            courier.Offer(record);
        return outcome;
    }

    /// <summary>A record was withdrawn: whoever reads it back from disk is to know that too.</summary>
    internal void NoteWithdrawn(MirroredRecord record)
    {
        if (Journal.Store is not { } store || record is { IsSettled: true, MustBeWritten: false })
            return;
        // Who comes back reads on where it was.
        var couriers = _couriers;
        var doneThrough = store.HasAbsent || couriers.Length == 0
            ? store.First - 1
            : couriers.Min(static courier => courier.LowWaterMark);
        _withdrawn.Note(record.Position, doneThrough);
    }

    /// <summary>The options have changed.</summary>
    internal void Reconfigure()
    {
        Journal.LimitBytes = _options().Journal.BufferBytes;
        foreach (var courier in _couriers)
            courier.Reconfigure();
    }

    private JournalStore OpenOrLeave(IDisk disk)
    {
        try
        {
            return Open(disk);
        }
        catch
        {
            // Whoever tries again must find their folder free.
            Letters.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    private JournalStore Open(IDisk disk)
    {
        var options = _options().Journal;
        var store = JournalStore.Open(
            disk,
            new LogOptions
            {
                Safety = options.Durability == Durability.Process ? LogSafety.Process : LogSafety.Disk,
                SegmentBytes = (int)Math.Min(SegmentBytes, options.MaxBytes / 16),
                MaxBytes = options.MaxBytes,
                MaxPatience = MaxPatience,
                StartPatience = options.StartPatience,
                TakenThrough = Letters.NewestRecord,
                Synced = time => _metrics.RecordSync(Id, time),
                ReserveBytes = _reserveBytes,
                KeptBytes = WholeFile.LeastFree,
            },
            Decode,
            news => TellNews(news.Text));
        foreach (var damage in store.Log.Recovered.Damage)
        {
            MirrorLog.JournalDamageFound(
                _log, Id, damage.Kind.ToString(), damage.File, damage.Offset, damage.Length);
        }

        MirrorLog.JournalOpened(_log, Id, disk.ToString() ?? "", store.Log.Tail, store.Log.Usage.SegmentBytes);
        return store;
    }

    private MirroredRecord Decode(LogRecord found)
    {
        var record = RecordHeader.Decode(found);
        record.Withdrawn = _withdrawn;
        return record;
    }

    /// <summary>Why a record was not appended, in words.</summary>
    private string WordsOf(AppendOutcome refusal) => refusal switch
    {
        AppendOutcome.Busy => "the journal's disk is slower than the writes that come",
        AppendOutcome.LimitReached when Journal.Store is null => "the journal is full (Mirror:Journal:BufferSizeMB)",
        AppendOutcome.LimitReached => "the journal is full (Mirror:Journal:MaxBytes)",
        AppendOutcome.DiskFull => "the journal's disk has no room above the reserve (Mirror:Journal:ReservePercent)",
        AppendOutcome.DiskFailing => "the journal's disk fails",
        _ => "the gateway ends",
    };

    private void TellNews(string news) => MirrorLog.JournalNews(_log, Id, news);

    private static bool Is(Courier courier, string destination) =>
        courier.Destination.Equals(destination, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Drops for whoever lags most what it can do without; some more than is needed, so that it need not be done for
    /// each record.
    /// </summary>
    private bool MakeRoom(int bytes)
    {
        if (_options().Journal.LimitPolicy != LimitPolicy.DropOldest)
            return false;
        // Looking through a backlog is work: not again while nothing has been decided since it was in vain.
        var decided = _couriers.Sum(static courier => courier.Tally.Decided);
        if (Interlocked.Read(ref _fruitlessAt) == decided)
            return false;
        var wanted = Math.Max(bytes, Journal.LimitBytes / 32);
        foreach (var courier in _couriers.OrderByDescending(static courier => courier.Tally.PendingBytes))
        {
            if (courier.DropOldest(wanted) > 0)
                return true;
        }

        Interlocked.Exchange(ref _fruitlessAt, decided);
        return false;
    }

    private void LogRefusal(AppendOutcome outcome)
    {
        var now = _time.GetTimestamp();
        var last = Interlocked.Read(ref _fullLoggedAt);
        if (last != 0 && _time.GetElapsedTime(last, now) < TimeSpan.FromSeconds(10))
            return;
        if (Interlocked.CompareExchange(ref _fullLoggedAt, now, last) == last)
            MirrorLog.Refused(_log, Id, WordsOf(outcome));
    }
}
