using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// Refusals and dead letters. With a journal on disk a refused record is done only when its letter is on disk, or
// nobody wants one: a gateway that is killed before meets it again.
public sealed partial class Courier
{
    private static readonly TimeSpan AfterLetterFault = TimeSpan.FromSeconds(1);

    // Refused and not done yet; the text is the letter's.
    private readonly Dictionary<MirroredRecord, (Verdict Verdict, string Reason)> _refused = [];
    private Task _filing = Task.CompletedTask;

    /// <summary>Files a dead letter for a record that this destination will never have.</summary>
    public void FileDeadLetter(MirroredRecord record, string reason)
    {
        File(record, reason);
        if (!MayLog())
            return;
        // A statement's error may quote it, and with it a password.
        var said = record.Kind == RecordKind.Statement ? "a statement; see the letter" : reason;
        MirrorLog.DeadLetter(
            _context.Log, Cluster, Destination, record.Client, record.Target.Database,
            DeadLetters.RejectedOf(record, reason), record.Points, said);
    }

    /// <summary>No letter is wanted of a refused record: its client was told.</summary>
    public void ForgoLetter(MirroredRecord record)
    {
        record.NoteExpendable();
        Conclude(record);
        // Where a statement was concerned, one may be filed already.
        if (_progress.IsDurable)
            _ = _context.Letters.WithdrawAsync(Destination, record.Position);
    }

    private void File(MirroredRecord record, string reason)
    {
        record.Hold();
        var filing = FileAsync(record, reason);
        if (filing.IsCompleted)
            return;
        lock (_gate)
            _filing = Task.WhenAll(_filing, filing);
    }

    /// <summary>The letter of a refused record is on disk, or none is wanted: it is done.</summary>
    private void Conclude(MirroredRecord record)
    {
        lock (_gate)
        {
            if (!_refused.Remove(record, out var refusal))
                return;
            Reject_NeedsLock(record, refusal.Verdict);
        }

        // There may be room for more now.
        Pump();
    }

    /// <summary>Sends the record of a dead letter, behind what waits for its database; false when it has ended.
    /// </summary>
    internal bool Retry(MirroredRecord record)
    {
        List<MirroredRecord>? unavailable = null;
        lock (_gate)
        {
            if (IsStopping)
                return false;
            record.Hold();
            if (!Dispatch_NeedsLock(record))
                unavailable = [record];
        }

        Announce(unavailable);
        return true;
    }

    /// <summary>So many points of a dead letter were delivered after all, and that is on disk.</summary>
    internal void Redeem(long points)
    {
        lock (_gate)
            Tally.Redeem(points);
    }

    /// <summary>Completes when all letters are on disk that were filed before.</summary>
    private Task LettersFiledAsync()
    {
        lock (_gate)
            return _filing;
    }

    private async Task FileAsync(MirroredRecord record, string reason)
    {
        try
        {
            while (!await TryFileAsync(record, reason).ConfigureAwait(false))
                await Task.Delay(AfterLetterFault, Time, Stopping).ConfigureAwait(false);
            Conclude(record);
        }
        catch (OperationCanceledException) when (IsStopping)
        {
            // The record is not done: the next start meets it again.
        }
        finally
        {
            record.LetGo();
        }
    }

    private async ValueTask<bool> TryFileAsync(MirroredRecord record, string reason)
    {
        try
        {
            return await _context.Letters.FileAsync(Destination, record, reason).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            // Nobody waits for it but the statements behind: it is tried again, as after a disk that fails.
            LogFault(fault);
            return false;
        }
    }

    /// <summary>
    /// A refused statement is done before anything behind it is sent, and its client may not be answered for long: its
    /// letter is filed at once, and withdrawn if none is wanted.
    /// </summary>
    private void FileAtOnce(MirroredRecord record, string reason)
    {
        if (record.Kind == RecordKind.Statement && record.Letter == 0 && _progress.IsDurable)
            File(record, reason);
    }

    /// <summary>The statement's turn has come.</summary>
    internal async ValueTask PrepareAsync(Barrier barrier)
    {
        // It is not going to be sent.
        if (barrier.Record.IsWithdrawn)
            return;
        var scope = barrier.Record.Scope!;
        await ConcludeRefusalsAsync(scope).ConfigureAwait(false);
        if (scope.Destructive)
            await DiscardParkedAsync(barrier, scope).ConfigureAwait(false);
    }

    /// <summary>
    /// What was refused before a statement is done before that is sent: met again after a crash, it would come behind a
    /// statement that had its fate. Whose client may still be told of the refusal gets a letter at once, withdrawn if
    /// none is wanted, so that no other destination's silence holds the statement up.
    /// </summary>
    private Task ConcludeRefusalsAsync(StatementScope scope)
    {
        List<(MirroredRecord Record, string Reason)> open;
        lock (_gate)
        {
            open = [.. _refused.Where(one => Concerns(one.Key)).Select(static one => (one.Key, one.Value.Reason))];
            foreach (var (record, _) in open)
                record.Hold();
        }

        foreach (var (record, reason) in open)
        {
            File(record, reason);
            record.LetGo();
        }

        return LettersFiledAsync();

        bool Concerns(MirroredRecord record) => scope.All || record.Target.Database.Length == 0
            || scope.Databases.Contains(record.Target.Database, StringComparer.Ordinal);
    }

    /// <summary>The destination refused a record.</summary>
    private void Refuse_NeedsLock(MirroredRecord record, Verdict verdict, string reason)
    {
        if (_progress.IsDurable && record.Letter == 0)
            _refused.Add(record, (verdict, reason));
        else
            Reject_NeedsLock(record, verdict);
    }

    private void Reject_NeedsLock(MirroredRecord record, Verdict verdict)
    {
        if (verdict.IsPartial)
            Tally.Deliver(record, verdict.DroppedPoints);
        else
            Tally.Reject(record);
        Complete_NeedsLock(record);
    }
}
