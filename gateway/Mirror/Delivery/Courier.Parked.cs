using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// Records that wait for a repair of the destination, beside the lanes.
public sealed partial class Courier
{
    /// <summary>Places whose records are all on disk that are tried at a time.</summary>
    private const int MostTriedOnDisk = 100;

    private const string Overruled = "a statement that drops or deletes came after it";

    private readonly ReturnFromDisk _parkedReturn;
    private ITimer? _parkedTimer;
    private long _triedOnDisk;

    /// <summary>Records that are parked, and why, for people.</summary>
    public IReadOnlyList<(string Database, string? RetentionPolicy, VerdictKind Reason, long Records)> Parked()
    {
        lock (_gate)
        {
            return [.. _parking.Queues.Select(queue =>
                (queue.Place.Database, queue.Place.RetentionPolicy, queue.Reason,
                    queue.Records.Count + queue.OnDisk.Count))];
        }
    }

    /// <summary>How long its oldest parked record has been waiting.</summary>
    public TimeSpan ParkedFor()
    {
        lock (_gate)
        {
            return _parking.Queues.Min(static queue => queue.OldestAt) is { } oldest
                ? Time.GetElapsedTime(oldest)
                : TimeSpan.Zero;
        }
    }

    /// <summary>The destination misses what these records need: they wait beside their lane.</summary>
    internal void Park(Sender sender, Batch batch, SendResult result)
    {
        var answer = result.Answer!;
        var reason = result.Verdict.Kind;
        if (batch.Trial is null && MayLog())
        {
            MirrorLog.Parked(
                _context.Log, Cluster, Destination, batch.First.Target.Database, batch.Count, answer.Error);
        }

        lock (_gate)
        {
            if (batch.Trial is not null)
                TakeOffTrial_NeedsLock(batch.Trial);
            foreach (var record in batch.Records)
            {
                record.Hold();
                // The obstacle is there still, or again: what is on its way back waits with the others.
                Park_NeedsLock(record, reason).IsReturning = false;
            }

            if (batch.Trial is { } trial && trial.Reason != reason)
                Release_NeedsLock(trial);
            else if (batch.Trial is { TryAgain: true } again)
                Try_NeedsLock(again);
            Leave_NeedsLock(sender);
        }

        foreach (var record in batch.Records)
        {
            if (record.Watch?.Refused(this, record, answer, parked: true) ?? false)
                FileDeadLetter(record, answer.Error);
            record.LetGo();
        }
    }

    /// <summary>Takes a withdrawn record out of the parked ones; in a lane it is met and dropped on its way.</summary>
    internal void Unpark(MirroredRecord record)
    {
        lock (_gate)
        {
            if (_parking.Remove(record) is not { } queue)
            {
                if (TakeFromDisk_NeedsLock(record))
                    WithdrawOnDisk_NeedsLock(record);
                return;
            }

            Tally.Reject(record);
            Counters.CountWithdrawn();
            Unpark_NeedsLock(record);
            // Those behind it were never tried: they joined the queue because of it.
            if (queue.Records.Count > 0)
                Try_NeedsLock(queue);
        }
    }

    private ParkedQueue Park_NeedsLock(MirroredRecord record, VerdictKind reason)
    {
        Tally.Park(record);
        var queue = _parking.Park(record, reason);
        // On disk it stays until it has its fate: a restart reads it again.
        if (_progress.IsDurable)
        {
            Spill_NeedsLock(queue);
        }
        else
        {
            record.Hold();
            _cursor.Complete(record);
        }

        if (_parkedTimer is null && !IsStopping)
        {
            var interval = Pipeline.Options.ParkedRetryInterval;
            _parkedTimer = Time.CreateTimer(
                static state => ((Courier)state!).TryAllParked(), this, interval, interval);
        }

        return queue;
    }

    private void Unpark_NeedsLock(MirroredRecord record)
    {
        Tally.Unpark(record);
        LeaveParked_NeedsLock(record);
    }

