using System.Text;
using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// What the senders ask of the courier: the next batch, an attempt, and a fate for each record.
public sealed partial class Courier
{
    /// <summary>Connections in a row that break over the same records before these are suspect.</summary>
    private const int MaxLosses = 3;

    private readonly SemaphoreSlim _slots;
    private readonly Parking _parking = new();

    private long _unreachableAt;

    internal TimeProvider Time => _context.Time;

    /// <summary>The destination could not be reached just now, by a delivery or by a probe.</summary>
    internal void NoteUnreachable() => Interlocked.Exchange(ref _unreachableAt, Time.GetTimestamp());

    /// <summary>The next batch of a lane; null when it has none, and then the sender is off duty.</summary>
    internal Batch? TakeNext(Sender sender)
    {
        var lane = sender.Lane!;
        List<MirroredRecord>? records = null;
        List<MirroredRecord>? parked = null;
        long bytes = 0, limit = Pipeline.Options.MaxBatchKB * 1024L;
        lock (_gate)
        {
            while (Peek_NeedsLock(lane, ref parked) is { } record)
            {
                if (records is not null && (records.Count >= MaxBatchRecords ||
                    bytes + record.Body.Length > limit || !Batch.MayFollow(records[0], record)))
                    break;
                lane.Dequeue();
                (records ??= []).Add(record);
                bytes += record.Body.Length;
                if (record.SendAlone || record.Kind != RecordKind.Write)
                    break;
            }

            if (records is null)
                Rest_NeedsLock(lane, sender);
            else
            {
                sender.Current = records[0];
                lane.Sends++;
            }
        }

        Announce(parked);
        return records is null ? null : new Batch(records);
    }

    /// <summary>The record behind a suspect one, to be tried once; null when none may be sent.</summary>
    internal Batch? TakeProbe(Sender sender)
    {
        List<MirroredRecord>? parked = null;
        Batch? probe = null;
        lock (_gate)
        {
            if (sender.Lane is { } lane)
            {
                if (Peek_NeedsLock(lane, ref parked) is { } record)
                {
                    lane.Dequeue();
                    probe = new Batch([record]);
                }

                lane.IsProbing = probe is null;
            }
        }

        Announce(parked);
        return probe;
    }

    /// <summary>One attempt to send a batch, and what it tells about the destination and the batch.</summary>
    internal async ValueTask<SendResult> AttemptAsync(Sender? sender, Batch batch, CancellationToken cancellation)
    {
        SendResult result;
        var started = Time.GetTimestamp();
        await _slots.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            result = await Pipeline.OnceAsync(batch, SendAsync, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }

        Counters.CountSend(batch, result);
        _context.Metrics.RecordSend(Cluster, Destination, batch.Count, Time.GetElapsedTime(started));
        NoteHealth(result);
        result = Examine(batch, result);
        NoteTrouble(sender, batch, result);
        return result;
    }

    /// <summary>The statement's turn has come: what is parked must not come back after a DROP or DELETE.</summary>
    internal async Task PrepareAsync(Barrier barrier)
    {
        if (barrier.Record.Scope is not { Destructive: true } scope)
            return;
        foreach (var queue in Concerned(scope))
        {
            while (!DiscardParked(queue, "a statement that drops or deletes came after it"))
                await queue.Try.ConfigureAwait(false);
        }
    }

    /// <summary>What a statement may have repaired is tried again.</summary>
    internal void Heal(Barrier barrier)
    {
        foreach (var queue in Concerned(barrier.Record.Scope!))
            TryParked(queue);
    }

    /// <summary>The destination has these records; without a sender, parked ones.</summary>
    internal void Delivered(Sender? sender, Batch batch, DestinationAnswer answer)
    {
        lock (_gate)
        {
            foreach (var record in batch.Records)
            {
                Tally.Deliver(record, rejected: 0);
                record.Confirm();
                if (sender is null)
                {
                    Unpark_NeedsLock(record);
                    continue;
                }

                if (!_parking.IsEmpty && _parking.Concerns(record.Target.Database))
                    Counters.CountOvertaken(record.Points);
                Settle_NeedsLock(sender, record);
            }
        }

        foreach (var record in batch.Records)
            record.Watch?.Delivered(this, record, answer);
    }

