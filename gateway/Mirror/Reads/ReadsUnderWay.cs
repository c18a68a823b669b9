using InfluxMirror.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Reads;

/// <summary>
/// Reads that were sent to a destination. One that waits for its answer while the destination goes down is called
/// back, if another one may answer it. Probes tell: how long a query takes says nothing. Safe for any number of
/// threads.
/// </summary>
internal sealed class ReadsUnderWay(Freshness freshness)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Attempt> _attempts = [];

    /// <summary>Sends a read; true when it was called back, and then nothing of an answer was given.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cluster">The mirrored cluster.</param>
    /// <param name="scope">What it needs to see; null when that cannot be told.</param>
    /// <param name="forward">The rest of YARP's pipeline.</param>
    public async Task<bool> SendAsync(
        HttpContext context, MirroredCluster cluster, ReadScope? scope, RequestDelegate forward)
    {
        var client = context.RequestAborted;
        using var attempt = new Attempt(context, cluster, scope);
        lock (_gate)
            _attempts.Add(attempt);
        try
        {
            // The only token that YARP's forwarder listens to.
            context.RequestAborted = attempt.Token;
            await forward(context).ConfigureAwait(false);
        }
        finally
        {
            context.RequestAborted = client;
            lock (_gate)
                _attempts.Remove(attempt);
            if (attempt.CallingBack is { } callingBack)
                await callingBack.ConfigureAwait(false);
        }

        return attempt.CallingBack is not null && IsUnanswered(context) && !client.IsCancellationRequested;
    }

    /// <summary>Calls back what waits for a destination that is down; to be asked after each round of probes.</summary>
    /// <param name="cluster">The mirrored cluster.</param>
    /// <param name="judged">All of its destinations, judged now.</param>
    public void CallBack(MirroredCluster cluster, List<Candidate> judged)
    {
        if (!judged.Exists(static one => one.State.Health.Active == DestinationHealth.Unhealthy))
            return;
        lock (_gate)
        {
            foreach (var attempt in _attempts)
            {
                if (attempt.Cluster == cluster && attempt.IsInVain && freshness.Best(judged, attempt.Scope).Count > 0)
                    attempt.CallBack();
            }
        }
    }

    // An answer without a body may have come whole at the last moment, and not have started: then there is no error.
    private static bool IsUnanswered(HttpContext context) =>
        !context.Response.HasStarted && context.GetForwarderErrorFeature() is not null;

    /// <summary>One read at one destination; its token ends when the client leaves or it is called back.</summary>
    private sealed class Attempt(HttpContext context, MirroredCluster cluster, ReadScope? scope) : IDisposable
    {
        // Of the context itself only its own thread may ask.
        private readonly IReverseProxyFeature _proxy = context.GetReverseProxyFeature();
        private readonly IHttpResponseFeature _response = context.Features.GetRequiredFeature<IHttpResponseFeature>();
        private readonly CancellationTokenSource _end =
            CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);

        public MirroredCluster Cluster => cluster;

        public ReadScope? Scope => scope;

        public CancellationToken Token => _end.Token;

        /// <summary>Not null once it is called back; ends when all have been told.</summary>
        public Task? CallingBack { get; private set; }

        /// <summary>Nothing has come, from somebody who is down.</summary>
        public bool IsInVain =>
            _proxy.ProxiedDestination?.Health.Active == DestinationHealth.Unhealthy && !_response.HasStarted;

        public void CallBack() => CallingBack ??= _end.CancelAsync();

        public void Dispose() => _end.Dispose();
    }
}
