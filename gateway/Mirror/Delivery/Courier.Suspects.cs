using InfluxMirror.Telemetry;

namespace InfluxMirror.Delivery;

// Records that may be the reason why the destination fails.
public sealed partial class Courier
{
    /// <summary>The record behind a suspect one, to be tried before its turn; null when none may be sent.</summary>
    internal Batch? TakeProbe(Sender sender)
    {
        List<MirroredRecord>? parked = null;
        Batch? probe = null;
        lock (_gate)
        {
            if (sender.Lane is { } lane)
            {
                if (Peek_NeedsLock(lane, ref parked) is { Record: { } record } entry)
                {
                    lane.Dequeue();
                    probe = new Batch([record]) { Trial = entry.Trial };
                    // A letter under way is no reason to hold a read back, and the record is.
                    if (sender.Current is { Letter: not 0 })
                        sender.Current = record;
                }

                lane.IsProbing = probe is null;
                Load_NeedsLock(lane);
            }
        }

        Announce(parked);
        return probe;
    }

    /// <summary>
    /// Whether a record that no write of its lane tells anything about is taken for the reason all the same: a
    /// statement waits behind it, and after long the destination takes what goes to other databases, and not this.
    /// </summary>
    internal bool IsToBlame(Sender sender, Batch suspect)
    {
        if (!suspect.IsConvicted)
            return false;
        lock (_gate)
            return sender.Lane is { } lane && Front_NeedsLock(lane) is not null;
    }

    /// <summary>The record is the reason why the destination fails: it goes, so that the others can go on.</summary>
    internal void SetAside(Sender sender, Batch batch, SendResult result)
    {
        var record = batch.First;
        var reason = batch.Vanishings >= 2 ? $"{Destination} vanished twice after this record"
            : result.Answer is null ? $"{Destination} breaks the connection over this record, and takes others"
            : $"{Destination} answered it with nothing but server errors: {result.Answer.Error}";
        if (MayLog())
            MirrorLog.SetAside(_context.Log, Cluster, Destination, record.Client, record.Target.Database, reason);
        Counters.CountSetAside();
        var answer = DestinationAnswer.OfError(400, $"set aside: {reason}");
        Rejected(sender, batch, new SendResult { Answer = answer, Verdict = new(VerdictKind.Rejected) });
    }
}
