namespace InfluxMirror.Delivery;

/// <summary>What came of sending a dead letter once more.</summary>
public enum RetryOutcome
{
    /// <summary>The destination has it, and the letter is gone.</summary>
    Delivered,

    /// <summary>The destination has it, but the letter could not be removed: the disk fails.</summary>
    NotRemoved,

    /// <summary>The destination refused it again, or part of it: the letter stays, with the new reason.</summary>
    Refused,

    /// <summary>It waits for its turn, or for the destination.</summary>
    UnderWay,

    /// <summary>There is no such letter.</summary>
    Missing,

    /// <summary>Its destination is not one of the cluster now.</summary>
    NoDestination,

    /// <summary>Its bytes cannot be read.</summary>
    Unreadable,
}

/// <summary>
/// A dead letter on its way once more. What comes of it is on disk before the account says so.
/// </summary>
internal sealed class LetterRetry(DeadLetters letters, DeadLetter letter) : DeliveryWatch
{
    private readonly TaskCompletionSource<(RetryOutcome Outcome, string? Reason)> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What came of it, and the destination's words if it refused.</summary>
    public Task<(RetryOutcome Outcome, string? Reason)> Outcome => _outcome.Task;

    /// <summary>Takes a letter and has it sent.</summary>
    /// <exception cref="Journal.Disk.DiskException">The disk fails to give it.</exception>
    public static async ValueTask<(RetryOutcome Outcome, LetterRetry? Retry)> BeginAsync(
        MirroredCluster cluster, long id)
    {
        var letters = cluster.Letters;
        if (letters.Find(id) is not { } found)
            return (RetryOutcome.Missing, null);
        if (cluster.Find(found.Destination) is not { } courier)
            return (RetryOutcome.NoDestination, null);
        // As it is now: another retry may have changed it since it was found.
        if (letters.Take(id) is not { } letter)
            return (letters.IsTaken(id) ? RetryOutcome.UnderWay : RetryOutcome.Missing, null);
        var isSent = false;
        try
        {
            var retry = new LetterRetry(letters, letter);
            if (await letters.ReadToSendAsync(letter, retry).ConfigureAwait(false) is not { } record)
                return (RetryOutcome.Unreadable, null);
            isSent = courier.Retry(record);
            if (isSent)
                return (RetryOutcome.UnderWay, retry);
            record.Body.Release();
            return (RetryOutcome.NoDestination, null);
        }
        finally
        {
            if (!isSent)
                letters.PutBack(id);
        }
    }

    /// <inheritdoc/>
    public override bool IsAnswered => false;

    /// <inheritdoc/>
    public override void Delivered(Courier courier, MirroredRecord record, DestinationAnswer answer) =>
        _ = NotedAsync(courier, DeliveredAsync(courier));

    /// <inheritdoc/>
    public override bool Refused(Courier courier, MirroredRecord record, DestinationAnswer answer, bool parked)
    {
        var verdict = Verdict.Of(answer.Status, answer.Error);
        var left = verdict.IsPartial ? Math.Min(verdict.DroppedPoints, letter.Rejected) : letter.Rejected;
        _ = NotedAsync(courier, RefusedAsync(courier, answer.Error, left));
        return false;
    }

    /// <inheritdoc/>
    public override void Unavailable(Courier courier, MirroredRecord record)
    {
        if (courier.IsStopping)
            Conclude(RetryOutcome.NoDestination, null);
    }

    private async Task DeliveredAsync(Courier courier)
    {
        var isGone = await letters.RemoveAsync(letter.Id).ConfigureAwait(false);
        if (isGone)
            courier.Redeem(letter.Rejected);
        Conclude(isGone ? RetryOutcome.Delivered : RetryOutcome.NotRemoved, null);
    }

    private async Task RefusedAsync(Courier courier, string reason, int left)
    {
        if (await letters.ChangeAsync(letter.Id, reason, left).ConfigureAwait(false))
            courier.Redeem(letter.Rejected - left);
        Conclude(RetryOutcome.Refused, letters.Find(letter.Id)?.Reason);
    }

    /// <summary>Nobody waits for the end: a fault is logged, and the letter is free for another try.</summary>
    private async Task NotedAsync(Courier courier, Task noting)
    {
        try
        {
            await noting.ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            courier.LogFault(fault);
            Conclude(RetryOutcome.NotRemoved, null);
        }
    }

    private void Conclude(RetryOutcome outcome, string? reason)
    {
        letters.PutBack(letter.Id);
        _outcome.TrySetResult((outcome, reason));
    }
}
