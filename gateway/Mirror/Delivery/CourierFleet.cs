using System.Collections.Concurrent;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Delivery;

/// <summary>
/// All mirrored clusters. Follows YARP's clusters as they come, change and go; a cluster is mirrored once a route
/// of it has the transform <c>Mirror</c>.
/// </summary>
public sealed class CourierFleet : IClusterChangeListener, IHostedService, IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, MirroredCluster> _clusters = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, ClusterState> _states = new(StringComparer.OrdinalIgnoreCase);
    private readonly IOptionsMonitor<MirrorOptions> _options;
    private readonly MirrorMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<CourierFleet> _log;
    private readonly IDisposable? _changes;
    private readonly string _root;
    private readonly Lock _stopping = new();
    private Task? _stopped;

    /// <summary>A fleet without clusters.</summary>
    public CourierFleet(
        IOptionsMonitor<MirrorOptions> options, MirrorMetrics metrics, TimeProvider time, IHostEnvironment environment,
        ILogger<CourierFleet> log)
    {
        _root = environment.ContentRootPath;
        _options = options;
        _metrics = metrics;
        _time = time;
        _log = log;
        _changes = options.OnChange(_ => Reconfigure());
    }

    /// <summary>The mirrored clusters.</summary>
    public ICollection<MirroredCluster> Clusters => _clusters.Values;

    /// <summary>A mirrored cluster; null when no route of it is mirrored.</summary>
    public MirroredCluster? Find(string cluster) => _clusters.GetValueOrDefault(cluster);

    /// <summary>The mirrored cluster of this id, from now on if it was not.</summary>
    public MirroredCluster Enlist(string cluster)
    {
        var mirrored = _clusters.GetOrAdd(
            cluster, id => new MirroredCluster(
                id, () => _options.CurrentValue, DiskOf(id), DiskOf(id, JournalFolder.Letters), _metrics, _time, _log));
        if (_states.TryGetValue(cluster, out var state))
            mirrored.Follow(state);
        return mirrored;
    }

    /// <inheritdoc/>
    public void OnClusterAdded(ClusterState cluster) => OnClusterChanged(cluster);

    /// <inheritdoc/>
    public void OnClusterChanged(ClusterState cluster)
    {
        _states[cluster.ClusterId] = cluster;
        if (_clusters.TryGetValue(cluster.ClusterId, out var mirrored))
            mirrored.Follow(cluster);
    }

    /// <inheritdoc/>
    public void OnClusterRemoved(ClusterState cluster)
    {
        _states.TryRemove(cluster.ClusterId, out _);
        if (_clusters.TryGetValue(cluster.ClusterId, out var mirrored))
            _ = mirrored.CloseAsync(new CancellationToken(canceled: true));
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends all clusters, once, within a bound of their own.</summary>
    /// <param name="cancellationToken">
    /// Says nothing here: a slow client may have used up the host's time, and what it is told to keep is delivered all
    /// the same.
    /// </param>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_stopping)
            return _stopped ??= StopAsync();
    }

    private async Task StopAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await Task.WhenAll(_clusters.Values.Select(cluster => cluster.StopAsync(patience.Token))).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Lets go of the journals of a program that was never started, or not stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        _changes?.Dispose();
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>The folder of a cluster's journal, or one in it; null when all is in memory.</summary>
    private LinuxDisk? DiskOf(string cluster, string inside = "")
    {
        var options = _options.CurrentValue.Journal;
        return options.Durability == Durability.Memory
            ? null
            : new LinuxDisk(
                Path.Combine(JournalFolder.PathOf(Path.Combine(_root, options.Directory), cluster), inside));
    }

    private void Reconfigure()
    {
        foreach (var cluster in _clusters.Values)
            cluster.Reconfigure();
    }
}
