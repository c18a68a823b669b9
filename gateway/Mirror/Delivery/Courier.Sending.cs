using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// What the senders ask of the courier: the next batch, an attempt, and a fate for each record.
public sealed partial class Courier
{
    private readonly Parking _parking = new();

    internal TimeProvider Time => _context.Time;

    /// <summary>The next batch of a lane; null when it has none, and then the sender is off duty.</summary>
    internal Batch? TakeNext(Sender sender)
    {
        var lane = sender.Lane!;
        List<MirroredRecord>? records = null;
        List<MirroredRecord>? parked = null;
        ParkedQueue? trial = null;
        long bytes = 0, limit = Pipeline.Options.MaxBatchKB * 1024L;
        var vanishings = 0;
        if (_progress.IsDurable && HasRoom && _cursor.ReadThrough < _progress.Tail)
            Pump();
        lock (_gate)
        {
            while (Peek_NeedsLock(lane, ref parked) is { Record: { } record } entry)
            {
                var hasVanished = _progress.HasVanished(record);
                if (records is not null && (records.Count >= MaxBatchRecords || entry.Trial is not null ||
                    hasVanished || bytes + record.Body.Length > limit || !Batch.MayFollow(records[0], record)))
                    break;
                lane.Dequeue();
                (records ??= []).Add(record);
                bytes += record.Body.Length;
                trial = entry.Trial;
                if (record.SendAlone || record.Kind != RecordKind.Write || trial is not null || hasVanished)
                    break;
            }

            if (records is not null)
            {
                vanishings = _progress.HasVanished(records[0]) ? 1 : 0;
                sender.Current = records[0];
                sender.IsOnTrial = trial is not null;
                lane.Sends++;
            }
            else
            {
                Rest_NeedsLock(lane, sender);
            }
        }

        Announce(parked);
        return records is null ? null : new Batch(records) { Trial = trial, Vanishings = vanishings };
    }

    /// <summary>One attempt to send a batch, and what it tells about the destination and the batch.</summary>
    internal async ValueTask<SendResult> AttemptAsync(Sender sender, Batch batch)
    {
        var pipeline = Pipeline;
        var raw = batch.First.Kind == RecordKind.Raw;
        if (raw)
            await pipeline.RawSlots.WaitAsync(Stopping).ConfigureAwait(false);
        try
        {
            await pipeline.Slots.WaitAsync(Stopping).ConfigureAwait(false);
            try
            {
                var started = Time.GetTimestamp();
                var result = await pipeline.OnceAsync(batch, SendAsync, Stopping).ConfigureAwait(false);
                return Note(sender, batch, result, started);
            }
            finally
            {
                pipeline.Slots.Release();
            }
        }
        finally
        {
            if (raw)
                pipeline.RawSlots.Release();
        }
    }

    /// <summary>A fault of ours, in words.</summary>
    internal void LogFault(Exception fault) => MirrorLog.SendFault(_context.Log, fault, Cluster, Destination);

    /// <summary>The destination has these records.</summary>
    internal void Delivered(Sender sender, Batch batch, DestinationAnswer answer)
    {
        _health.NoteDelivery();
        lock (_gate)
        {
            foreach (var record in batch.Records)
            {
                Tally.Deliver(record, rejected: 0);
                record.NoteExpendable();
                if (!_parking.IsEmpty && _parking.Concerns(record.Target.Database))
                    Counters.CountOvertaken(record.Points);
                Settle_NeedsLock(sender, record);
            }

            if (batch.Trial is { } trial)
                EndTrial_NeedsLock(trial);
        }

        foreach (var record in batch.Records)
            record.Watch?.Delivered(this, record, answer);
    }

    /// <summary>The destination will never take this record.</summary>
    internal void Rejected(Sender sender, Batch batch, SendResult result)
    {
        var record = batch.First;
        var answer = result.Answer!;
        record.Hold();
        lock (_gate)
        {
            // Of a partial write it has all that anybody would take.
            if (result.Verdict.IsPartial)
                record.NoteExpendable();
            Leave_NeedsLock(sender);
            Refuse_NeedsLock(record, result.Verdict, answer.Error);
            if (batch.Trial is { } trial)
                EndTrial_NeedsLock(trial);
        }

        FileAtOnce(record, answer.Error);
        // That a letter is sent once more is an operator's doing.
        if (record.Letter == 0)
            _context.Refused.Note(record.Client, record.Target);
        var mayChange = result.Verdict.Kind is not (VerdictKind.Rejected or VerdictKind.TooLarge);
        if (record.Watch?.Refused(this, record, answer, mayChange) ?? true)
            FileDeadLetter(record, answer.Error);
        record.LetGo();
    }

