using System.Diagnostics;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

/// <summary>
/// Keeps house for the journal of one cluster, every second: saves how far each courier has got, lets go of what all
/// are done with, and near a limit of the journal makes room at the cost of those who lag.
/// </summary>
internal sealed class JournalKeeper(
    JournalStore? store, GapLedger gaps, Func<long, DateTimeOffset, long> timestampOf, Func<Courier[]> members,
    Func<MirrorOptions> options, TimeProvider time, Action<string> tell)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // What the work for refused clients, or for a save, may take: a tenth of the time.
    private const int Rest = 10;

    private static readonly TimeSpan AfterFault = TimeSpan.FromMinutes(1);

    private readonly LogThrottle _throttle = new(time);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly JournalRoom _room = new(store?.SegmentBytes ?? 0, store?.MaxSpares ?? 0);
    private ITimer? _timer;
    private long _tail;

    // Bytes on disk of the record that was refused; 0 when none was.
    private long _refused;

    // By the machine's clock, as what it does takes time there.
    private long _restsUntil;
    private long? _compactionFailed;

    // When the last record of a segment was accepted, as a timestamp; null when none in it can be read.
    private readonly Dictionary<Segment, long?> _newest = [];

    /// <summary>Begins, if it has not yet.</summary>
    public void Start()
    {
        store?.Log.Checkpoint = Checkpoint;
        if (_timer is not null)
            return;
        _timer = time.CreateTimer(_ => _ = KeepAsync(refused: 0), null, Interval, Interval);
        // Now, as others may fill the disk before a second has passed.
        _ = WhenFreeAsync(() => Task.Run(KeepRoom));
    }

    /// <summary>A record was refused for want of room: looks for some now, beside the caller.</summary>
    /// <param name="bytes">What it takes on disk.</param>
    public void MakeRoom(long bytes) => _ = KeepAsync(bytes);

    /// <summary>Keeps no more; may begin again.</summary>
    public void Stop()
    {
        _timer?.Dispose();
        _timer = null;
    }

    /// <summary>Lets go of the journal's folder, when nothing is under way any more.</summary>
    public Task CloseAsync() =>
        store is null ? Task.CompletedTask : WhenFreeAsync(() => store.DisposeAsync().AsTask());

    private async Task WhenFreeAsync(Func<Task> work)
    {
        await _oneAtATime.WaitAsync().ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task KeepAsync(long refused)
    {
        // One that takes longer than the interval is not to be overtaken.
        if (!await _oneAtATime.WaitAsync(TimeSpan.Zero).ConfigureAwait(false))
            return;
        try
        {
            if (refused == 0 || Stopwatch.GetTimestamp() >= _restsUntil)
                await KeepNowAsync(refused).ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task KeepNowAsync(long refused)
    {
        var began = Stopwatch.GetTimestamp();
        var isInVain = true;
        try
        {
            _refused = refused;
            await Task.Run(Keep).ConfigureAwait(false);
            isInVain = store is not null && TooMuch(store) > 0;
        }
        catch (Exception fault)
        {
            // Nobody waits for this; the next second tries again.
            TellFailed(fault);
        }

        // Clients that are refused again and again do not make it work all the time in vain.
        var now = Stopwatch.GetTimestamp();
        _restsUntil = isInVain ? now + ((now - began) * Rest) : 0;
    }

    private void TellFailed(Exception fault)
    {
        if (!_throttle.Passes(out var held))
            return;
        var more = held > 0 ? $" ({held} times more since this was told last)" : "";
        tell($"housekeeping failed: {fault.Message}{more}");
    }

    private void Keep()
    {
        var couriers = members();
        foreach (var courier in couriers)
        {
            courier.Drain.Note(time.GetElapsedTime(0), courier.Tally.SettledBytes, courier.Tally.PendingBytes);
            // There may be room now that was not there when something came.
            courier.Pump();
        }

        if (store is null)
            return;
        // Each of them, so that all go on. Before what they are done with is saved, and its space comes free.
        var isGivingUp = couriers.Count(static courier => courier.GoOnGivingUp()) > 0;
        _room.Note(time.GetElapsedTime(0), store.Log.Counters.Bytes);
        var tail = store.Log.Tail;
        // Records that no client waits for (by UDP) are on disk within a second too, when somebody lacks them.
        if (store.HasAbsent || !couriers.All(static courier => courier.IsKeepingUp))
            store.Log.Demand(tail);
        // What was written because much waited stays in memory, with the sizes of all behind it, until it is safe.
        else if (store.Log.DurableThrough < _tail)
            store.Log.Demand(_tail);
        // Nothing is dropped for a journal that nobody writes to: who lags may be catching up.
        var isWrittenTo = _refused > 0 || tail != _tail;
        _tail = tail;
        foreach (var courier in couriers)
        {
            if (_refused > 0 || courier.MaySave(Rest))
                courier.Save();
        }

        store.Trim();
        KeepRoom();
        if (store.HasAbsent && couriers.Length > 0)
        {
            ForsakeAbsent(store, couriers);
            ForsakeLost(store, couriers);
        }

        Compact(store, couriers);
        if (isGivingUp)
            return;
        if (options().Journal.LimitPolicy == LimitPolicy.DropOldest && isWrittenTo)
            MakeRoom(store, couriers);
        if (options().Journal.MaxAge is { } maxAge)
            DropExpired(store, couriers, maxAge);
    }

    private void KeepRoom()
    {
        try
        {
            store?.KeepRoom();
            gaps.KeepRoom();
        }
        catch (Exception fault)
        {
            // The rest does not wait for it.
            TellFailed(fault);
        }
    }

    /// <summary>
    /// Saves when everybody is done with all that is written: then none of it comes again after a crash, and the log
    /// need not write what everybody has.
    /// </summary>
    private void Checkpoint(long written)
    {
        try
        {
            var couriers = members();
            if (!couriers.All(courier => courier.LowWaterMark >= written))
                return;
            foreach (var courier in couriers)
                courier.Save();
            store!.Trim();
        }
        catch (Exception fault)
        {
            // The log writes everything then.
            TellFailed(fault);
        }
    }

    /// <summary>
    /// Files are not kept for a destination that was removed: near the limit it loses what is to go first, and will
    /// need a resync when it comes back. It keeps what nobody has decided about, which stays in any case.
    /// </summary>
    private void ForsakeAbsent(JournalStore store, Courier[] couriers)
    {
        if (TooMuch(store) <= 0)
            return;
        var mayDrop = options().Journal.LimitPolicy == LimitPolicy.DropOldest;
        var excess = Excess(store, couriers) + store.BytesForAbsent;
        var gone = new PositionRuns();
        foreach (var segment in store.Log.Segments.TakeWhile(static segment => segment.IsSealed))
        {
            if (excess <= 0)
                break;
            var decided = Decided(segment, couriers).Decided;
            // What others keep of it is written anew, if that is not most of it; else nothing is gained.
            var kept = couriers.Max(one => Kept(one, segment, decided, mayDrop));
            var all = segment.Last - segment.Header.First + 1;
            if (kept > all - kept)
                continue;
            foreach (var run in decided)
                gone.Add(run.From, run.To);
            excess -= (long)(segment.FileBytes * (1 - ((double)kept / all)));
        }

        if (gone.IsEmpty)
            return;
        foreach (var (cursor, saved) in store.AbsentLacking(gone))
        {
            Forsake(store, couriers, cursor, saved, gone, gone.Max);
            tell($"the journal is near its limit: what is kept for {cursor}, which was removed, goes up to position "
                + $"{gone.Max}, and it needs a resync when it comes back");
        }

        store.Trim();
    }

    /// <summary>
    /// Who was removed, and lacks what has gone meanwhile, is saved as one that needs a resync. From then on what
    /// everybody else has need not be written, and files that a power cut brings back make no difference.
    /// </summary>
    private static void ForsakeLost(JournalStore store, Courier[] couriers)
    {
        var lost = store.Lost();
        foreach (var (cursor, saved) in lost)
            Forsake(store, couriers, cursor, saved, new PositionRuns(), through: 0);
        if (lost.Count > 0)
            store.Trim();
    }

    private static void Forsake(
        JournalStore store, Courier[] couriers, string cursor, CursorState saved, PositionRuns gone, long through)
    {
        string[] members = [.. couriers.Select(static courier => courier.Destination)];
        var state = CourierState.Forsaken(saved.Extra.Span, members, through);
        store.Forsake(cursor, saved, saved.With(gone, state.Encode()));
    }

    /// <summary>
    /// How many positions of a segment a courier waits for and goes on waiting for: what nobody has decided about,
    /// statements, and, where nothing may be dropped, all it lacks.
    /// </summary>
    private static long Kept(Courier courier, Segment segment, List<PositionRange> decided, bool mayDrop) =>
        courier.CountUndone(segment.Header.First, segment.Last) - (mayDrop ? courier.CountLacking(decided) : 0);

    /// <summary>
    /// Parked records, and others that wait for long, shall not hold all that was accepted beside them.
    /// </summary>
    private void Compact(JournalStore store, Courier[] couriers)
    {
        if (couriers.Length == 0 || (_compactionFailed is { } at && time.GetElapsedTime(at) < AfterFault))
            return;
        try
        {
            // What is needed is not given up before the space that nobody needs is gained.
            bool isUrgent;
            do
                isUrgent = Excess(store, couriers) > 0;
            while (store.Compact(isUrgent) && isUrgent);
            _compactionFailed = null;
        }
        catch (DiskException fault)
        {
            _compactionFailed = time.GetTimestamp();
            tell($"what is kept for a few records takes more space than it should: {fault.Message}");
        }
    }

    /// <summary>
    /// Near a limit the oldest segments go, for those who lag: what of them another destination has decided about is
    /// dropped for them. Before the limit is reached, so that no write is refused over it.
    /// </summary>
    private void MakeRoom(JournalStore store, Courier[] couriers)
    {
        var excess = Excess(store, couriers);
        foreach (var segment in store.Log.Segments)
        {
            if (excess <= 0 || !segment.IsSealed)
                return;
            var (decided, open) = Decided(segment, couriers);
            var lacking = Laggards(segment, couriers).Select(one => one.CountLacking(decided)).DefaultIfEmpty().Max();
            // What is left is written anew if that is not most of it; else nothing is gained. Nor is it if all that may
            // go was given up before, such as a segment with a statement that waits.
            if (lacking == 0 || lacking < open)
                continue;
            GiveUp(segment, couriers, decided, DropCause.Full);
            excess -= (long)(segment.FileBytes * ((double)lacking / (lacking + open)));
        }
    }

    /// <summary>Bytes by which the journal is too near a limit, apart from segments that nobody needs any more.
    /// </summary>
    private long Excess(JournalStore store, Courier[] couriers)
    {
        var excess = TooMuch(store);
        if (excess <= 0)
            return excess;
        var going = store.Log.Segments.Where(segment => segment.IsSealed && Laggards(segment, couriers).Length == 0);
        return excess - going.Sum(static segment => segment.FileBytes);
    }

    /// <summary>The same with those.</summary>
    private long TooMuch(JournalStore store) => _room.Missing(store.Log.Usage, _refused);

    private static Courier[] Laggards(Segment segment, Courier[] couriers) =>
        [.. couriers.Where(courier => !courier.IsDone(segment.Header.First, segment.Last))];

    /// <summary>
    /// What somebody has decided about in a segment, and how many positions are open: nobody has, and nobody may drop
    /// them.
    /// </summary>
    private static (List<PositionRange> Decided, long Open) Decided(Segment segment, Courier[] couriers)
    {
        var (first, last) = (segment.Header.First, segment.Last);
        var all = new PositionRuns();
        foreach (var run in couriers.SelectMany(courier => courier.Decided(first, last)))
            all.Add(run.From, run.To);
        var decided = all.Within(first, last);
        return (decided, last - first + 1 - decided.Sum(static run => run.To - run.From + 1));
    }

    /// <summary>Nobody who lags is to get what another one has decided about in a segment.</summary>
    private static void GiveUp(
        Segment segment, Courier[] couriers, List<PositionRange> decided, DropCause cause)
    {
        foreach (var courier in Laggards(segment, couriers).Where(one => one.CountLacking(decided) > 0))
            courier.GiveUp(decided, cause);
    }

    private long? NewestIn(JournalStore store, Segment segment)
    {
        try
        {
            return store.NewestIn(segment) is { } newest ? timestampOf(newest.Position, newest.AcceptedAt) : null;
        }
        catch (DiskException fault)
        {
            // Looked at again when it would be too old, had it been written now.
            tell($"the age of {segment.Name} is not known: {fault.Message}");
            return time.GetTimestamp();
        }
    }

    /// <summary>Segments of which all was accepted longer than <paramref name="maxAge"/> ago go, for those who lag.
    /// </summary>
    private void DropExpired(JournalStore store, Courier[] couriers, TimeSpan maxAge)
    {
        var segments = store.Log.Segments;
        foreach (var gone in _newest.Keys.Except(segments).ToArray())
            _newest.Remove(gone);
        foreach (var segment in segments)
        {
            if (!segment.IsSealed)
                return;
            if (!_newest.TryGetValue(segment, out var newest))
                _newest[segment] = newest = NewestIn(store, segment);
            var isYoung = newest is { } accepted && time.GetElapsedTime(accepted) <= maxAge;
            if (isYoung)
                return;
            GiveUp(segment, couriers, Decided(segment, couriers).Decided, DropCause.Aged);
        }
    }
}
