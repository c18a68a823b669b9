using System.Net.Sockets;
using InfluxMirror.Delivery;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InfluxMirror.Inputs;

/// <summary>
/// All UDP listeners of the configuration, as it was at start. They end before the couriers do, so that what they
/// have received is delivered.
/// </summary>
internal sealed class UdpListeners : IHostedService, IDisposable
{
    private readonly IOptions<MirrorOptions> _options;
    private readonly CourierFleet _fleet;
    private readonly MirrorMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<UdpListeners> _log;
    private volatile UdpListener[] _all = [];

    public UdpListeners(
        IOptions<MirrorOptions> options, CourierFleet fleet, MirrorMetrics metrics, TimeProvider time,
        ILogger<UdpListeners> log)
    {
        _options = options;
        _fleet = fleet;
        _metrics = metrics;
        _time = time;
        _log = log;
        metrics.ObserveUdp(() => _all.Select(Read));
    }

    /// <summary>The listeners.</summary>
    public IReadOnlyList<UdpListener> All => _all;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var listeners = _options.Value.Udp;
        var faults = UdpRules.Check(listeners).Select(static fault => $"Udp:{fault.Key}: {fault.Message}").ToList();
        if (faults.Count > 0)
            throw new InvalidOperationException(string.Join(Environment.NewLine, faults));
        foreach (var (name, options) in listeners.OrderBy(static one => one.Key, StringComparer.Ordinal))
            _all = [.. _all, Open(name, options)];
        foreach (var listener in _all)
            listener.Start();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_all.Select(static listener => listener.StopAsync()));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var listener in _all)
            listener.Dispose();
    }

    private UdpListener Open(string name, UdpListenerOptions options)
    {
        var cluster = options.Cluster ?? OnlyCluster(name);
        if (_fleet.Find(cluster) is null)
            throw new InvalidOperationException($"Udp:{name}:Cluster: no route of cluster '{cluster}' is mirrored");
        try
        {
            return new UdpListener(name, options, () => _fleet.Find(cluster), _metrics, _time, _log);
        }
        catch (SocketException fault)
        {
            throw new InvalidOperationException(
                $"Udp:{name}: cannot listen on udp://{options.BindAddress}: {fault.Message}", fault);
        }
    }

    private string OnlyCluster(string name)
    {
        var clusters = _fleet.Clusters.Select(static cluster => cluster.Id).Order(StringComparer.Ordinal).ToList();
        return clusters.Count == 1
            ? clusters[0]
            : throw new InvalidOperationException(
                $"Udp:{name}:Cluster: is missing; mirrored are: {string.Join(", ", clusters)}");
    }

    private static UdpReading Read(UdpListener listener) => new()
    {
        Listener = listener.Name,
        Datagrams = listener.Tally.Datagrams,
        Bytes = listener.Tally.Bytes,
        Points = listener.Tally.Points,
        KernelDrops = listener.KernelDrops,
        ReadBuffer = listener.ReadBuffer,
        Refused = [.. Enum.GetValues<UdpRefusal>().Select(cause => KeyValuePair.Create(
            cause.ToString().ToLowerInvariant(), listener.Tally.Refused(cause)))],
    };
}
