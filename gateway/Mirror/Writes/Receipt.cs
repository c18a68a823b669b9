using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Writes;

/// <summary>What a client is told about its record.</summary>
/// <param name="Ruling">Accept, refuse or keep.</param>
/// <param name="Answer">The destination's own answer; null when there is none to pass on.</param>
public sealed record Reply(Ruling Ruling, DestinationAnswer? Answer);

/// <summary>
/// Counts what the destinations say about one record, until its client can be answered; afterwards sees to it that
/// the minority's refusals are not forgotten.
/// </summary>
internal sealed class Receipt : DeliveryWatch
{
    private readonly Lock _gate = new();
    private readonly MirroredCluster _cluster;
    private readonly IReadOnlyList<Courier> _couriers;
    private readonly ConsistencyLevel _level;
    private readonly bool _statement;
    private readonly ILogger _log;
    private readonly (Vote Vote, DestinationAnswer? Answer)[] _votes;
    private readonly TaskCompletionSource<Reply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Reply? _given;
    private bool _withdrawn;

    public Receipt(MirroredCluster cluster, ConsistencyLevel level, bool statement, ILogger log)
    {
        _cluster = cluster;
        _couriers = cluster.Couriers;
        _level = level;
        _statement = statement;
        _log = log;
        _votes = new (Vote, DestinationAnswer?)[_couriers.Count];
    }

    private enum Vote : byte
    {
        Open,
        Unavailable,
        Confirmed,
        Rejected,
        Parked,
    }

    /// <summary>How many destinations it asks.</summary>
    public int Destinations => _couriers.Count;

    /// <summary>What the client is to be told, as soon as that is known.</summary>
    public Task<Reply> Reply => _reply.Task;

    /// <inheritdoc/>
    public override void Delivered(Courier courier, MirroredRecord record, DestinationAnswer answer)
    {
        Cast(courier, record, Vote.Confirmed, answer, out var late);
        if (!late)
            return;
        if (_statement && _given!.Answer is { } first && Differs(first, answer))
        {
            courier.Counters.CountDivergence();
            MirrorLog.StatementDivergence(_log, courier.Cluster, courier.Destination, answer.Error);
        }
    }

    /// <inheritdoc/>
    public override bool Refused(Courier courier, MirroredRecord record, DestinationAnswer answer, bool parked)
    {
        if (IndexOf(courier) < 0)
        {
            // It became a destination while the record was appended: it has no vote, but its refusal counts.
            if (!parked)
                Diverges(courier, record, answer);
            return !parked;
        }

        Cast(courier, record, parked ? Vote.Parked : Vote.Rejected, answer, out var late);
        if (!late)
            return false;
        if (parked)
        {
            if (_withdrawn)
                courier.Unpark(record);
            return false;
        }

        // Its client has been told of a refusal already, or believes that all is well.
        if (_given!.Ruling == Ruling.Refuse)
            return false;
        Diverges(courier, record, answer);
        return true;
    }

    /// <inheritdoc/>
    public override void Unavailable(Courier courier, MirroredRecord record) =>
        Cast(courier, record, Vote.Unavailable, null, out _);

    /// <summary>The client is not to wait any longer.</summary>
    public void TimeIsUp(MirroredRecord record) => Conclude(record, timeIsUp: true);

    /// <summary>Destinations that went while the record was appended will not answer.</summary>
    public void Reconcile(MirroredRecord record)
    {
        var now = _cluster.Couriers;
        if (ReferenceEquals(now, _couriers))
            return;
        foreach (var courier in _couriers)
        {
            if (!now.Contains(courier))
                Unavailable(courier, record);
        }
    }

    private static bool Differs(DestinationAnswer first, DestinationAnswer other) =>
        first.Status != other.Status || !first.Body.Span.SequenceEqual(other.Body.Span);

    private void Cast(Courier courier, MirroredRecord record, Vote vote, DestinationAnswer? answer, out bool late)
    {
        lock (_gate)
        {
            late = _given is not null;
            if (late)
                return;
            var index = IndexOf(courier);
            if (index < 0)
                return;
            // Whoever was tried before may still be a "no" now; a fate is never taken back.
            if (vote == Vote.Unavailable && _votes[index].Vote != Vote.Open)
                return;
            _votes[index] = (vote, answer);
            if (vote == Vote.Rejected)
                record.Hold();
        }

        Conclude(record, timeIsUp: false);
    }

    private void Conclude(MirroredRecord record, bool timeIsUp)
    {
        Reply reply;
        lock (_gate)
        {
            if (_given is not null)
                return;
            var votes = Count();
            var ruling = _statement
                ? Consistency.DecideStatement(votes, timeIsUp)
                : Consistency.Decide(_level, votes, timeIsUp);
            if (ruling == Ruling.Wait)
                return;
            _withdrawn = ruling == Ruling.Refuse && votes.Rejected == 0;
            _given = reply = new Reply(ruling, Chosen(ruling));
        }

        Follow(record, reply);
        _reply.SetResult(reply);
    }

    /// <summary>Acts on the ruling: withdraws the record, or keeps the minority's refusals as dead letters.</summary>
    private void Follow(MirroredRecord record, Reply reply)
    {
        if (_withdrawn)
            record.Withdraw();
        for (var i = 0; i < _votes.Length; i++)
        {
            var (vote, answer) = _votes[i];
            if (vote == Vote.Parked && _withdrawn)
                _couriers[i].Unpark(record);
            if (vote != Vote.Rejected)
                continue;
            if (reply.Ruling != Ruling.Refuse)
            {
                Diverges(_couriers[i], record, answer!);
                _couriers[i].FileDeadLetter(record, answer!.Error);
            }

            record.LetGo();
        }
    }

    private void Diverges(Courier courier, MirroredRecord record, DestinationAnswer answer)
    {
        courier.Counters.CountDivergence();
        MirrorLog.Divergence(
            _log, courier.Cluster, record.Client, record.Target.Database, courier.Destination, answer.Error);
    }

    private Votes Count()
    {
        int confirmed = 0, rejected = 0, parked = 0, open = 0;
        foreach (var (vote, _) in _votes)
        {
            confirmed += vote == Vote.Confirmed ? 1 : 0;
            rejected += vote == Vote.Rejected ? 1 : 0;
            parked += vote == Vote.Parked ? 1 : 0;
            open += vote == Vote.Open ? 1 : 0;
        }

        return new Votes(_votes.Length, confirmed, rejected, parked, open);
    }

    /// <summary>The answer to pass on: the first in the order of the destinations, whoever spoke first.</summary>
    private DestinationAnswer? Chosen(Ruling ruling) => ruling switch
    {
        Ruling.Accept => First(Vote.Confirmed),
        Ruling.Refuse => First(Vote.Rejected) ?? First(Vote.Parked),
        _ => null,
    };

    private DestinationAnswer? First(Vote wanted)
    {
        foreach (var (vote, answer) in _votes)
        {
            if (vote == wanted)
                return answer;
        }

        return null;
    }

    private int IndexOf(Courier courier)
    {
        for (var i = 0; i < _couriers.Count; i++)
        {
            if (ReferenceEquals(_couriers[i], courier))
                return i;
        }

        return -1;
    }
}