    /// <summary>The destination will never take this record; without a sender, a parked one.</summary>
    internal void Rejected(Sender? sender, MirroredRecord record, SendResult result)
    {
        var answer = result.Answer!;
        record.Hold();
        lock (_gate)
        {
            if (result.Verdict.IsPartial)
            {
                Tally.Deliver(record, result.Verdict.DroppedPoints);
                record.Confirm();
            }
            else
            {
                Tally.Reject(record);
            }

            if (sender is null)
                Unpark_NeedsLock(record);
            else
                Settle_NeedsLock(sender, record);
        }

        _context.Refused.Note(record.Client, record.Target);
        if (record.Watch?.Refused(this, record, answer, parked: false) ?? true)
            FileDeadLetter(record, answer.Error);
        record.LetGo();
    }

    /// <summary>The record is the reason why the destination fails: it goes, so that the others can go on.</summary>
    internal void SetAside(Sender sender, MirroredRecord record, SendResult result)
    {
        var reason = result.Vanished
            ? $"{Destination} vanished twice after this record"
            : $"{Destination} answered it with nothing but server errors: {result.Answer?.Error}";
        if (MayLog())
            MirrorLog.SetAside(_context.Log, Cluster, Destination, record.Client, record.Target.Database, reason);
        Counters.CountSetAside();
        var error = Encoding.UTF8.GetBytes($$"""{"error":"set aside: {{JsonEncode(reason)}}"}""");
        var answer = new DestinationAnswer(500, error, [new("Content-Type", "application/json")]);
        Rejected(sender, record, new SendResult { Answer = answer, Verdict = new(VerdictKind.Rejected) });
    }

    /// <summary>What is left of a batch when its withdrawn records are gone; null when that is nothing.</summary>
    internal Batch? DiscardWithdrawn(Sender sender, Batch batch)
    {
        var left = new List<MirroredRecord>(batch.Count);
        lock (_gate)
        {
            foreach (var record in batch.Records)
            {
                if (!record.IsWithdrawn)
                    left.Add(record);
                else
                    Withdraw_NeedsLock(sender, record);
            }
        }

        return left.Count == 0 ? null : new Batch(left) { Vanishings = batch.Vanishings, Losses = batch.Losses };
    }

    private static string JsonEncode(string text) => System.Text.Json.JsonEncodedText.Encode(text).Value;

