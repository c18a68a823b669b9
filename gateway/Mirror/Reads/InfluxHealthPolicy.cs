using System.Globalization;
using System.Runtime.CompilerServices;
using InfluxMirror.Delivery;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Reads;

/// <summary>
/// The active health policy <c>Influx</c>: a destination is down after some failed probes in a row (cluster metadata
/// <c>InfluxHealthPolicy.Threshold</c>, default 2) and up with the first good one. Beside that, a probe tells the
/// version of InfluxDB, that deliveries to the destination may be tried again, and that reads wait for it in vain.
/// </summary>
internal sealed class InfluxHealthPolicy(
    IDestinationHealthUpdater updater, CourierFleet fleet, Freshness freshness, ReadsUnderWay reads)
    : IActiveHealthCheckPolicy
{
    private const string ThresholdKey = "InfluxHealthPolicy.Threshold";
    private const int DefaultThreshold = 2;

    private readonly ConditionalWeakTable<DestinationState, StrongBox<int>> _failures = [];

    /// <inheritdoc/>
    public string Name => "Influx";

    /// <inheritdoc/>
    public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
    {
        if (probingResults.Count == 0)
            return;
        var threshold = Threshold(cluster);
        var mirrored = fleet.Find(cluster.ClusterId);
        var healths = new NewActiveDestinationHealth[probingResults.Count];
        for (var i = 0; i < probingResults.Count; i++)
        {
            var result = probingResults[i];
            var failures = _failures.GetOrCreateValue(result.Destination);
            var good = result.Response?.IsSuccessStatusCode ?? false;
            failures.Value = good ? 0 : failures.Value + 1;
            if (mirrored?.Find(result.Destination.DestinationId) is { } courier)
                Learn(result, good, courier);
            healths[i] = new(
                result.Destination,
                failures.Value >= threshold ? DestinationHealth.Unhealthy : DestinationHealth.Healthy);
        }

        updater.SetActive(cluster, healths);
        if (mirrored is not null)
            reads.CallBack(mirrored, freshness.Judge(mirrored, [.. cluster.Destinations.Values]));
    }

    private void Learn(DestinationProbingResult result, bool good, Courier courier)
    {
        if (!good)
        {
            if (result.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError })
                courier.NoteUnreachable();
            return;
        }

        freshness.Of(courier).NoteProbeSuccess();
        courier.NoteReachable();
        if (result.Response!.Headers.TryGetValues("X-Influxdb-Version", out var versions))
            courier.NoteVersion(versions.First());
        if (result.Destination.Health.Active == DestinationHealth.Unhealthy)
            courier.Wake();
    }

    private static int Threshold(ClusterState cluster) =>
        cluster.Model.Config.Metadata?.TryGetValue(ThresholdKey, out var text) == true &&
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var threshold) && threshold > 0
            ? threshold
            : DefaultThreshold;
}
