using System.IO.Hashing;
using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;

namespace InfluxMirror.Writes;

/// <summary>What a client is told about its record.</summary>
/// <param name="Ruling">Accept, refuse or keep.</param>
/// <param name="Answer">The destination's own answer; null when there is none to pass on.</param>
/// <param name="IsSafe">It is as safe as promised; not asked of a refusal.</param>
public sealed record Reply(Ruling Ruling, DestinationAnswer? Answer, bool IsSafe = true);

/// <summary>
/// Counts what the destinations say about one record, until its client can be answered, and then waits for the record
/// to be safe; sees to it that the minority's refusals are not forgotten.
/// </summary>
internal sealed class Receipt : DeliveryWatch
{
    private readonly Lock _gate = new();
    private readonly MirroredCluster _cluster;
    private readonly IReadOnlyList<Courier> _couriers;
    private readonly ConsistencyLevel _level;
    private readonly bool _statement;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly (Vote Vote, DestinationAnswer? Answer)[] _votes;
    private readonly TaskCompletionSource<Reply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _decided;
    private Ruling _ruling;
    private ulong _digest;
    private bool _withdrawn;

    // What to say once the record is safe, and since when that is waited for. Set before the journal is asked.
    private MirroredRecord? _record;
    private Reply? _held;
    private long _heldSince;

