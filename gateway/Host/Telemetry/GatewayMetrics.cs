using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Gateway.Configuration;

namespace Gateway.Telemetry;

/// <summary>Every instrument of the host; the exporter puts the meter's name in front: <c>gateway_…</c>.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Gateway";

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<string, long> _rateLimited = new(StringComparer.Ordinal);

    public GatewayMetrics(ReloadOutcome reload)
    {
        _meter.CreateObservableCounter("rate_limited_requests", RateLimited,
            description: "Requests refused by a rate limiting policy.");
        _meter.CreateObservableGauge("config_last_reload_successful", () => reload.Successful ? 1 : 0,
            description: "1 when the configuration file as last seen is in force, 0 when it was refused.");
        _meter.CreateObservableGauge("config_last_reload_success_timestamp_seconds",
            () => reload.LastSuccess.ToUnixTimeMilliseconds() / 1000.0,
            description: "When a configuration was last taken into force, in seconds since 1970.");
    }

    /// <summary>Whether an instrument is one of these; there can be several hosts in a process.</summary>
    public bool Owns(Instrument instrument) => instrument.Meter == _meter;

    /// <summary>Has a policy appear with 0, before it refuses anything.</summary>
    public void AnnounceRateLimit(string policy) => _rateLimited.TryAdd(policy, 0);

    public void CountRateLimited(string policy) =>
        _rateLimited.AddOrUpdate(policy, 1, static (_, count) => count + 1);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> RateLimited() =>
        _rateLimited.Select(entry => new Measurement<long>(
            entry.Value, new KeyValuePair<string, object?>("policy", entry.Key)));
}
