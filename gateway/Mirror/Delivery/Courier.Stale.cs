namespace InfluxMirror.Delivery;

// What need not be sent any more, because it was withdrawn or given up while it waited or was under way.
public sealed partial class Courier
{
    /// <summary>Some records of a batch need not be sent any more.</summary>
    internal bool IsStale(Batch batch) => batch.HasWithdrawn || HasGivenUp(batch);

    /// <summary>What is left of a batch when those records are gone; null when that is nothing.</summary>
    internal Batch? DiscardStale(Sender sender, Batch batch)
    {
        var left = new List<MirroredRecord>(batch.Count);
        lock (_gate)
        {
            foreach (var record in batch.Records)
            {
                if (record.IsWithdrawn)
                {
                    Withdraw_NeedsLock(sender, record);
                }
                else if (IsGivenUp_NeedsLock(record))
                {
                    GiveUp_NeedsLock(record, CauseOf_NeedsLock(record.Position));
                    Settle_NeedsLock(sender, record);
                }
                else
                {
                    left.Add(record);
                }
            }

            // Whoever asks what it lacks must see these, though they are not back on the sender's work yet.
            if (left.Count > 0)
                sender.Current = left[0];
            if (batch.Trial is { } trial)
                EndTrial_NeedsLock(trial);
        }

        return left.Count == 0 ? null : new Batch(left) { Vanishings = batch.Vanishings, Losses = batch.Losses };
    }

    private void Withdraw_NeedsLock(Sender? sender, MirroredRecord record)
    {
        Tally.Reject(record);
        Counters.CountWithdrawn();
        Settle_NeedsLock(sender, record);
    }
}
