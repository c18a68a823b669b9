namespace InfluxMirror.Delivery;

// A single record that meets only server errors, or breaks connections: is it the record, or is the destination ill?
// Only what the destination stores of the same lane tells: witnesses. What else it takes may go to a database that is
// well, and a refusal never reached what is ill.
internal sealed partial class Sender
{
    /// <summary>Batches behind a suspect that are tried before it, one each time it has failed again.</summary>
    private const int MostWitnesses = 16;

    private async ValueTask JudgeAsync(Batch suspect, SendResult result)
    {
        if (suspect.Vanishings >= 2)
        {
            _work.RemoveFirst();
            courier.SetAside(this, suspect, result);
            return;
        }

        if (NextWitness(suspect) is { } witness)
        {
            if (await ConfrontAsync(suspect, witness).ConfigureAwait(false))
                return;
        }
        else if (courier.IsToBlame(this, suspect))
        {
            _work.RemoveFirst();
            courier.SetAside(this, suspect, result);
            return;
        }

        suspect.ServerErrors = courier.Pipeline.Options.MaxServerErrors - 1;
        suspect.Losses = CourierHealth.MaxLosses - 1;
        await SleepAsync(courier.Pipeline.Options.MaxDelayInterval).ConfigureAwait(false);
    }

    /// <summary>
    /// Another one each time, since some may be as bad as the suspect: what it has taken on beside it, and what comes
    /// next in the lane, which is taken on then. Null when there is none, or all of them were tried and nothing more
    /// may be sent: then it begins with the first again.
    /// </summary>
    private Batch? NextWitness(Batch suspect)
    {
        var tried = suspect.Witnesses++;
        if (_work.Skip(1).ElementAtOrDefault(tried) is { } witness)
            return witness;
        if (tried < MostWitnesses && courier.TakeProbe(this) is { } probe)
        {
            _work.AddLast(probe);
            return probe;
        }

        suspect.Witnesses = 0;
        return null;
    }

    /// <summary>
    /// Tries a witness, and if the destination stores something of it the suspect once more, since the destination may
    /// have recovered in between. True when the suspect has its fate. All stay on the work, in order, until it is
    /// known; what was tried early is sent again in its turn, so that its values are the last ones.
    /// </summary>
    private async ValueTask<bool> ConfrontAsync(Batch suspect, Batch witness)
    {
        var passed = await AttemptAsync(witness).ConfigureAwait(false);
        if (passed.Verdict is not ({ Kind: VerdictKind.Delivered } or { IsPartial: true }))
            return false;
        var last = await AttemptAsync(suspect).ConfigureAwait(false);
        if (last.Verdict.Kind != VerdictKind.Retry)
        {
            _work.RemoveFirst();
            Settle(suspect, last);
            return true;
        }

        // Neither a destination that has gone meanwhile nor one that asks for patience says anything of the record.
        if (last.Answer is { Status: < 500 } || (last.Answer is null && last.NoAnswer != NoAnswer.Lost))
            return false;
        _work.RemoveFirst();
        courier.SetAside(this, suspect, last);
        if (_work.First?.Value == witness)
        {
            _work.RemoveFirst();
            Settle(witness, passed);
        }

        return true;
    }
}
