using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// Waking up, making room, and coming to an end.
public sealed partial class Courier
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<MirroredRecord> _left = [];
    private TaskCompletionSource? _idle;
    private int _atWork;

    /// <summary>It is coming to an end: nothing new is sent.</summary>
    internal bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>Cancelled when it comes to an end.</summary>
    internal CancellationToken Stopping => _stop.Token;

    /// <summary>The options have changed.</summary>
    internal void Reconfigure() => Pipeline = new DeliveryPipeline(_context.Options(), Time);

    /// <summary>
    /// Something says that the destination is back: whatever waits before another try goes on at once.
    /// </summary>
    internal void Wake()
    {
        Lane[] lanes;
        Barrier[] barriers;
        lock (_gate)
        {
            lanes = [.. _lanes.Values, _rawLane];
            barriers = [.. lanes.Select(Front_NeedsLock).OfType<Barrier>().Where(static barrier => barrier.IsRunning)];
        }

        _ = WakeAsync();

        async Task WakeAsync()
        {
            await Pipeline.CloseBreakerAsync().ConfigureAwait(false);
            foreach (var lane in lanes)
                lane.Wake();
            foreach (var barrier in barriers)
                barrier.Sender.Wake();
            TryAllParked();
        }
    }

    /// <summary>
    /// Gives up the oldest records that another destination has confirmed, until <paramref name="bytes"/> are free
    /// or none is left. Statements are never given up, and nothing behind one before it has run. Returns the bytes
    /// freed.
    /// </summary>
    internal long DropOldest(long bytes)
    {
        long freed = 0;
        var records = 0;
        lock (_gate)
        {
            while (freed < bytes && DropOne_NeedsLock() is { } size)
            {
                freed += size;
                records++;
            }

            NeedsResync |= records > 0;
        }

        if (records > 0)
            MirrorLog.Dropped(_context.Log, Cluster, Destination, records, freed);
        return freed;
    }

    /// <summary>Waits until everything pending is settled, the destination fails, or the time is up.</summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10), Time);
        while (Tally.Pending > Tally.Parked && !IsFailing)
            await poll.WaitForNextTickAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends all sending. What is still pending counts as dropped. The journal's cursor must be closed before.
    /// </summary>
    internal async Task CloseAsync()
    {
        Task idle;
        lock (_gate)
        {
            _stop.Cancel();
            _parkedTimer?.Dispose();
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_atWork == 0)
                _idle.SetResult();
            idle = _idle.Task;
        }

        await idle.ConfigureAwait(false);
        Pump();
        foreach (var queue in Concerned(new StatementScope([], All: true, Destructive: false)))
            await queue.Try.ConfigureAwait(false);
        lock (_gate)
            Abandon_NeedsLock();
    }

    /// <summary>The journal keeps nothing more for this destination.</summary>
    internal void CloseCursor(Journal.Journal journal) => journal.CloseCursor(_cursor);

    /// <summary>A sender is about to work.</summary>
    private void Begin_NeedsLock(Sender sender)
    {
        if (IsStopping)
            return;
        _atWork++;
        ThreadPool.UnsafeQueueUserWorkItem(sender, preferLocal: false);
    }

    /// <summary>A sender has ended its work.</summary>
    internal void Ended()
    {
        lock (_gate)
        {
            if (--_atWork == 0)
                _idle?.TrySetResult();
        }
    }

    private static Barrier? Front_NeedsLock(Lane lane) => lane.TryPeek(out var entry) ? entry.Barrier : null;

    /// <summary>Drops the oldest record that may be, waiting or parked, and tells its size; null when there is none.</summary>
    private int? DropOne_NeedsLock()
    {
        var lane = OldestDroppable_NeedsLock(out var position);
        ParkedQueue? parked = null;
        foreach (var queue in _parking.Queues)
        {
            if (queue.Records.First is { Value: { IsConfirmed: true } first } && first.Position < position)
                (parked, position) = (queue, first.Position);
        }

        if (parked is not null)
        {
            var record = parked.Records.First!.Value;
            parked.Records.RemoveFirst();
            _parking.RemoveIfEmpty(parked);
            Tally.Drop(record);
            Unpark_NeedsLock(record);
            return record.Size;
        }

        if (lane is null)
            return null;
        var oldest = lane.Dequeue().Record;
        Tally.Drop(oldest);
        _cursor.Complete(oldest);
        return oldest.Size;
    }

    private Lane? OldestDroppable_NeedsLock(out long position)
    {
        Lane? oldest = null;
        position = long.MaxValue;
        foreach (var lane in _lanes.Values)
        {
            if (lane.TryPeek(out var entry) && entry.Barrier is null && entry.Record.IsConfirmed
                && entry.Record.Position < position)
                (oldest, position) = (lane, entry.Record.Position);
        }

        if (_rawLane.TryPeek(out var raw) && raw.Barrier is null && raw.Record.IsConfirmed
            && raw.Record.Position < position)
            (oldest, position) = (_rawLane, raw.Record.Position);
        return oldest;
    }

    private void Abandon_NeedsLock()
    {
        var statements = new HashSet<MirroredRecord>();
        foreach (var lane in _lanes.Values.Append(_rawLane))
        {
            foreach (var record in lane.TakenOn())
                Abandon_NeedsLock(record);
            while (lane.TryPeek(out _))
            {
                var (record, barrier) = lane.Dequeue();
                if (barrier is null || statements.Add(record))
                    Abandon_NeedsLock(record);
            }
        }

        foreach (var record in _left)
            Abandon_NeedsLock(record);
        foreach (var record in _parking.Queues.SelectMany(static queue => queue.Records))
        {
            Tally.Drop(record);
            Unpark_NeedsLock(record);
        }
    }

    private void Abandon_NeedsLock(MirroredRecord record)
    {
        Tally.Drop(record);
        _cursor.Complete(record);
    }
}