    private async Task<SendResult> SendAsync(Batch batch, CancellationToken cancellation)
    {
        if (_context.Client() is not { } client)
            return new SendResult { NoAnswer = NoAnswer.NotConnected, Failure = "it is no longer configured" };
        try
        {
            // The next loss is to tell whether it was the record: who was gone already says nothing of it.
            if (_health.IsUnseenSince(batch))
            {
                if (await DestinationClient.PingAsync(client.Invoker, client.Address, cancellation)
                    .ConfigureAwait(false) is { } absence)
                    return new SendResult { NoAnswer = NoAnswer.NotConnected, Failure = absence };
                _health.NoteUp();
            }

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
    private LaneEntry? Peek_NeedsLock(Lane lane, ref List<MirroredRecord>? parked)
    {
        while (lane.TryPeek(out var entry) && entry is { Barrier: null, Record: { } record, Trial: var trial })
        {
            if (record.IsWithdrawn)
            {
                lane.Dequeue();
                Withdraw_NeedsLock(null, record);
                if (trial is not null)
                    EndTrial_NeedsLock(trial);
            }
            else if (trial is null && record.Letter == 0
                && _parking.Find(record, entry.IsReturned) is { } queue)
            {
                lane.Dequeue();
                Park_NeedsLock(record, queue.Reason);
                (parked ??= []).Add(record);
            }
            else
            {
                return entry;
            }
        }

        return null;
    }

    private void Rest_NeedsLock(Lane lane, Sender sender)
    {
        lane.Disengage(sender);
        Load_NeedsLock(lane);
        Reach_NeedsLock(lane);
        Tidy_NeedsLock(lane);
    }

    /// <summary>Forgets an idle lane when there are many.</summary>
    private void Tidy_NeedsLock(Lane lane)
    {
        if (_lanes.Count > IdleLanes && lane.IsIdle)
            _lanes.Remove(lane.Key);
    }

    /// <summary>The record has its fate: the journal need not keep it for this destination.</summary>
    private void Settle_NeedsLock(Sender? sender, MirroredRecord record)
    {
        Leave_NeedsLock(sender);
        Complete_NeedsLock(record);
    }

    private void Complete_NeedsLock(MirroredRecord record)
    {
        if (record.Letter != 0)
        {
            record.LetGo();
            return;
        }

        // What was refused before it and has no letter yet, or is parked, stays and may be sent once more everywhere.
        if (_refused.Count > 0 || (!_parking.IsEmpty && _parking.Concerns(record.Target.Database)))
            record.Keep();
        _progress.Settled(new SpilledRecord(record));
        _cursor.Complete(record);
    }

    /// <summary>The sender goes on to what it does next.</summary>
    private static void Leave_NeedsLock(Sender? sender)
    {
        if (sender is not null)
            sender.Current = sender.Next;
    }

    /// <summary>
    /// A statement has its fate. Before anything behind it is sent, that is on disk: after a restart it must not run
    /// once more behind its successors.
    /// </summary>
    internal async ValueTask PassAsync(Barrier barrier)
    {
        await LettersFiledAsync().ConfigureAwait(false);
        await SaveUntilDoneAsync().ConfigureAwait(false);
        lock (_gate)
            Pass_NeedsLock(barrier);
        Pump();
    }

    private void Pass_NeedsLock(Barrier barrier)
    {
        _everywhere.Remove(barrier);
        _statements.Remove(barrier.Record.Position);
        foreach (var lane in barrier.Lanes)
        {
            lane.Pass(barrier);
            Start_NeedsLock(lane);
            Reach_NeedsLock(lane);
            Tidy_NeedsLock(lane);
        }

        TryParked_NeedsLock(barrier.Record.Scope!);
    }

    private SendResult Note(Sender sender, Batch batch, SendResult result, long started)
    {
        Counters.CountSend(batch, result);
        _context.Metrics.RecordSend(Cluster, Destination, batch.Count, Time.GetElapsedTime(started));
        if (result.Answer is { Version: { } version })
            NoteVersion(version);
        if (_health.Note(result, started))
        {
            if (result.Answer is not null)
            {
                MirrorLog.DestinationAnswers(_context.Log, Cluster, Destination);
                Wake();
            }
            else
            {
                MirrorLog.DestinationFails(_context.Log, Cluster, Destination, result.Failure ?? "");
            }
        }

        var vanishings = batch.Vanishings;
        result = _health.Examine(batch, result, started, Pipeline.Options.MaxServerErrors);
        // A letter that is sent again has no place by which it could be remembered.
        if (batch.Vanishings > vanishings && batch is { Count: 1, First.Letter: 0 })
            NoteVanished(batch.First);
        NoteTrouble(sender, batch, result);
        return result;
    }

    private void NoteTrouble(Sender sender, Batch batch, SendResult result)
    {
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
