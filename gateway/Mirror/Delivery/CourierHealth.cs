namespace InfluxMirror.Delivery;

/// <summary>
/// What attempts and probes tell about one destination, and what a failure tells about the records that met it.
/// </summary>
internal sealed class CourierHealth(TimeProvider time)
{
    /// <summary>Connections in a row that break over the same records before these are suspect.</summary>
    public const int MaxLosses = 3;

    /// <summary>How long a record has to fail before it counts that others are taken.</summary>
    public static readonly TimeSpan HeldUp = TimeSpan.FromMinutes(10);

    /// <summary>An answer this recent outweighs a connection that broke.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(1);

    private bool _failing;
    private long _answeredAt, _deliveredAt, _seenAt, _unreachableAt;

    /// <summary>Attempts get no answer, whatever they carry.</summary>
    public bool IsFailing => Volatile.Read(ref _failing);

    /// <summary>Why not, in words.</summary>
    public string? Failure { get; private set; }

    /// <summary>The destination could not be reached just now, by a delivery or by a probe.</summary>
    public void NoteUnreachable() => Interlocked.Exchange(ref _unreachableAt, time.GetTimestamp());

    /// <summary>The destination answers, be it a probe or a delivery.</summary>
    public void NoteUp() => Interlocked.Exchange(ref _seenAt, time.GetTimestamp());

    /// <summary>The destination vanished over these records, and nobody has seen it since.</summary>
    public bool IsUnseenSince(Batch batch) =>
        batch.VanishedAt != 0 && Interlocked.Read(ref _seenAt) <= batch.VanishedAt;

    /// <summary>The destination has taken something.</summary>
    public void NoteDelivery() => Interlocked.Exchange(ref _deliveredAt, time.GetTimestamp());

    /// <summary>A probe reached it and nothing waits for it that could tell better.</summary>
    public void Forgive() => Volatile.Write(ref _failing, false);

    /// <summary>Notes what an attempt met; true when that changes <see cref="IsFailing"/>.</summary>
    /// <param name="result">What it met.</param>
    /// <param name="started">When it began, as a timestamp.</param>
    public bool Note(SendResult result, long started)
    {
        if (result.Answer is not null)
        {
            Interlocked.Exchange(ref _answeredAt, time.GetTimestamp());
            NoteUp();
            return Interlocked.Exchange(ref _failing, false);
        }

        if (result.NoAnswer == NoAnswer.NotConnected)
            NoteUnreachable();
        // Where another lane is answered meanwhile, the destination is there: the trouble is this lane's.
        var answered = Interlocked.Read(ref _answeredAt);
        if (answered > started || (result.NoAnswer == NoAnswer.Lost && answered != 0
            && time.GetElapsedTime(answered) < Recent))
            return false;
        Failure = result.Failure;
        return !Interlocked.Exchange(ref _failing, true);
    }

    /// <summary>
    /// Notes on a batch what a failed attempt says about it, and marks the result when it is suspect.
    /// </summary>
    /// <param name="batch">The records.</param>
    /// <param name="result">What they met.</param>
    /// <param name="started">When the attempt began.</param>
    /// <param name="maxServerErrors">Server errors that one record may earn.</param>
    public SendResult Examine(Batch batch, SendResult result, long started, int maxServerErrors)
    {
        if (result.Verdict.Kind != VerdictKind.Retry)
            return result;
        WeighEvidence(batch, started);
        if (batch.LostAt != 0 && Interlocked.Read(ref _unreachableAt) >= batch.LostAt)
        {
            batch.LostAt = 0;
            // One that dies by itself, or a proxy before one that is not there, breaks connections too.
            if (batch.Vanishings == 0 || batch.WasUp)
                batch.Vanishings++;
            batch.VanishedAt = time.GetTimestamp();
            result = result with { Vanished = true, IsSuspect = batch.Count > 1 || batch.Vanishings >= 2 };
        }

        switch (result.NoAnswer)
        {
            case NoAnswer.None:
                batch.LostAt = batch.Losses = 0;
                // 408 and 429 speak of the destination's load, never of the record; and a statement that is left out
                // for a passing error would change what comes behind it.
                return result.Answer!.Status < 500 || batch.First.Kind == RecordKind.Statement
                    ? result
                    : CountError(batch, result, maxServerErrors);
            case NoAnswer.TimedOut when batch.Count > 1:
                // Perhaps it is more than the destination can do in the time: halves are tried.
                return CountError(batch, result, maxServerErrors);
            case NoAnswer.Lost:
                batch.LostAt = time.GetTimestamp();
                batch.WasUp = !IsUnseenSince(batch);
                return ++batch.Losses < MaxLosses ? result : result with { IsSuspect = true, Vanished = true };
            default:
                return result;
        }
    }

    private static SendResult CountError(Batch batch, SendResult result, int maxServerErrors)
    {
        var limit = batch.Count > 1 ? 2 : maxServerErrors;
        return ++batch.ServerErrors < limit ? result : result with { IsSuspect = true };
    }

    /// <summary>
    /// The destination took other records when this batch had failed for long, and the batch failed again after that:
    /// it is not all of the destination that is ill.
    /// </summary>
    private void WeighEvidence(Batch batch, long started)
    {
        if (batch.FailingSince == 0)
            batch.FailingSince = time.GetTimestamp();
        else if (batch.EvidenceAt == 0
            && time.GetElapsedTime(batch.FailingSince, Interlocked.Read(ref _deliveredAt)) >= HeldUp)
            batch.EvidenceAt = time.GetTimestamp();
        else if (batch.EvidenceAt != 0 && started > batch.EvidenceAt)
            batch.IsConvicted = true;
    }
}
