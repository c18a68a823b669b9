namespace InfluxMirror.Delivery;

/// <summary>Counts of what a courier did, read by the metrics when they are asked for.</summary>
public sealed class CourierCounters
{
    private readonly long[] _verdicts = new long[Enum.GetValues<VerdictKind>().Length];
    private long _sends, _sentBytes, _sentRecords, _noAnswer, _overtaken, _setAside, _divergences, _withdrawn, _damages;

    /// <summary>Requests sent.</summary>
    public long Sends => Interlocked.Read(ref _sends);

    /// <summary>Bytes of bodies sent, repeated ones included.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Records in the requests sent: with <see cref="Sends"/>, how many were merged.</summary>
    public long SentRecords => Interlocked.Read(ref _sentRecords);

    /// <summary>Requests that got no answer.</summary>
    public long NoAnswer => Interlocked.Read(ref _noAnswer);

    /// <summary>Points delivered while older ones of their database were parked.</summary>
    public long Overtaken => Interlocked.Read(ref _overtaken);

    /// <summary>Records set aside because they met only server errors or ended the destination.</summary>
    public long SetAside => Interlocked.Read(ref _setAside);

    /// <summary>Refusals and statement results that differ from what another destination said.</summary>
    public long Divergences => Interlocked.Read(ref _divergences);

    /// <summary>Records taken back because every destination that could be asked refused them.</summary>
    public long Withdrawn => Interlocked.Read(ref _withdrawn);

    /// <summary>Places in the journal's files that could not be read for it.</summary>
    public long Damages => Interlocked.Read(ref _damages);

    /// <summary>Answers that meant <paramref name="kind"/>.</summary>
    public long Verdicts(VerdictKind kind) => Interlocked.Read(ref _verdicts[(int)kind]);

    /// <summary>A destination said something else than another one.</summary>
    public void CountDivergence() => Interlocked.Increment(ref _divergences);

    internal void CountSend(Batch batch, SendResult result)
    {
        long bytes = 0;
        foreach (var record in batch.Records)
            bytes += record.Body.Length;
        Interlocked.Increment(ref _sends);
        Interlocked.Add(ref _sentBytes, bytes);
        Interlocked.Add(ref _sentRecords, batch.Count);
        if (result.Answer is null)
            Interlocked.Increment(ref _noAnswer);
        else
            Interlocked.Increment(ref _verdicts[(int)result.Verdict.Kind]);
    }

    internal void CountOvertaken(int points) => Interlocked.Add(ref _overtaken, points);

    internal void CountSetAside() => Interlocked.Increment(ref _setAside);

    internal void CountDamage() => Interlocked.Increment(ref _damages);

    internal void CountWithdrawn() => Interlocked.Increment(ref _withdrawn);
}
