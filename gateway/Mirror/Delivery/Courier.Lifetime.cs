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
        if (IsStopping)
            return;
        Lane[] lanes;
        Barrier[] barriers;
        lock (_gate)
        {
            lanes = [.. _lanes.Values];
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
    /// Gives up the oldest records that another destination has decided about, waiting or parked, until
    /// <paramref name="bytes"/> are free or none is left. Statements are never given up. Returns the bytes freed.
    /// </summary>
    internal long DropOldest(long bytes)
    {
        long freed = 0;
        List<MirroredRecord> dropped;
        lock (_gate)
        {
            var last = LastToDrop_NeedsLock(bytes);
            dropped = [.. _lanes.Values.ToArray().SelectMany(lane => Take(lane, last))];
            foreach (var record in dropped)
            {
                freed += record.Size;
                Tally.Drop(record);
                _cursor.Complete(record);
            }

            foreach (var record in TakeParked_NeedsLock(last))
            {
                freed += record.Size;
                dropped.Add(record);
                Tally.Drop(record);
                Unpark_NeedsLock(record);
            }

            NeedsResync |= dropped.Count > 0;
        }

        if (dropped.Count > 0 && MayLog())
            MirrorLog.Dropped(_context.Log, Cluster, Destination, dropped.Count, freed);
        return freed;

        List<MirroredRecord> Take(Lane lane, long last)
        {
            var taken = lane.Remove(record => record.Position <= last && record.IsDecided);
            // What stood before a statement may be gone now.
            Reach_NeedsLock(lane);
            return taken;
        }
    }

    /// <summary>Up to which position records have to go to free so many bytes; 0 when none may.</summary>
    private long LastToDrop_NeedsLock(long bytes)
    {
        var droppable = _lanes.Values.SelectMany(static lane => lane.Waiting())
            .Concat(_parking.Queues.SelectMany(static queue => queue.Records))
            .Where(static record => record.IsDecided)
            .OrderBy(static record => record.Position);
        long position = 0;
        foreach (var record in droppable)
        {
            position = record.Position;
            bytes -= record.Size;
            if (bytes <= 0)
                break;
        }

        return position;
    }

    private List<MirroredRecord> TakeParked_NeedsLock(long last)
    {
        var taken = new List<MirroredRecord>();
        foreach (var queue in _parking.Queues.ToArray())
        {
            taken.AddRange(queue.Records.Where(record => record.Position <= last && record.IsDecided));
            foreach (var record in taken)
                queue.Records.Remove(record);
            _parking.RemoveIfEmpty(queue);
        }

        return taken;
    }

    /// <summary>Waits until everything pending is settled, the destination fails, or the time is up.</summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10), Time);
        while (Tally.WaitingRecords > 0 && !IsFailing)
            await poll.WaitForNextTickAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends all sending. What is still pending counts as dropped. The journal's cursor must be closed before.
    /// </summary>
    internal async Task CloseAsync()
    {
        Task idle;
        await _stop.CancelAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _parkedTimer?.Dispose();
            _parkedTimer = null;
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_atWork == 0)
                _idle.SetResult();
            idle = _idle.Task;
        }

        await idle.ConfigureAwait(false);
        Pump();
        var abandoned = new List<MirroredRecord>();
        lock (_gate)
            Abandon_NeedsLock(abandoned);
        foreach (var record in abandoned)
        {
            record.Watch?.Unavailable(this, record);
            record.LetGo();
        }
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

    /// <summary>
    /// Counts what is left as dropped; who waits for it is told by the caller, who lets go of it too.
    /// </summary>
    private void Abandon_NeedsLock(List<MirroredRecord> abandoned)
    {
        var statements = new HashSet<MirroredRecord>();
        foreach (var lane in _lanes.Values)
        {
            abandoned.AddRange(lane.TakenOn());
            while (lane.TryPeek(out _))
            {
                var entry = lane.Dequeue();
                if (entry.Barrier is null || statements.Add(entry.Record))
                    abandoned.Add(entry.Record);
            }
        }

        abandoned.AddRange(_left);
        foreach (var record in abandoned)
        {
            record.Hold();
            Tally.Drop(record);
            _cursor.Complete(record);
        }

        foreach (var trial in _parking.Queues.Select(static queue => queue.OnTrial).OfType<MirroredRecord>())
            Tally.Unpark(trial);
        foreach (var record in _parking.Queues.SelectMany(static queue => queue.Records))
        {
            record.Hold();
            abandoned.Add(record);
            Tally.Drop(record);
            Unpark_NeedsLock(record);
        }
    }
}
