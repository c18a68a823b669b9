using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace InfluxMirror.Telemetry;

/// <summary>
/// Every instrument of the mirror, with unit and description. What state can tell is observed when it is asked for,
/// so that counting costs the hot path an addition and no more.
/// </summary>
public sealed class MirrorMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "InfluxMirror";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _sendSeconds;
    private readonly Histogram<int> _sendRecords;
    private readonly Histogram<double> _syncSeconds;
    private readonly long[] _requests = new long[Enum.GetValues<RequestOutcome>().Length];
    private readonly long[] _reads = new long[Enum.GetValues<ReadOutcome>().Length];
    private readonly HashSet<(string Cluster, string Destination, string Database)> _gapsSeen = [];
    private long _points, _bytes, _invalidLines, _penalized;

    /// <summary>All instruments, not yet observing anything.</summary>
    public MirrorMetrics()
    {
        _sendSeconds = _meter.CreateHistogram<double>(
            "send_seconds", "s", "Time a destination took to answer one request.");
        _syncSeconds = _meter.CreateHistogram<double>(
            "journal_sync_seconds", "s", "Time a sync of the journal took.");
        _sendRecords = _meter.CreateHistogram<int>(
            "send_records", null, "Client requests merged into one request to a destination.");
        _meter.CreateObservableCounter(
            "requests_total", () => Readings(_requests, Enum.GetValues<RequestOutcome>(), "outcome"), null,
            "Requests to mirrored routes, by outcome.");
        _meter.CreateObservableCounter(
            "reads_total", () => Readings(_reads, Enum.GetValues<ReadOutcome>(), "outcome"), null,
            "Reads, by outcome.");
        _meter.CreateObservableCounter(
            "points_received_total", () => Interlocked.Read(ref _points), null,
            "Points received in requests and datagrams that were accepted.");
        _meter.CreateObservableCounter(
            "bytes_received_total", () => Interlocked.Read(ref _bytes), "By",
            "Bytes of bodies and datagrams received, as they came.");
        _meter.CreateObservableCounter(
            "lines_invalid_total", () => Interlocked.Read(ref _invalidLines), null,
            "Lines that InfluxDB refuses, as the gateway's own check found them.");
        _meter.CreateObservableCounter(
            "requests_penalized_total", () => Interlocked.Read(ref _penalized), null,
            "Requests answered 503 because their client was refused lately and its lane was busy.");
    }

    /// <summary>A request to a mirrored route is over.</summary>
    public void CountRequest(RequestOutcome outcome) => Interlocked.Increment(ref _requests[(int)outcome]);

    /// <summary>A read is over.</summary>
    public void CountRead(ReadOutcome outcome) => Interlocked.Increment(ref _reads[(int)outcome]);

    /// <summary>A body came in.</summary>
    public void CountBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>
    /// Points were accepted; <paramref name="invalidLines"/> lines beside them are refused by InfluxDB.
    /// </summary>
    public void CountPoints(int points, int invalidLines)
    {
        Interlocked.Add(ref _points, points);
        if (invalidLines > 0)
            Interlocked.Add(ref _invalidLines, invalidLines);
    }

    /// <summary>A client that was refused lately has to wait.</summary>
    public void CountPenalized() => Interlocked.Increment(ref _penalized);

    /// <summary>A destination answered, or did not, after so long.</summary>
    public void RecordSend(string cluster, string destination, int records, TimeSpan duration)
    {
        if (!_sendSeconds.Enabled)
            return;
        var tags = new TagList { { "cluster", cluster }, { "destination", destination } };
        _sendSeconds.Record(duration.TotalSeconds, tags);
        _sendRecords.Record(records, tags);
    }

    /// <summary>
    /// Observes what <paramref name="destinations"/> and <paramref name="clusters"/> read from state.
    /// </summary>
    public void Observe(
        Func<IEnumerable<DestinationReading>> destinations, Func<IEnumerable<ClusterReading>> clusters)
    {
        _meter.CreateObservableGauge(
            "account_points",
            () => destinations().SelectMany(r => r.Account.Select(state => new Measurement<long>(
                state.Value, new("cluster", r.Cluster), new("destination", r.Destination), new("state", state.Key)))),
            null, "Points accepted, and those of them that are delivered, pending, rejected and dropped.");
        Counter("points_accepted_total", "Points accepted for the destination.", r => r.Accepted);
        Counter("points_delivered_total", "Points the destination confirmed.", r => r.Delivered);
        Counter("points_rejected_total", "Points the destination refused, or that were withdrawn or set aside.",
            r => r.Rejected);
        _meter.CreateObservableCounter(
            "points_dropped_total",
            () => destinations().SelectMany(r => r.Dropped.Select(cause => new Measurement<long>(
                cause.Value, new("cluster", r.Cluster), new("destination", r.Destination), new("cause", cause.Key)))),
            null, "Points given up, by cause.");
        Gauge("points_pending", "Points waiting for the destination, parked ones included.", r => r.Pending);
        Gauge("points_parked", "Points among the pending that wait for a repair of the destination.", r => r.Parked);
        Gauge("backlog_bytes", "Bytes waiting for the destination: bodies, and paths with their queries.",
            r => r.PendingBytes);
        Gauge("backlog_seconds", "Age of the oldest record waiting for the destination, parked ones apart.",
            r => r.LagSeconds);
        Gauge("parked_seconds", "Age of the oldest record that waits for a repair of the destination.",
            r => r.ParkedSeconds);
        Gauge("backlog_drain_bytes_per_second", "Bytes that get their fate in a second, over the last seconds.",
            r => r.DrainBytesPerSecond);
        Gauge("backlog_seconds_left", "Seconds until nothing waits, as it goes now; +Inf when it does not get less.",
            r => r.SecondsLeft);
        Gauge("destination_up", "1 if the destination answers probes and sends.", r => r.Up ? 1 : 0);
        Gauge("destination_fit", "1 if the destination may serve reads.", r => r.Fit ? 1 : 0);
        Gauge("destination_needs_resync", "1 if the destination lacks what others have.",
            r => r.NeedsResync ? 1 : 0);
        Counter("sends_total", "Requests sent to the destination.", r => r.Sends);
        Counter("sends_unanswered_total", "Requests to the destination that got no answer.", r => r.Unanswered);
        Counter("sent_bytes_total", "Bytes of bodies sent, repeated ones included.", r => r.SentBytes);
        Counter("points_overtaken_total", "Points delivered while older ones of their database were parked.",
            r => r.Overtaken);
        Counter("records_set_aside_total", "Records given up because they alone made the destination fail.",
            r => r.SetAside);
        Counter("journal_damages_total", "Places in the journal's files that could not be read for it.",
            r => r.Damages);
        Counter("records_withdrawn_total", "Records taken back because every destination asked refused them.",
            r => r.Withdrawn);
        Counter("divergences_total", "Answers that differ from what another destination said.",
            r => r.Divergences);
        _meter.CreateObservableCounter(
            "verdicts_total",
            () => destinations().SelectMany(r => r.Verdicts.Select(v => new Measurement<long>(
                v.Value, new("cluster", r.Cluster), new("destination", r.Destination), new("verdict", v.Key)))),
            null, "Answers of the destination, by what they mean.");
        _meter.CreateObservableGauge("journal_bytes",
            () => clusters().Select(r => Of(r, r.JournalBytes)),
            "By", "Bytes of records held in memory.");
        _meter.CreateObservableCounter("dead_letters_total",
            () => clusters().Select(r => Of(r, r.DeadLetters)),
            null, "Dead letters filed.");
        _meter.CreateObservableCounter("dead_letters_discarded_total",
            () => clusters().Select(r => Of(r, r.DeadLettersDiscarded)),
            null, "Dead letters thrown away to make room for newer ones.");
        _meter.CreateObservableGauge("dead_letters",
            () => clusters().Select(r => Of(r, (long)r.DeadLettersKept.Letters)),
            null, "Dead letters there are.");
        _meter.CreateObservableGauge("dead_letters_bytes",
            () => clusters().Select(r => Of(r, r.DeadLettersKept.Bytes)),
            "By", "Bytes the dead letters count.");
        _meter.CreateObservableGauge("gap_points",
            () => GapPoints(clusters()), null,
            "Points the destination lacks because they were dropped, until it is declared in sync.");

        void Counter(string name, string description, Func<DestinationReading, long> value) =>
            _meter.CreateObservableCounter(name, () => destinations().Select(r => Of(r, value(r))), null, description);

        void Gauge(string name, string description, Func<DestinationReading, double> value) =>
            _meter.CreateObservableGauge(name, () => destinations().Select(r => Of(r, value(r))), null, description);
    }

    /// <summary>
    /// Whoever exports a gauge keeps its last value when it is observed no more: a gap that is gone goes on as 0.
    /// </summary>
    private List<Measurement<long>> GapPoints(IEnumerable<ClusterReading> clusters)
    {
        var now = clusters
            .SelectMany(static r => r.Gaps.Select(gap => (Key: (r.Cluster, gap.Destination, gap.Database), gap.Points)))
            .ToDictionary(static gap => gap.Key, static gap => gap.Points);
        lock (_gapsSeen)
        {
            _gapsSeen.UnionWith(now.Keys);
            return [.. _gapsSeen.Select(gap => new Measurement<long>(
                now.GetValueOrDefault(gap), new("cluster", gap.Cluster), new("destination", gap.Destination),
                new("database", gap.Database)))];
        }
    }

    /// <summary>Observes what <paramref name="clusters"/> reads from journals on disk.</summary>
    public void ObserveJournals(Func<IEnumerable<ClusterReading>> clusters)
    {
        Gauge("journal_disk_bytes", "By", "Bytes of the journal's files that hold records.", r => r.DiskBytes);
        Gauge("journal_segments", null, "Files of the journal that hold records.", r => r.Segments);
        Gauge("journal_waiting_bytes", "By", "Bytes of records that are not durable yet.", r => r.WaitingBytes);
        Gauge("journal_working", null, "Whether records can be made durable: 1 or 0.", r => r.Works ? 1 : 0);
        Counter("journal_written_bytes_total", "By", "Bytes of records written to disk.", r => r.WrittenBytes);
        Counter("journal_syncs_total", null, "Syncs of the journal that succeeded.", r => r.Syncs);
        Counter("journal_given_up_segments_total", null, "Segments given up because a write or sync failed.",
            r => r.GivenUp);

        IEnumerable<Measurement<long>> Read(Func<LogReading, long> value) =>
            clusters().Where(static r => r.Log is not null).Select(r => Of(r, value(r.Log!)));

        void Gauge(string name, string? unit, string description, Func<LogReading, long> value) =>
            _meter.CreateObservableGauge(name, () => Read(value), unit, description);

        void Counter(string name, string? unit, string description, Func<LogReading, long> value) =>
            _meter.CreateObservableCounter(name, () => Read(value), unit, description);
    }

    /// <summary>Observes what <paramref name="listeners"/> reads from UDP listeners.</summary>
    public void ObserveUdp(Func<IEnumerable<UdpReading>> listeners)
    {
        Counter("udp_datagrams_total", null, "Datagrams received.", r => r.Datagrams);
        Counter("udp_bytes_total", "By", "Bytes of datagrams received.", r => r.Bytes);
        Counter("udp_points_total", null, "Points that came by UDP and were accepted.", r => r.Points);
        Counter("udp_kernel_drops_total", null, "Datagrams the kernel dropped before they could be read.",
            r => r.KernelDrops);
        _meter.CreateObservableCounter(
            "udp_refused_total",
            () => listeners().SelectMany(static r => r.Refused.Select(cause => new Measurement<long>(
                cause.Value, new("listener", r.Listener), new("cause", cause.Key)))),
            null, "Points that came by UDP and were not accepted, by cause.");
        _meter.CreateObservableGauge(
            "udp_read_buffer_bytes", () => listeners().Select(static r => Of(r, r.ReadBuffer)), "By",
            "Receive buffer the kernel granted.");

        void Counter(string name, string? unit, string description, Func<UdpReading, long> value) =>
            _meter.CreateObservableCounter(name, () => listeners().Select(r => Of(r, value(r))), unit, description);
    }

    /// <summary>A sync of the journal succeeded.</summary>
    public void RecordSync(string cluster, TimeSpan time) =>
        _syncSeconds.Record(time.TotalSeconds, new KeyValuePair<string, object?>("cluster", cluster));

    /// <summary>Whether an instrument is one of these; there can be several hosts in a process.</summary>
    public bool Owns(Instrument instrument) => instrument?.Meter == _meter;

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static Measurement<long> Of(UdpReading reading, long value) =>
        new(value, new KeyValuePair<string, object?>("listener", reading.Listener));

    private static Measurement<T> Of<T>(DestinationReading reading, T value)
        where T : struct =>
        new(value, new("cluster", reading.Cluster), new("destination", reading.Destination));

    private static Measurement<long> Of(ClusterReading reading, long value) =>
        new(value, new KeyValuePair<string, object?>("cluster", reading.Cluster));

    private static IEnumerable<Measurement<long>> Readings<T>(long[] counts, T[] names, string label)
        where T : struct, Enum
    {
        for (var i = 0; i < counts.Length; i++)
        {
            yield return new(
                Interlocked.Read(ref counts[i]),
                new KeyValuePair<string, object?>(label, names[i].ToString().ToLowerInvariant()));
        }
    }
}