    private List<MirroredRecord> TakeParked_NeedsLock(Func<MirroredRecord, bool> chosen)
    {
        var taken = new List<MirroredRecord>();
        foreach (var queue in _parking.Queues.ToArray())
        {
            for (var node = queue.Records.First; node is not null;)
            {
                var (next, record) = (node.Next, node.Value);
                if (chosen(record))
                {
                    taken.Add(record);
                    queue.Records.Remove(node);
                }

                node = next;
            }

            _parking.RemoveIfEmpty(queue);
        }

        return taken;
    }

    /// <summary>Parked records take little memory: the newest ones are left to the disk.</summary>
    private void Spill_NeedsLock(ParkedQueue queue)
    {
        // Of what is on its way back all goes by the disk: a raw record that has come there before an older write, from
        // the front of its own lane, does not leave that one alone in memory.
        var isBehind = queue.IsReturning
            || (queue.OnDisk.Count > 0 && queue.Records.Last!.Value.Position > queue.OnDisk.First);
        if (!isBehind && Tally.ParkedBytes <= Memory.Parked)
            return;
        // What came behind those on disk goes there; else the newest half, but for the oldest record, unless that is
        // all there is: there may be any number of places.
        var spilled = isBehind || queue.Records.Count == 1
            ? Parking.Spill(queue, 1, keep: 0)
            : Parking.Spill(queue, Memory.Parked / 2, keep: 1);
        foreach (var record in spilled)
        {
            Tally.Spill(record.Size);
            record.LetGo();
        }

        _cursor.DemandDurable();
    }

    private void WithdrawOnDisk_NeedsLock(MirroredRecord record)
    {
        Tally.Unpark(record);
        Tally.Reject(record);
        Counters.CountWithdrawn();
        _progress.Settled(new SpilledRecord(record));
        _cursor.CompleteReleased(record.Position);
    }

    /// <summary>A parked record has its fate.</summary>
    private void LeaveParked_NeedsLock(MirroredRecord record)
    {
        if (_progress.IsDurable)
            Complete_NeedsLock(record);
        else
            record.LetGo();
    }

    private void TryAllParked()
    {
        lock (_gate)
        {
            foreach (var queue in _parking.Queues.Where(static queue => queue.Records.Count > 0).ToArray())
                Try_NeedsLock(queue);
            // Each of these has a walk through a segment before it.
            foreach (var queue in _parking.Queues.Where(static queue => queue.Records.Count == 0)
                .OrderBy(static queue => queue.TriedAt).Take(MostTriedOnDisk).ToArray())
            {
                queue.TriedAt = ++_triedOnDisk;
                Try_NeedsLock(queue);
            }

            if (!_parking.IsEmpty)
                return;
            _parkedTimer?.Dispose();
            _parkedTimer = null;
        }
    }

    /// <summary>Whatever was parked at the last end is parked again, or has its fate.</summary>
    private void EndRestoring_NeedsLock()
    {
        foreach (var queue in _parking.EndRestoring())
            Try_NeedsLock(queue);
    }

    private void TryParked_NeedsLock(StatementScope scope)
    {
        foreach (var queue in Concerned_NeedsLock(scope))
            Try_NeedsLock(queue);
    }

    /// <summary>
    /// Sends the first of the parked records, before what waits in its lane, to find out whether the others may
    /// follow. Not while a statement runs there; after it, all are tried anyway.
    /// </summary>
    private void Try_NeedsLock(ParkedQueue queue)
    {
        if (IsStopping)
            return;
        if (queue.OnTrial is not null)
        {
            queue.TryAgain = true;
            return;
        }

        if (queue.Records.First is not { Value: var first })
        {
            TryOnDisk_NeedsLock(queue);
            return;
        }

        var lane = LaneOf_NeedsLock(KeyOf(first));
        if (IsStatementRunning_NeedsLock(lane))
            return;
        queue.Records.RemoveFirst();
        BeginTrial_NeedsLock(queue, first);
    }

