using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// Records that wait for a repair of the destination, beside the lanes.
public sealed partial class Courier
{
    private ITimer? _parkedTimer;

    /// <summary>Records that are parked, and why, for people.</summary>
    public IReadOnlyList<(string Database, string? RetentionPolicy, VerdictKind Reason, int Records)> Parked()
    {
        lock (_gate)
        {
            return [.. _parking.Queues.Select(queue =>
                (queue.Place.Database, queue.Place.RetentionPolicy, queue.Reason, queue.Records.Count))];
        }
    }

    /// <summary>The destination misses what these records need: they wait beside their lane.</summary>
    internal void Park(Sender sender, Batch batch, SendResult result)
    {
        var answer = result.Answer!;
        if (MayLog())
            MirrorLog.Parked(_context.Log, Cluster, Destination, batch.First.Target.Database, batch.Count, answer.Error);
        lock (_gate)
        {
            foreach (var record in batch.Records)
            {
                record.Hold();
                Park_NeedsLock(record, result.Verdict.Kind);
            }

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
        ParkedQueue? queue;
        lock (_gate)
        {
            queue = _parking.Find(record.Target);
            if (queue?.Records.FindLast(record) is not { } node)
                return;
            queue.Records.Remove(node);
            TakeBack_NeedsLock(record);
            _parking.RemoveIfEmpty(queue);
        }

        // Those behind it were never tried: they joined the queue because of it.
        if (queue.Records.Count > 0)
            TryParked(queue);
    }

    private void Park_NeedsLock(MirroredRecord record, VerdictKind reason)
    {
        record.Hold();
        Tally.Park(record);
        _parking.Park(record, reason);
        _cursor.Complete(record);
        var interval = Pipeline.Options.ParkedRetryInterval;
        _parkedTimer ??= Time.CreateTimer(
            static state => ((Courier)state!).TryAllParked(), this, interval, interval);
    }

    private void TakeBack_NeedsLock(MirroredRecord record)
    {
        Tally.Reject(record);
        Counters.CountWithdrawn();
        Unpark_NeedsLock(record);
    }

    private void Unpark_NeedsLock(MirroredRecord record)
    {
        Tally.Unpark(record);
        record.LetGo();
    }

    private void TryAllParked()
    {
        ParkedQueue[] queues;
        lock (_gate)
        {
            queues = [.. _parking.Queues];
            if (queues.Length == 0)
            {
                _parkedTimer?.Dispose();
                _parkedTimer = null;
            }
        }

        foreach (var queue in queues)
            TryParked(queue);
    }

    /// <summary>Starts a try of what is parked in one place, or sees to it that one follows the present try.</summary>
    private void TryParked(ParkedQueue queue)
    {
        lock (_gate)
        {
            if (IsStopping)
                return;
            if (!queue.Try.IsCompleted)
            {
                queue.TryAgain = true;
                return;
            }

            queue.TryAgain = false;
            queue.Try = Task.Run(() => DrainAsync(queue));
        }
    }

    /// <summary>Sends what is parked, one record at a time and in order, until one is still not taken.</summary>
    private async Task DrainAsync(ParkedQueue queue)
    {
        try
        {
            while (TakeParked(queue) is { } batch)
            {
                var result = await AttemptAsync(null, batch, Stopping).ConfigureAwait(false);
                if (!SettleParked(queue, batch, result))
                    return;
            }
        }
        catch (OperationCanceledException) when (IsStopping)
        {
            // The record is back in its queue; the courier accounts for it when it closes.
        }
    }

    private Batch? TakeParked(ParkedQueue queue)
    {
        lock (_gate)
        {
            while (queue.Records.First is { Value: { IsWithdrawn: true } withdrawn })
            {
                queue.Records.RemoveFirst();
                TakeBack_NeedsLock(withdrawn);
            }

            _parking.RemoveIfEmpty(queue);
            return queue.Records.First is { } first && !IsStopping ? new Batch([first.Value]) : null;
        }
    }

    /// <summary>Gives a parked record the fate that its try met; false when it stays, and the try ends.</summary>
    private bool SettleParked(ParkedQueue queue, Batch batch, SendResult result)
    {
        var record = batch.First;
        var stays = result.Verdict.Kind is VerdictKind.Retry or VerdictKind.ParkDatabase
            or VerdictKind.ParkRetentionPolicy or VerdictKind.ParkAccount;
        bool again;
        lock (_gate)
        {
            // Withdrawn meanwhile: whoever took it out has given it its fate.
            if (queue.Records.First?.Value != record)
                return true;
            again = queue.TryAgain;
            queue.TryAgain = false;
            if (stays && result.Verdict.Kind != VerdictKind.Retry && result.Verdict.Kind != queue.Reason)
                Move_NeedsLock(queue, result.Verdict.Kind);
            else if (!stays)
                queue.Records.RemoveFirst();
            _parking.RemoveIfEmpty(queue);
        }

        if (stays)
            return again;
        if (result.Verdict.Kind == VerdictKind.Delivered)
        {
            Delivered(null, batch, result.Answer!);
            return true;
        }

        Rejected(null, record, result);
        return true;
    }

    /// <summary>One obstacle is gone and another stands behind it: the records wait for that one now.</summary>
    private void Move_NeedsLock(ParkedQueue queue, VerdictKind reason)
    {
        foreach (var record in queue.Records)
            _parking.Park(record, reason);
        queue.Records.Clear();
    }

    private ParkedQueue[] Concerned(StatementScope scope)
    {
        lock (_gate)
        {
            return [.. _parking.Queues.Where(queue =>
                scope.All || scope.Databases.Contains(queue.Place.Database, StringComparer.Ordinal))];
        }
    }

    /// <summary>Makes dead letters of what is parked in one place; false, and nothing done, while a try is under way.</summary>
    private bool DiscardParked(ParkedQueue queue, string reason)
    {
        MirroredRecord[] records;
        lock (_gate)
        {
            if (!queue.Try.IsCompleted)
                return false;
            records = [.. queue.Records];
            queue.Records.Clear();
            _parking.RemoveIfEmpty(queue);
            foreach (var record in records)
            {
                Tally.Reject(record);
                Tally.Unpark(record);
            }
        }

        foreach (var record in records)
        {
            FileDeadLetter(record, $"{queue.Reason}: {reason}");
            record.LetGo();
        }

        return true;
    }
}
