using System.Runtime.CompilerServices;
using InfluxMirror.Delivery;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Reads;

/// <summary>A destination as a read sees it.</summary>
internal readonly record struct Candidate(DestinationState State, Courier Courier, FitnessLevel Level, TimeSpan Lag);

/// <summary>Judges the destinations of a cluster for reads.</summary>
internal sealed class Freshness(
    IOptionsMonitor<MirrorOptions> options, TimeProvider time, ILogger<Freshness> log)
{
    private readonly ConditionalWeakTable<Courier, Fitness> _fitness = [];

    /// <summary>The limits as they are now.</summary>
    public ReadOptions Options => options.CurrentValue.Reads;

    /// <summary>What is remembered about a destination.</summary>
    public Fitness Of(Courier courier) => _fitness.GetValue(courier, one => new Fitness(one, time, log));

    /// <summary>Every destination of a cluster that has a courier, judged now.</summary>
    public List<Candidate> Judge(MirroredCluster cluster, IReadOnlyList<DestinationState> destinations)
    {
        var judged = new List<Candidate>(destinations.Count);
        var leastLag = TimeSpan.MaxValue;
        foreach (var destination in destinations)
        {
            if (cluster.Find(destination.DestinationId) is not { } courier)
                continue;
            var lag = courier.Lag();
            judged.Add(new Candidate(destination, courier, FitnessLevel.Down, lag));
            // One that is down counts too: what it confirmed before is missed by whoever is behind it.
            if (lag < leastLag && !courier.NeedsResync)
                leastLag = lag;
        }

        if (leastLag == TimeSpan.MaxValue)
            leastLag = TimeSpan.Zero;
        for (var i = 0; i < judged.Count; i++)
        {
            var one = judged[i];
            var level = Of(one.Courier).Judge(one.State.Health.Active, one.Lag, leastLag, Options);
            judged[i] = one with { Level = level };
        }

        return judged;
    }

    /// <summary>
    /// Those of the highest level; of stale ones only the freshest, and none where those are not to serve.
    /// </summary>
    /// <param name="judged">The destinations.</param>
    /// <param name="scope">What the read needs to see; null when that cannot be told.</param>
    public List<Candidate> Best(List<Candidate> judged, ReadScope? scope)
    {
        var readable = judged.FindAll(candidate => candidate.Level != FitnessLevel.Down
            && !(scope?.Databases.Any(candidate.Courier.IsParked) ?? false));
        if (readable.Count == 0)
            readable = judged.ConvertAll(static candidate => candidate.Level == FitnessLevel.Down
                ? candidate
                : candidate with { Level = FitnessLevel.Stale });
        var best = FitnessLevel.Down;
        foreach (var candidate in readable)
            best = candidate.Level > best ? candidate.Level : best;
        if (best == FitnessLevel.Down || (best == FitnessLevel.Stale && !Options.ServeStale))
            return [];
        readable = readable.FindAll(candidate => candidate.Level == best);
        return best == FitnessLevel.Stale ? [readable.MinBy(static candidate => candidate.Lag)] : readable;
    }
}
