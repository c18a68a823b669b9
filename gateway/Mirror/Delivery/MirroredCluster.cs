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
    /// <summary>How long a refusal is remembered while the journal stays nearly full.</summary>
    private static readonly TimeSpan FullMemory = TimeSpan.FromSeconds(5);

    private readonly Func<MirrorOptions> _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly MirrorMetrics _metrics;
    private volatile Courier[] _couriers = [];
    private long _fullLoggedAt;
    private long _refusedAt;

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

    /// <summary>Records are refused, because the journal has no room and nothing may be dropped.</summary>
    public bool IsFull
    {
        get
        {
            var refused = Interlocked.Read(ref _refusedAt);
            return refused != 0 && _time.GetElapsedTime(refused) < FullMemory
                && Journal.Bytes > Journal.LimitBytes / 10 * 9;
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
            Interlocked.Exchange(ref _refusedAt, _time.GetTimestamp());
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
        var before = _couriers;
        var kept = before.Where(courier => state.Destinations.ContainsKey(courier.Destination)).ToList();
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
        foreach (var courier in before.Except(kept))
            _ = EndAsync(courier);
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

    /// <summary>An address as it may be shown: it may hold a user and a password.</summary>
    public static string Shown(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
            ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : "";

    private static long BufferBytes(MirrorOptions options) => options.Journal.BufferSizeMB * 1024L * 1024L;

    private Courier Begin(ClusterState state, DestinationState destination)
    {
        MirrorLog.DestinationAdded(_log, Id, destination.DestinationId, Shown(destination.Model.Config.Address));
        var address = new CachedAddress();
        var context = new CourierContext(
            () => _options().Delivery,
            () => (state.Model.HttpClient, address.Of(destination.Model.Config.Address)),
            Letters,
            Refused,
            _metrics,
            () => _couriers.Count(static courier => !courier.IsFailing),
            _time,
            _log);
        return new Courier(Id, destination.DestinationId, Journal.OpenCursor(destination.DestinationId), context);
    }

    private async Task EndAsync(Courier courier)
    {
        courier.CloseCursor(Journal);
        var waiting = courier.Tally.Pending;
        try
        {
            await courier.CloseAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            courier.LogFault(fault);
        }

        if (waiting > 0)
            MirrorLog.DestinationRemoved(_log, Id, courier.Destination, waiting);
    }

    /// <summary>
    /// Drops for whoever lags most what another destination has decided about; some more than is needed, so that it
    /// need not be done for each record.
    /// </summary>
    private bool MakeRoom(int bytes)
    {
        var wanted = Math.Max(bytes, Journal.LimitBytes / 32);
        foreach (var courier in _couriers.OrderByDescending(static courier => courier.Tally.PendingBytes))
        {
            if (courier.DropOldest(wanted) > 0)
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
        private volatile Tuple<string, Uri>? _last;

        public Uri Of(string text)
        {
            var last = _last;
            if (last is null || last.Item1 != text)
                _last = last = Tuple.Create(text, new Uri(text, UriKind.Absolute));
            return last.Item2;
        }
    }
}