    public Receipt(
        MirroredCluster cluster, ConsistencyLevel level, bool statement, TimeProvider time, ILogger log)
    {
        _time = time;
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

    /// <summary>What the client is to be told, as soon as that is known and as true as promised.</summary>
    public Task<Reply> Reply => _reply.Task;

    /// <inheritdoc/>
    public override bool IsAnswered => _reply.Task.IsCompleted;

    /// <inheritdoc/>
    public override void Delivered(Courier courier, MirroredRecord record, DestinationAnswer answer)
    {
        Cast(courier, record, Vote.Confirmed, answer, out var late);
        if (!late)
            return;
        if (_ruling == Ruling.Refuse || (_statement && _digest != 0 && _digest != Digest(answer)))
            Diverges(courier, record, answer);
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
        if (parked && !_statement)
        {
            if (_withdrawn)
                courier.Unpark(record);
            return false;
        }

        // Its client has been told of a refusal already, or believes that all is well.
        if (_ruling == Ruling.Refuse)
        {
            courier.ForgoLetter(record);
            return false;
        }

        Diverges(courier, record, answer);
        return true;
    }

    /// <inheritdoc/>
    public override void Unavailable(Courier courier, MirroredRecord record)
    {
        // Somebody will not have it for a while: it has to be on disk for its client's sake.
        _cluster.Journal.DemandDurable(record.Position);
        Cast(courier, record, Vote.Unavailable, null, out _);
    }

    /// <summary>The client is not to wait any longer for the destinations.</summary>
    public void TimeIsUp(MirroredRecord record) => Conclude(record, timeIsUp: true);

    /// <summary>
    /// The disk may take <paramref name="patience"/> and no more; then the client is told that nothing is sure. What is
    /// left of that; null when the client has its answer.
    /// </summary>
    public TimeSpan? LimitSafety(TimeSpan patience)
    {
        if (_reply.Task.IsCompleted)
            return null;
        // Somebody is just about to have it held.
        if (Volatile.Read(ref _held) is not { } held)
            return patience;
        var left = patience - _time.GetElapsedTime(_heldSince);
        if (left > TimeSpan.Zero)
            return left;
        _reply.TrySetResult(held with { IsSafe = false });
        return null;
    }

    /// <summary>
    /// Nobody has confirmed for a while, and <c>any</c> asks no more than that it is kept; but where somebody has
    /// refused, the others are waited for.
    /// </summary>
    public void AnyWaitIsOver(MirroredRecord record)
    {
        bool refused;
        lock (_gate)
            refused = Count() is { Rejected: > 0 } or { Parked: > 0 };
        if (!refused)
            TimeIsUp(record);
    }

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

    /// <summary>Stands for an answer, so that it need not be kept until every destination has answered.</summary>
    private static ulong Digest(DestinationAnswer answer) =>
        XxHash3.HashToUInt64(answer.Body.Span, answer.Status) | 1;

    private void Cast(Courier courier, MirroredRecord record, Vote vote, DestinationAnswer? answer, out bool late)
    {
        lock (_gate)
        {
            var index = IndexOf(courier);
            // A destination that came while the record was appended has no vote.
            late = _decided || index < 0;
            if (late)
                return;
            // Whoever was tried before may still be a "no" now; a fate is never taken back.
            if (vote == Vote.Unavailable && _votes[index].Vote != Vote.Open)
                return;
            _votes[index] = (vote, answer);
            if (MayNeedLetter(vote))
                record.Hold();
        }

        Conclude(record, timeIsUp: false);
    }

    private void Conclude(MirroredRecord record, bool timeIsUp)
    {
        Reply reply;
        Ruling ruling;
        lock (_gate)
        {
            if (_decided)
                return;
            var votes = Count();
            ruling = _statement
                ? Consistency.DecideStatement(votes, timeIsUp)
                : Consistency.Decide(_level, votes, timeIsUp);
            if (ruling == Ruling.Wait)
                return;
            _withdrawn = ruling == Ruling.Refuse && votes.Rejected == 0;
            reply = new Reply(ruling, Chosen(ruling));
            _ruling = ruling;
            _decided = true;
            if (_statement && reply.Answer is { } answer)
                _digest = Digest(answer);
        }

        Follow(record, reply);
        if (ruling == Ruling.Refuse || _cluster.Journal.IsSafe(record))
        {
            _reply.SetResult(reply);
            return;
        }

        _record = record;
        _heldSince = _time.GetTimestamp();
        Volatile.Write(ref _held, reply);
        _cluster.Journal.WhenSafe(record, Release);
    }

    /// <summary>The record is durable, or cannot be made so now. Returns at once, and takes no lock.</summary>
    private void Release(bool isDurable) =>
        _reply.TrySetResult(_held! with { IsSafe = isDurable || _cluster.Journal.IsSafe(_record!) });

    /// <summary>Acts on the ruling: withdraws the record, or keeps the minority's refusals as dead letters.</summary>
    private void Follow(MirroredRecord record, Reply reply)
    {
        if (_withdrawn)
            record.Withdraw();
        for (var i = 0; i < _votes.Length; i++)
        {
            var (vote, answer) = _votes[i];
            if (vote == Vote.Parked && _withdrawn && !_statement)
                _couriers[i].Unpark(record);
            _votes[i].Answer = null;
            if (!MayNeedLetter(vote))
                continue;
            if (reply.Ruling != Ruling.Refuse)
            {
                Diverges(_couriers[i], record, answer!);
                _couriers[i].FileDeadLetter(record, answer!.Error);
            }
            else
            {
                _couriers[i].ForgoLetter(record);
            }

            record.LetGo();
        }

        // Behind the rest: who parked it is done with it by now.
        if (_withdrawn)
            _cluster.NoteWithdrawn(record);
    }

    /// <summary>Whether a record with such a vote is lost to its destination, unless the client is told so.</summary>
    private bool MayNeedLetter(Vote vote) => vote == Vote.Rejected || (vote == Vote.Parked && _statement);

    private void Diverges(Courier courier, MirroredRecord record, DestinationAnswer answer)
    {
        courier.Counters.CountDivergence();
        if (!courier.MayLog())
            return;
        // A statement's error may quote it, and with it a password.
        var said = _statement ? $"status {answer.Status}" : answer.Error;
        MirrorLog.Divergence(
            _log, courier.Cluster, record.Client, record.Target.Database, courier.Destination, said);
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
