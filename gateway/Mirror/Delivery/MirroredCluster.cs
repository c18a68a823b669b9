using InfluxMirror.Telemetry;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Delivery;

/// <summary>
/// A cluster whose writes are mirrored: its journal and a courier for each destination. Lives as long as the
/// program, whatever a reload does to the cluster; couriers follow YARP's destinations by id.
/// </summary>
public sealed class MirroredCluster
{
    private readonly Func<MirrorOptions> _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly MirrorMetrics _metrics;
    private volatile Courier[] _couriers = [];
    private long _fullLoggedAt;

    internal MirroredCluster(
        string id, Func<MirrorOptions> options, MirrorMetrics metrics, TimeProvider time, ILogger log)
    {
        Id = id;
        _options = options;
        _metrics = metrics;
        _time = time;
        _log = log;
        Journal = new Journal.Journal(BufferBytes(options()), time);
        Letters = new DeadLetters(time, () => _options().Delivery.DeadLettersMB * 1024L * 1024L);
        Refused = new RefusedClients(time);
    }

    /// <summary>YARP's cluster id.</summary>
    public string Id { get; }

    /// <summary>What was accepted and is not everywhere yet.</summary>
    public Journal.Journal Journal { get; }

    /// <summary>A courier for each destination.</summary>
    public IReadOnlyList<Courier> Couriers => _couriers;

    /// <summary>What some destination will never take.</summary>
    public DeadLetters Letters { get; }

    /// <summary>What clients were told is there.</summary>
    public AnsweredPositions Answered { get; } = new();

    /// <summary>Clients that were refused lately.</summary>
    public RefusedClients Refused { get; }

    /// <summary>InfluxDB's version, as some destination last told it.</summary>
    public string? Version
    {
        get
        {
            foreach (var courier in _couriers)
            {
                if (courier.Version is { } version)
                    return version;
            }

            return null;
        }
    }

    /// <summary>The courier of a destination; null when there is none.</summary>
    public Courier? Find(string destination) =>
        Array.Find(_couriers, courier => courier.Destination.Equals(destination, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Accepts a record for every destination. False when the journal is full and its policy leaves no room: then
    /// nothing was done.
    /// </summary>
    public bool TryAppend(MirroredRecord record)
    {
        while (!Journal.TryAppend(record))
        {
            if (_options().Journal.LimitPolicy == InfluxMirror.Journal.LimitPolicy.DropOldest && MakeRoom(record.Size))
                continue;
            LogFull();
            return false;
        }

        foreach (var courier in _couriers)
            courier.Pump();
        return true;
    }

    /// <summary>
    /// Takes over the destinations of YARP's cluster: starts couriers for new ones, ends those of removed ones.
    /// </summary>
    internal void Follow(ClusterState state)
    {
        Journal.LimitBytes = BufferBytes(_options());
        var kept = new List<Courier>();
        foreach (var courier in _couriers)
        {
            if (state.Destinations.ContainsKey(courier.Destination))
                kept.Add(courier);
            else
                _ = EndAsync(courier);
        }

        foreach (var (id, destination) in state.Destinations)
        {
            if (!kept.Exists(courier => courier.Destination.Equals(id, StringComparison.OrdinalIgnoreCase)))
                kept.Add(Begin(state, destination));
        }

        kept.Sort(static (left, right) => string.CompareOrdinal(left.Destination, right.Destination));
        _couriers = [.. kept];
        // What was appended between a new courier's cursor and this moment told only the couriers of before.
        foreach (var courier in kept)
            courier.Pump();
    }

    /// <summary>The options have changed.</summary>
    internal void Reconfigure()
    {
        Journal.LimitBytes = BufferBytes(_options());
        foreach (var courier in _couriers)
            courier.Reconfigure();
    }

    /// <summary>Ends delivery; waits for what is under way to destinations that answer, as long as allowed.</summary>
    internal async Task CloseAsync(CancellationToken patience)
    {
        var couriers = _couriers;
        try
        {
            await Task.WhenAll(couriers.Select(courier => courier.DrainAsync(patience))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            // The time for a graceful end is over; what is left is counted as it closes.
        }

        _couriers = [];
        await Task.WhenAll(couriers.Select(EndAsync)).ConfigureAwait(false);
    }

    private static long BufferBytes(MirrorOptions options) => options.Journal.BufferSizeMB * 1024L * 1024L;

    private Courier Begin(ClusterState state, DestinationState destination)
    {
        MirrorLog.DestinationAdded(_log, Id, destination.DestinationId, destination.Model.Config.Address);
        var address = new CachedAddress();
        var context = new CourierContext(
            () => _options().Delivery,
            () => (state.Model.HttpClient, address.Of(destination.Model.Config.Address)),
            Letters,
            Refused,
            _metrics,
            _time,
            _log);
        return new Courier(Id, destination.DestinationId, Journal.OpenCursor(destination.DestinationId), context);
    }

    private async Task EndAsync(Courier courier)
    {
        courier.CloseCursor(Journal);
        var waiting = courier.Tally.Pending;
        await courier.CloseAsync().ConfigureAwait(false);
        if (waiting > 0)
            MirrorLog.DestinationRemoved(_log, Id, courier.Destination, waiting);
    }

    /// <summary>Drops for whoever lags most what another destination has confirmed.</summary>
    private bool MakeRoom(int bytes)
    {
        foreach (var courier in _couriers.OrderByDescending(static courier => courier.Tally.PendingBytes))
        {
            if (courier.DropOldest(bytes) > 0)
                return true;
        }

        return false;
    }

    private void LogFull()
    {
        var now = _time.GetTimestamp();
        var last = Interlocked.Read(ref _fullLoggedAt);
        if (last != 0 && _time.GetElapsedTime(last, now) < TimeSpan.FromSeconds(10))
            return;
        if (Interlocked.CompareExchange(ref _fullLoggedAt, now, last) == last)
            MirrorLog.Full(_log, Id, Journal.Bytes);
    }

    /// <summary>A destination's address, parsed once for each text.</summary>
    private sealed class CachedAddress
    {
        private (string Text, Uri Uri)? _last;

        public Uri Of(string text)
        {
            if (_last is { } last && last.Text == text)
                return last.Uri;
            var uri = new Uri(text, UriKind.Absolute);
            _last = (text, uri);
            return uri;
        }
    }
}