    private async Task<SendResult> SendAsync(Batch batch, CancellationToken cancellation)
    {
        if (_context.Client() is not { } client)
            return new SendResult { NoAnswer = NoAnswer.NotConnected, Failure = "it is no longer configured" };
        try
        {
            return await DestinationClient.SendAsync(client.Invoker, client.Address, batch, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A fault of ours must not stop the lane: it is logged and the record tried again like after any failure.
            if (MayLog())
                MirrorLog.SendFault(_context.Log, failure, Cluster, Destination);
            return new SendResult { NoAnswer = NoAnswer.NotConnected, Failure = failure.Message };
        }
    }

    /// <summary>The first record that may be sent; parks and discards what stands before it.</summary>
    private MirroredRecord? Peek_NeedsLock(Lane lane, ref List<MirroredRecord>? parked)
    {
        while (lane.TryPeek(out var entry) && entry.Barrier is null)
        {
            var record = entry.Record;
            if (record.IsWithdrawn)
            {
                lane.Dequeue();
                Withdraw_NeedsLock(null, record);
            }
            else if (_parking.Find(record.Target) is { } queue)
            {
                lane.Dequeue();
                Park_NeedsLock(record, queue.Reason);
                (parked ??= []).Add(record);
            }
            else
            {
                return record;
            }
        }

        return null;
    }

    private void Rest_NeedsLock(Lane lane, Sender sender)
    {
        lane.Disengage(sender);
        Reach_NeedsLock(lane);
        if (lane.IsIdle && lane != _rawLane && _lanes.Count > IdleLanes)
            _lanes.Remove(lane.Database);
    }

    private void Withdraw_NeedsLock(Sender? sender, MirroredRecord record)
    {
        Tally.Reject(record);
        Counters.CountWithdrawn();
        Settle_NeedsLock(sender, record);
    }

    /// <summary>The record has its fate: the journal need not keep it for this destination.</summary>
    private void Settle_NeedsLock(Sender? sender, MirroredRecord record)
    {
        Leave_NeedsLock(sender);
        _cursor.Complete(record);
    }

    /// <summary>The sender goes on to what it does next; behind a statement, its lanes do.</summary>
    private void Leave_NeedsLock(Sender? sender)
    {
        if (sender is null)
            return;
        sender.Current = sender.Next;
        if (sender.Lane is not null)
            return;
        var barrier = sender.Barrier;
        _everywhere.Remove(barrier);
        _statements.Remove(barrier.Record.Position);
        foreach (var lane in barrier.Lanes)
        {
            lane.Dequeue();
            Start_NeedsLock(lane);
            Reach_NeedsLock(lane);
        }
    }

    private void NoteHealth(SendResult result)
    {
        if (result.Answer is null)
        {
            Failure = result.Failure;
            if (result.NoAnswer == NoAnswer.NotConnected)
                NoteUnreachable();
            if (!Interlocked.Exchange(ref _failing, true))
                MirrorLog.DestinationFails(_context.Log, Cluster, Destination, result.Failure ?? "");
            return;
        }

        foreach (var (name, value) in result.Answer.Headers)
        {
            if (name == "X-Influxdb-Version")
                NoteVersion(value);
        }

        if (Interlocked.Exchange(ref _failing, false))
        {
            MirrorLog.DestinationAnswers(_context.Log, Cluster, Destination);
            Wake();
        }
    }

    /// <summary>Whether a failure says something about the batch, and not only about the destination.</summary>
    private SendResult Examine(Batch batch, SendResult result)
    {
        if (result.Verdict.Kind != VerdictKind.Retry)
            return result;
        if (batch.LostAt != 0 && Interlocked.Read(ref _unreachableAt) >= batch.LostAt)
        {
            batch.LostAt = 0;
            batch.Vanishings++;
            result = result with { Vanished = true, IsSuspect = batch.Count > 1 || batch.Vanishings >= 2 };
        }

        if (result.Answer is not null)
        {
            batch.LostAt = batch.Losses = 0;
            // 408 and 429 speak of the destination's load, never of the record.
            if (result.Answer.Status < 500)
                return result;
            batch.ServerErrors++;
            var limit = batch.Count > 1 ? 2 : Pipeline.Options.MaxServerErrors;
            return batch.First.Kind != RecordKind.Statement && batch.ServerErrors >= limit
                ? result with { IsSuspect = true }
                : result;
        }

        if (result.NoAnswer != NoAnswer.Lost)
            return result;
        batch.LostAt = Time.GetTimestamp();
        return ++batch.Losses >= MaxLosses && batch.First.Kind != RecordKind.Statement
            ? result with { IsSuspect = true, Vanished = true }
            : result;
    }

    private void NoteTrouble(Sender? sender, Batch batch, SendResult result)
    {
        if (sender is null)
            return;
        var troubled = result.Verdict.Kind == VerdictKind.Retry;
        List<MirroredRecord>? waiting = null;
        lock (_gate)
        {
            if (sender.Lane is not { } lane)
            {
                waiting = troubled ? [.. batch.Records] : null;
            }
            else
            {
                if (troubled && !lane.IsTroubled)
                    waiting = [.. batch.Records, .. lane.Waiting()];
                lane.IsTroubled = troubled;
                lane.IsProbing &= troubled;
            }
        }

        Announce(waiting);
    }
}
