using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InfluxMirror.Writes;

/// <summary>How a record was met.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Answer">A destination's own answer, to be passed on; null when there is none.</param>
public readonly record struct WriteResult(WriteOutcome Outcome, DestinationAnswer? Answer);

/// <summary>What became of a record, as its client is told.</summary>
public enum WriteOutcome
{
    /// <summary>Confirmed as asked, or safely kept where that is enough.</summary>
    Accepted,

    /// <summary>Refused by the destinations.</summary>
    Refused,

    /// <summary>Kept, and delivered later, but not confirmed in time.</summary>
    Kept,

    /// <summary>Not taken: the journal is full.</summary>
    Full,

    /// <summary>Not taken: the disk is full, fails, or is too slow for what comes in.</summary>
    NotTaken,

    /// <summary>Taken, but not made safe: it is delivered unless the gateway ends before.</summary>
    NotSafe,

    /// <summary>Not taken: the client was refused lately and its lane is busy.</summary>
    Penalized,

    /// <summary>Not taken: the cluster has no destination.</summary>
    NoDestination,
}

/// <summary>Accepts records for a cluster and tells what the client is to be told.</summary>
/// <param name="options">The options as they are now.</param>
/// <param name="metrics">The instruments.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
/// <param name="lastCall">Cancelled when the program ends and no client is to wait any longer.</param>
public sealed class MirrorWriter(
    IOptionsMonitor<MirrorOptions> options, MirrorMetrics metrics, TimeProvider time, ILogger<MirrorWriter> log,
    CancellationToken lastCall = default)
{
    /// <summary>
    /// Whether a write of this client would hold up others: it was refused lately and has had its tenth of a busy
    /// lane.
    /// </summary>
    /// <param name="cluster">Where it goes.</param>
    /// <param name="client">Its address.</param>
    /// <param name="target">What it writes to.</param>
    /// <param name="alone">The client was refused lately: its record must travel alone.</param>
    public bool MustWait(MirroredCluster cluster, string client, WriteTarget target, out bool alone)
    {
        alone = cluster.Refused.Contains(client, target);
        if (!alone)
            return false;
        foreach (var courier in cluster.Couriers)
        {
            if (courier.SendsOfBusyLane(target.Database) is { } sends)
            {
                var wait = !cluster.Refused.MaySend(client, target, sends);
                if (wait)
                    metrics.CountPenalized();
                return wait;
            }
        }

        return false;
    }

    /// <summary>
    /// Appends a record and waits for what its client is to be told, at most <paramref name="ackTimeout"/>. The
    /// client's going away changes nothing.
    /// </summary>
    /// <param name="cluster">Where it goes.</param>
    /// <param name="level">The confirmations asked.</param>
    /// <param name="ackTimeout">How long they may take.</param>
    /// <param name="make">Makes the record, with the watch it is given.</param>
    public ValueTask<WriteResult> WriteAsync(
        MirroredCluster cluster, ConsistencyLevel level, TimeSpan ackTimeout, Func<DeliveryWatch, MirroredRecord> make)
    {
        var receipt = new Receipt(cluster, level, statement: false, time, log);
        return AppendAsync(cluster, receipt, make(receipt), AnyWait(level), ackTimeout);
    }

    /// <summary>
    /// Appends a statement and waits for the first destination that executes it, at most
    /// <paramref name="ackTimeout"/>.
    /// </summary>
    public ValueTask<WriteResult> ExecuteAsync(
        MirroredCluster cluster, TimeSpan ackTimeout, Func<DeliveryWatch, MirroredRecord> make)
    {
        var receipt = new Receipt(cluster, ConsistencyLevel.One, statement: true, time, log);
        return AppendAsync(cluster, receipt, make(receipt), Timeout.InfiniteTimeSpan, ackTimeout);
    }

    // One method and not several: each that waits costs every write an allocation and a resumption.
    private async ValueTask<WriteResult> AppendAsync(
        MirroredCluster cluster, Receipt receipt, MirroredRecord record, TimeSpan anyWait, TimeSpan ackTimeout)
    {
        record.Hold();
        try
        {
            if (receipt.Destinations == 0)
                return new(WriteOutcome.NoDestination, null);
            var outcome = cluster.Append(record);
            if (outcome != AppendOutcome.Appended)
                return new(outcome is AppendOutcome.LimitReached ? WriteOutcome.Full : WriteOutcome.NotTaken, null);
            receipt.Reconcile(record);
            using var limit = receipt.Reply.IsCompleted
                ? null
                : new WaitLimit(receipt, record, anyWait, ackTimeout, time, lastCall);
            var reply = await receipt.Reply.ConfigureAwait(false);
            if (!reply.IsSafe)
                return new(WriteOutcome.NotSafe, null);
            Note(cluster, record, reply);
            return reply.Ruling switch
            {
                Ruling.Accept => new(WriteOutcome.Accepted, reply.Answer),
                Ruling.Refuse => new(WriteOutcome.Refused, reply.Answer),
                // What is in memory only may end with the program.
                _ when lastCall.IsCancellationRequested && cluster.Journal.Store is null =>
                    new(WriteOutcome.NotSafe, null),
                _ => new(WriteOutcome.Kept, null),
            };
        }
        finally
        {
            record.LetGo();
        }
    }

    private TimeSpan AnyWait(ConsistencyLevel level) =>
        level == ConsistencyLevel.Any ? options.CurrentValue.Writes.AnyWait : Timeout.InfiniteTimeSpan;

    /// <summary>What was answered is what later reads must see.</summary>
    private static void Note(MirroredCluster cluster, MirroredRecord record, Reply reply)
    {
        if (reply.Ruling == Ruling.Accept)
            cluster.Answered.Note(record);
    }

    /// <summary>How long a client waits, for the destinations and then for the disk.</summary>
    private sealed class WaitLimit : IDisposable
    {
        private readonly Receipt _receipt;
        private readonly MirroredRecord _record;
        private readonly TimeSpan _ackTimeout;
        private readonly ITimer _timer;
        private readonly CancellationTokenRegistration _lastCall;
        private TimeSpan _anyWait;

        public WaitLimit(
            Receipt receipt, MirroredRecord record, TimeSpan anyWait, TimeSpan ackTimeout, TimeProvider time,
            CancellationToken lastCall)
        {
            _receipt = receipt;
            _record = record;
            _ackTimeout = ackTimeout;
            _anyWait = anyWait < ackTimeout ? anyWait : Timeout.InfiniteTimeSpan;
            _timer = time.CreateTimer(
                static limit => ((WaitLimit)limit!).Pass(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Wait(_anyWait == Timeout.InfiniteTimeSpan ? ackTimeout : _anyWait);
            _lastCall = lastCall.UnsafeRegister(
                static limit => ((WaitLimit)limit!)._receipt.TimeIsUp(((WaitLimit)limit)._record), this);
        }

        public void Dispose()
        {
            _lastCall.Dispose();
            _timer.Dispose();
        }

        private void Pass()
        {
            if (_anyWait != Timeout.InfiniteTimeSpan)
            {
                Wait(_ackTimeout - _anyWait);
                _anyWait = Timeout.InfiniteTimeSpan;
                _receipt.AnyWaitIsOver(_record);
                return;
            }

            _receipt.TimeIsUp(_record);
            if (_receipt.LimitSafety(_ackTimeout) is { } left)
                Wait(left);
        }

        private void Wait(TimeSpan time) => _timer.Change(time, Timeout.InfiniteTimeSpan);
    }
}