    private void BeginTrial_NeedsLock(ParkedQueue queue, MirroredRecord first)
    {
        queue.TryAgain = false;
        queue.OnTrial = first;
        Return_NeedsLock(LaneOf_NeedsLock(KeyOf(first)), first, queue);
    }

    /// <summary>The trial is over and the obstacle gone.</summary>
    private void EndTrial_NeedsLock(ParkedQueue queue)
    {
        TakeOffTrial_NeedsLock(queue);
        Release_NeedsLock(queue);
    }

    private void TakeOffTrial_NeedsLock(ParkedQueue queue)
    {
        Tally.Unpark(queue.OnTrial!);
        queue.OnTrial = null;
    }

    /// <summary>Whatever waited for this obstacle goes back before its lane.</summary>
    private void Release_NeedsLock(ParkedQueue queue)
    {
        foreach (var record in queue.Records)
        {
            Tally.Unpark(record);
            Return_NeedsLock(LaneOf_NeedsLock(KeyOf(record)), record, null);
        }

        queue.Records.Clear();
        queue.IsRestored = false;
        queue.AwaitsTrial = false;
        _parking.RemoveIfEmpty(queue);
        queue.IsReturning = queue.OnDisk.Count > 0;
        if (queue.IsReturning)
            _parkedReturn.Start();
    }

    private static LaneKey KeyOf(MirroredRecord record) =>
        new(record.Target.Database, record.Kind == RecordKind.Raw);

    /// <summary>What a record is parked for, in words.</summary>
    private static string WordsOf(VerdictKind reason) => reason switch
    {
        VerdictKind.ParkDatabase => "the database was not there",
        VerdictKind.ParkRetentionPolicy => "the retention policy was not there",
        _ => "the account was not known or not allowed there",
    };

    private void Return_NeedsLock(Lane lane, MirroredRecord record, ParkedQueue? trial)
    {
        // A statement that had come to the front of the lane has not any more.
        if (lane.TryPeek(out var front) && front.Barrier is { IsRunning: false } barrier)
            barrier.Reached.Remove(lane);
        lane.Return(record, trial);
        Start_NeedsLock(lane);
    }

    private static bool IsStatementRunning_NeedsLock(Lane lane) =>
        lane.TryPeek(out var front) && front.Barrier is { IsRunning: true };

    private ParkedQueue[] Concerned_NeedsLock(StatementScope scope) =>
        [.. _parking.Queues.Where(queue =>
            scope.All || scope.Databases.Contains(queue.Place.Database, StringComparer.Ordinal))];

    /// <summary>What is parked must not come back after a DROP or DELETE: it becomes dead letters.</summary>
    private async ValueTask DiscardParkedAsync(Barrier barrier, StatementScope scope)
    {
        var discarded = new List<(MirroredRecord Record, VerdictKind Reason)>();
        lock (_gate)
        {
            foreach (var queue in Concerned_NeedsLock(scope))
            {
                foreach (var record in queue.Records)
                {
                    record.Hold();
                    if (_progress.IsDurable)
                    {
                        Tally.Unpark(record);
                        Refuse_NeedsLock(record, new Verdict(VerdictKind.Rejected), Overruled);
                    }
                    else
                    {
                        Tally.Reject(record);
                        Unpark_NeedsLock(record);
                    }

                    discarded.Add((record, queue.Reason));
                }

                queue.Records.Clear();
                barrier.ToDiscard.TakeOver(queue.OnDisk);
                _parking.RemoveIfEmpty(queue);
            }
        }

        foreach (var (record, reason) in discarded)
        {
            FileDeadLetter(record, $"{WordsOf(reason)}, and {Overruled}");
            record.LetGo();
        }

        await DiscardOnDiskAsync(barrier.ToDiscard).ConfigureAwait(false);
        await LettersFiledAsync().ConfigureAwait(false);
    }
}
