using System.Diagnostics.Metrics;
using InfluxMirror.Telemetry;
using Prometheus;

namespace Gateway.Telemetry;

/// <summary>
/// Takes the instruments that are worth a time series into a registry of this host. prometheus-net would export every
/// meter and event counter of the process by default, over a thousand series.
/// </summary>
internal sealed class MetricsExport(CollectorRegistry registry, GatewayMetrics metrics, MirrorMetrics mirror)
    : IHostedService, IDisposable
{
    // Of the framework's: counted per connection and not per request, so that they cost nothing under load.
    private static readonly string[] FrameworkInstruments =
        ["kestrel.active_connections", "kestrel.rejected_connections", "kestrel.queued_connections"];

    // Seconds from half a millisecond up to a minute: what an answer or a send can take.
    private static readonly double[] SecondsBuckets =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

    // Powers of four from one: sizes in bytes, points or records.
    private static readonly double[] SizeBuckets = Histogram.ExponentialBuckets(1, 4, 14);

    private IDisposable? _adapter;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        DotNetStats.Register(registry);
        _adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = registry,
            MetricFactory = Metrics.WithCustomRegistry(registry),
            InstrumentFilterPredicate = IsExported,
            ResolveHistogramBuckets = instrument => instrument.Unit == "s" ? SecondsBuckets : SizeBuckets,
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _adapter?.Dispose();

    private bool IsExported(Instrument instrument) =>
        metrics.Owns(instrument) || mirror.Owns(instrument)
        || FrameworkInstruments.Contains(instrument.Name);
}
