using System.Diagnostics;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// Waking up, making room, and coming to an end.
public sealed partial class Courier
{
    private static readonly TimeSpan LongSave = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<MirroredRecord> _left = [];
    private TaskCompletionSource? _idle;
    private int _atWork;

    /// <summary>It is coming to an end: nothing new is sent.</summary>
    internal bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>It has come to an end, and saved how far it got if the disk took that.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>Cancelled when it comes to an end.</summary>
    internal CancellationToken Stopping => _stop.Token;

    /// <summary>The options have changed: what waits before another try goes by the new ones.</summary>
    internal void Reconfigure()
    {
        Pipeline = new DeliveryPipeline(_context.Options(), Time);
        var interval = Pipeline.Options.ParkedRetryInterval;
        lock (_gate)
            _parkedTimer?.Change(interval, interval);
        Wake();
    }

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
    /// Gives up the oldest records that are expendable (<see cref="Journal.JournalRecord.IsExpendable"/>), waiting or
    /// parked, until <paramref name="bytes"/> are free or none is left. Statements are never given up. Returns the
    /// bytes freed.
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
                Drop_NeedsLock(record, DropCause.Full);
            }

            foreach (var record in TakeParked_NeedsLock(record => record.Position <= last && record.IsExpendable))
            {
                freed += record.Size;
                dropped.Add(record);
                GiveUp_NeedsLock(record, DropCause.Full);
                Unpark_NeedsLock(record);
            }

            NeedsResync |= dropped.Count > 0;
        }

        if (dropped.Count > 0 && MayLog())
            MirrorLog.Dropped(_context.Log, Cluster, Destination, dropped.Count, freed);
        return freed;

        List<MirroredRecord> Take(Lane lane, long last)
        {
            var taken = lane.Remove(record => record.Position <= last && record.IsExpendable);
            // What stood before a statement may be gone now.
            Reach_NeedsLock(lane);
            return taken;
        }
    }

    /// <summary>It is about to be done with all that was appended a moment ago.</summary>
    internal bool IsKeepingUp => !IsFailing && !IsBehind && Tally.Parked == 0;

    /// <summary>What it reads next is on disk only.</summary>
    internal bool IsBehind => _cursor.IsBehind;

    private void Drop_NeedsLock(MirroredRecord record, DropCause cause)
    {
        GiveUp_NeedsLock(record, cause);
        Complete_NeedsLock(record);
    }

    /// <summary>Its destination will lack it: that is remembered until somebody says that it has it.</summary>
    private void GiveUp_NeedsLock(MirroredRecord record, DropCause cause)
    {
        NeedsResync = true;
        Tally.Drop(record, cause);
        _context.Gaps.Note(Destination, record);
    }

    /// <summary>Up to which position records have to go to free so many bytes; 0 when none may.</summary>
    private long LastToDrop_NeedsLock(long bytes)
    {
        var droppable = _lanes.Values.SelectMany(static lane => lane.Removable())
            .Concat(_parking.Queues.SelectMany(static queue => queue.Records))
            .Where(static record => record.IsExpendable)
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

    /// <summary>
    /// Waits until everything in memory is settled, the destination fails, or the time is up. What is on disk stays
    /// there.
    /// </summary>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10), Time);
        while (Tally.WaitingRecords > 0 && !IsFailing && !_cursor.IsBehind)
            await poll.WaitForNextTickAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends all sending. What is still pending stays on disk, or counts as dropped where there is none. The journal's
    /// cursor must be closed before.
    /// </summary>
    internal async Task CloseAsync()
    {
        Task idle;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _catchUp.StopAsync().ConfigureAwait(false);
        _cursor.StopReading();
        await _parkedReturn.StopAsync().ConfigureAwait(false);
        await _laneReturn.StopAsync().ConfigureAwait(false);
        await _givingUp.StopAsync().ConfigureAwait(false);
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
        await LettersFiledAsync().ConfigureAwait(false);
        Pump();
        var abandoned = new List<MirroredRecord>();
        lock (_gate)
            Abandon_NeedsLock(abandoned);
        foreach (var record in abandoned)
        {
            record.Watch?.Unavailable(this, record);
            record.LetGo();
        }

        // The disk may take its time, and whoever removes a destination does not wait for it.
        await Task.Run(Save).ConfigureAwait(false);
        HasEnded = true;
    }

    /// <summary>The journal keeps nothing more for this destination.</summary>
    internal void CloseCursor(Journal.Journal journal) => journal.CloseCursor(_cursor);

    /// <summary>
    /// Saves how far it has got, if the journal is on disk; false when the disk fails: the next call tries again.
    /// </summary>
    internal bool Save()
    {
        try
        {
            if (_progress.IsDurable)
                _progress.Save(State);
            return true;
        }
        catch (DiskException fault)
        {
            if (MayLog())
                MirrorLog.NotSaved(_context.Log, Cluster, Destination, fault.Message);
            return false;
        }
    }

    /// <summary>
    /// Its next save may be now. The state grows with what is parked: when that takes long, saving takes no more than
    /// one part of <paramref name="rest"/> of the time.
    /// </summary>
    internal bool MaySave(int rest)
    {
        var (at, took) = _progress.LastSave;
        return took < LongSave || Stopwatch.GetElapsedTime(at) >= took * rest;
    }

    /// <summary>
    /// The destination vanished after a record: it is noted for good, so that it does so no more than once again.
    /// </summary>
    private void NoteVanished(MirroredRecord record)
    {
        lock (_gate)
            _progress.NoteVanished(record);
        Save();
    }

    /// <summary>
    /// Something on disk cannot be read: lost to this destination, unless it is a torn end, promised to nobody.
    /// </summary>
    internal void NoteDamage(LogDamage damage)
    {
        lock (_gate)
        {
            NeedsResync |= damage.Acknowledged;
            _progress.Watch();
        }

        if (!damage.Acknowledged)
            return;
        Counters.CountDamage();
        MirrorLog.JournalDamaged(
            _context.Log, Cluster, Destination, damage.Kind.ToString(), damage.File, damage.Offset, damage.Length);
    }

    /// <summary>The disk fails to give what waits for this destination.</summary>
    internal void LogReadFault(string reason)
    {
        if (MayLog())
            MirrorLog.JournalUnreadable(_context.Log, Cluster, Destination, reason);
    }

    private CursorState State()
    {
        _progress.CountRest(_gate);
        long lost;
        CursorState state;
        lock (_gate)
        {
            lost = _lostUncounted > 0 ? 0 : _progress.DropLost();
            NeedsResync |= lost > 0;
            state = _progress.State(NeedsResync, _parking.Saved());
        }

        if (lost > 0)
            MirrorLog.Lost(_context.Log, Cluster, Destination, lost);
        // What this state says is dropped has to be known as a gap before.
        _context.Gaps.Save();
        return state;
    }

    private async Task SaveUntilDoneAsync()
    {
        while (!Save())
            await Task.Delay(TimeSpan.FromSeconds(1), Time, Stopping).ConfigureAwait(false);
    }

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
    /// Finds what is left, and counts it as dropped where it is nowhere else; who waits for it is told by the caller,
    /// who lets go of it too.
    /// </summary>
    private void Abandon_NeedsLock(List<MirroredRecord> abandoned)
    {
        var statements = new HashSet<MirroredRecord>();
        foreach (var lane in _lanes.Values)
        {
            abandoned.AddRange(lane.TakenOn());
            while (lane.TryPeek(out _))
            {
                // What is on disk only stays there. A statement that has its fate may wait for the disk to take that.
                if (lane.Dequeue() is { Record: { } record, Barrier: var barrier }
                    && (barrier is null || (barrier.Sender.Next is not null && statements.Add(record))))
                    abandoned.Add(record);
            }
        }

        abandoned.AddRange(_left);
        var parked = _parking.Queues.SelectMany(static queue => queue.Records).ToList();
        if (_progress.IsDurable)
        {
            // Nothing is lost: the next start reads it again. Who withdraws one now finds it no more.
            abandoned.AddRange(parked);
            foreach (var queue in _parking.Queues)
                queue.Records.Clear();
            return;
        }

        foreach (var record in abandoned.Where(static record => record.Letter == 0))
        {
            record.Hold();
            Tally.Drop(record, DropCause.Removed);
            _cursor.Complete(record);
        }

        foreach (var trial in _parking.Queues.Select(static queue => queue.OnTrial).OfType<MirroredRecord>())
            Tally.Unpark(trial);
        foreach (var record in parked)
        {
            record.Hold();
            abandoned.Add(record);
            Tally.Drop(record, DropCause.Removed);
            Unpark_NeedsLock(record);
        }
    }
}
