using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Reads;
using InfluxMirror.Telemetry;
using Yarp.ReverseProxy;

namespace InfluxMirror;

/// <summary>What the mirror tells its host about itself; cheap enough for every probe.</summary>
public sealed class MirrorOverview
{
    private readonly CourierFleet _fleet;
    private readonly Freshness _freshness;
    private readonly IProxyStateLookup _lookup;

    internal MirrorOverview(CourierFleet fleet, Freshness freshness, IProxyStateLookup lookup, MirrorMetrics metrics)
    {
        _fleet = fleet;
        _freshness = freshness;
        _lookup = lookup;
        metrics.Observe(ReadDestinations, ReadClusters);
        metrics.ObserveJournals(ReadClusters);
    }

    /// <summary>Every mirrored destination, ordered by cluster and id.</summary>
    public IReadOnlyList<DestinationStatus> Destinations() =>
        [.. Judged().OrderBy(static one => one.Courier.Cluster, StringComparer.Ordinal).Select(Describe)];

    /// <summary>Whether writes and reads are served, with the reasons if not.</summary>
    public MirrorReadiness Readiness()
    {
        var destinations = Destinations();
        var reasons = new List<string>();
        var accepts = true;
        foreach (var cluster in _fleet.Clusters)
        {
            // One that a reload removed keeps its name here and has no more to do.
            if (!_lookup.TryGetCluster(cluster.Id, out _))
                continue;
            if (cluster.Obstacle is { } obstacle)
            {
                accepts = false;
                reasons.Add($"{cluster.Id}: {obstacle}");
            }

            if (cluster.Couriers.Count == 0)
            {
                accepts = false;
                reasons.Add($"{cluster.Id}: no destination");
            }
        }

        if (destinations.Count == 0)
            reasons.Add("no destination is mirrored");
        reasons.AddRange(destinations.Where(static one => !one.Fit).Select(
            static one => $"{one.Cluster}/{one.Destination}: {one.Reason}"));
        return new MirrorReadiness(
            accepts && destinations.Count > 0,
            destinations.Any(static one => one.Fit),
            reasons,
            destinations.FirstOrDefault(static one => one.Version is not null)?.Version);
    }

    /// <summary>
    /// The operator's word that a destination holds what the others hold. False when there is no such destination.
    /// </summary>
    public bool DeclareInSync(string destination)
    {
        var found = false;
        foreach (var cluster in _fleet.Clusters)
        {
            if (cluster.Find(destination) is not { } courier)
                continue;
            courier.DeclareInSync();
            found = true;
        }

        return found;
    }

    private IEnumerable<Candidate> Judged() => _fleet.Clusters.SelectMany(
        cluster => _lookup.TryGetCluster(cluster.Id, out var state)
            ? _freshness.Judge(cluster, [.. state.Destinations.Values.OrderBy(
                static one => one.DestinationId, StringComparer.Ordinal)])
            : []);

    private DestinationStatus Describe(Candidate one)
    {
        var tally = one.Courier.Tally;
        var (account, pending, _) = one.Courier.ReadTally();
        return new DestinationStatus
        {
            Cluster = one.Courier.Cluster,
            Destination = one.Courier.Destination,
            Address = CachedAddress.Shown(one.State.Model.Config.Address),
            Up = one.Level != FitnessLevel.Down,
            Fit = one.Level == FitnessLevel.Fit,
            Reason = one.Level == FitnessLevel.Fit ? null : _freshness.Of(one.Courier).Reason,
            Version = one.Courier.Version,
            LagSeconds = one.Lag.TotalSeconds,
            ParkedSeconds = one.Courier.ParkedFor().TotalSeconds,
            PendingBytes = tally.PendingBytes,
            DrainBytesPerSecond = one.Courier.Drain.BytesPerSecond,
            SecondsLeft = one.Courier.Drain.SecondsLeft,
            AcceptedPoints = account.Accepted,
            DeliveredPoints = account.Delivered,
            PendingPoints = pending,
            ParkedPoints = tally.Parked,
            RejectedPoints = account.Rejected,
            DroppedPoints = account.Dropped,
            DroppedPointsByCause = new Dictionary<string, long>(DroppedOf(account)),
            Gaps = _fleet.Find(one.Courier.Cluster)?.Gaps.List(one.Courier.Destination) ?? [],
            NeedsResync = one.Courier.NeedsResync,
        };
    }

    private IEnumerable<DestinationReading> ReadDestinations()
    {
        foreach (var one in Judged())
        {
            var tally = one.Courier.Tally;
            var (account, pending, counted) = one.Courier.ReadTally();
            var counters = one.Courier.Counters;
            yield return new DestinationReading
            {
                Cluster = one.Courier.Cluster,
                Destination = one.Courier.Destination,
                Account =
                [
                    new("accepted", account.Accepted), new("delivered", account.Delivered), new("pending", pending),
                    new("rejected", account.Rejected), new("dropped", account.Dropped),
                ],
                Accepted = counted.Accepted,
                Delivered = counted.Delivered,
                Rejected = counted.Rejected,
                Dropped = DroppedOf(counted),
                Pending = pending,
                Parked = tally.Parked,
                PendingBytes = tally.PendingBytes,
                DrainBytesPerSecond = one.Courier.Drain.BytesPerSecond,
                SecondsLeft = one.Courier.Drain.SecondsLeft ?? double.PositiveInfinity,
                LagSeconds = one.Lag.TotalSeconds,
                ParkedSeconds = one.Courier.ParkedFor().TotalSeconds,
                Up = one.Level != FitnessLevel.Down,
                Fit = one.Level == FitnessLevel.Fit,
                NeedsResync = one.Courier.NeedsResync,
                Sends = counters.Sends,
                Unanswered = counters.NoAnswer,
                SentBytes = counters.SentBytes,
                Overtaken = counters.Overtaken,
                Damages = counters.Damages,
                SetAside = counters.SetAside,
                Withdrawn = counters.Withdrawn,
                Divergences = counters.Divergences,
                Verdicts = [.. Enum.GetValues<VerdictKind>().Select(kind => KeyValuePair.Create(
                    kind.ToString().ToLowerInvariant(), counters.Verdicts(kind)))],
            };
        }
    }

    private static KeyValuePair<string, long>[] DroppedOf(PointTotals totals) =>
        [.. Enum.GetValues<DropCause>().Select(cause => KeyValuePair.Create(
            cause.ToString().ToLowerInvariant(), totals.DroppedAs[(int)cause]))];

    private IEnumerable<ClusterReading> ReadClusters() => _fleet.Clusters.Select(static cluster =>
        new ClusterReading(
            cluster.Id, cluster.Journal.Bytes, cluster.Letters.Filed, cluster.Letters.Discarded,
            Read(cluster.Journal.Store?.Log), cluster.Letters.Kept,
            [.. cluster.Gaps.List().GroupBy(
                static gap => (gap.Destination, gap.Database),
                static (place, gaps) => new GapReading(
                    place.Destination, place.Database, gaps.Sum(static gap => gap.Points)))]));

    private static LogReading? Read(SegmentLog? log) => log is null
        ? null
        : new LogReading(
            log.Usage.SegmentBytes, log.Segments.Count, log.Usage.WaitingBytes, log.Counters.Bytes, log.Counters.Syncs,
            log.Counters.GivenUp, log.Condition == LogCondition.Working);
}
