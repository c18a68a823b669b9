using System.Globalization;
using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Reads;

/// <summary>What a read needs to see.</summary>
/// <param name="Databases">The databases it names.</param>
/// <param name="NamesNone">It names none: what matters are the statements answered so far.</param>
internal sealed record ReadScope(IReadOnlyList<string> Databases, bool NamesNone);

/// <summary>
/// Sends a read to one destination that is fit and has what was confirmed before the read came, and to another one
/// if that cannot be reached, or goes down. YARP's load balancing chooses among those that are left to it.
/// </summary>
internal sealed class ReadRouting(
    Freshness freshness, ReadsUnderWay underWay, MirrorMetrics metrics, TimeProvider time)
{
    /// <summary>In a request: the destination that is to answer. In an answer: the one that did.</summary>
    public const string DestinationHeader = "X-Gateway-Destination";

    /// <summary>In an answer: how many seconds the destination that answered is behind.</summary>
    public const string LagHeader = "X-Gateway-Lag";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(2);

    /// <summary>Routes one read. False when nobody can answer it, and then nothing was answered.</summary>
    /// <param name="context">The request; its body, if any, can be read again from the start.</param>
    /// <param name="cluster">The mirrored cluster.</param>
    /// <param name="scope">What it needs to see; null when that cannot be told.</param>
    /// <param name="forward">The rest of YARP's pipeline.</param>
    /// <param name="mayRepeat">The request can be sent a second time.</param>
    public async Task<bool> RouteAsync(
        HttpContext context, MirroredCluster cluster, ReadScope? scope, RequestDelegate forward, bool mayRepeat)
    {
        var proxy = context.GetReverseProxyFeature();
        context.Response.OnStarting(static state => NameDestination((HttpContext)state), context);
        var candidates = await CandidatesAsync(cluster, proxy.AllDestinations, scope).ConfigureAwait(false);
        var outcome = ReadOutcome.Fresh;
        List<DestinationState> failed = [];
        while (candidates.Count > 0)
        {
            if (candidates[0].Level == FitnessLevel.Stale)
            {
                outcome = ReadOutcome.Stale;
                context.Response.Headers[LagHeader] =
                    candidates[0].Lag.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
            }

            proxy.AvailableDestinations = candidates.ConvertAll(static candidate => candidate.State);
            var isCalledBack = false;
            if (mayRepeat && proxy.AllDestinations.Count > 1)
                isCalledBack = await underWay.SendAsync(context, cluster, scope, forward).ConfigureAwait(false);
            else
                await forward(context).ConfigureAwait(false);
            if (!isCalledBack && !(mayRepeat && IsUnreached(context)))
            {
                metrics.CountRead(outcome);
                return true;
            }

            // It may have waited for long: the others are not what they were.
            if (isCalledBack)
                failed.Clear();
            if (proxy.ProxiedDestination is { } asked)
            {
                failed.Add(asked);
                if (!isCalledBack && cluster.Find(asked.DestinationId) is { } courier)
                    freshness.Of(courier).NoteReadFailure();
            }

            candidates.RemoveAll(candidate => failed.Contains(candidate.State));
            if (isCalledBack || candidates.Count == 0)
            {
                candidates = await CandidatesAsync(cluster, proxy.AllDestinations, scope, failed)
                    .ConfigureAwait(false);
            }

            outcome = ReadOutcome.Retried;
            Forget(context, proxy);
        }

        metrics.CountRead(ReadOutcome.Unavailable);
        return false;
    }

    /// <summary>
    /// Sends a request to the destination it names, fit or not; false when there is none of that name.
    /// </summary>
    public static async Task<bool> PinAsync(HttpContext context, string destination, RequestDelegate forward)
    {
        var proxy = context.GetReverseProxyFeature();
        foreach (var state in proxy.AllDestinations)
        {
            if (!state.DestinationId.Equals(destination, StringComparison.OrdinalIgnoreCase))
                continue;
            context.Response.OnStarting(static of => NameDestination((HttpContext)of), context);
            proxy.AvailableDestinations = state;
            await forward(context).ConfigureAwait(false);
            return true;
        }

        return false;
    }

    /// <summary>
    /// The best there is beside those that failed, all of one level, waiting a moment for one that has all the read
    /// must see.
    /// </summary>
    internal async ValueTask<List<Candidate>> CandidatesAsync(
        MirroredCluster cluster, IReadOnlyList<DestinationState> destinations, ReadScope? scope,
        List<DestinationState>? failed = null)
    {
        var needs = scope is null ? null : new Needs(cluster, scope);
        var judged = freshness.Judge(cluster, destinations);
        if (failed is not null)
            judged.RemoveAll(candidate => failed.Contains(candidate.State));
        var best = freshness.Best(judged, scope);
        if (needs is null || best.Count == 0)
            return best;
        var started = time.GetTimestamp();
        while (true)
        {
            var having = best.FindAll(candidate => needs.AreMetBy(candidate.Courier));
            if (having.Count > 0)
                return having;
            if (time.GetElapsedTime(started) >= freshness.Options.ReadYourWrites)
                return [best.MinBy(static candidate => candidate.Lag)];
            await Task.Delay(Poll, time).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// No byte of an answer came, because no connection did or it broke: another destination may be asked.
    /// </summary>
    private static bool IsUnreached(HttpContext context) =>
        !context.Response.HasStarted &&
        context.Features.Get<IForwarderErrorFeature>() is
        {
            Error: ForwarderError.Request or ForwarderError.RequestBodyDestination,
        } failure &&
        // What cannot be sent at all, such as a header that HTTP cannot carry, says nothing about the destination.
        TransportFailure.HowFar(failure.Exception) is not null;

    private static void Forget(HttpContext context, IReverseProxyFeature proxy)
    {
        context.Response.Clear();
        context.Features.Set<IForwarderErrorFeature>(null);
        proxy.ProxiedDestination = null;
        if (context.Request.Body.CanSeek)
            context.Request.Body.Position = 0;
    }

    private static Task NameDestination(HttpContext context)
    {
        if (context.GetReverseProxyFeature().ProxiedDestination is { } destination)
            context.Response.Headers[DestinationHeader] = destination.DestinationId;
        return Task.CompletedTask;
    }

    /// <summary>What was answered before the read came.</summary>
    private sealed class Needs
    {
        private readonly List<(string Database, long Position)> _databases = [];
        private readonly long _statement;

        public Needs(MirroredCluster cluster, ReadScope scope)
        {
            foreach (var database in scope.Databases)
                _databases.Add((database, cluster.Answered.Of(database)));
            _statement = scope.NamesNone ? cluster.Answered.Statement : 0;
        }

        public bool AreMetBy(Courier courier)
        {
            foreach (var (database, position) in _databases)
            {
                if (!courier.Has(database, position, 0))
                    return false;
            }

            return _statement == 0 || courier.Has(null, 0, _statement);
        }
    }
}
