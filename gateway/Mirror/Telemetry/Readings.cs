namespace InfluxMirror.Telemetry;

/// <summary>How a request to a mirrored route ended.</summary>
public enum RequestOutcome
{
    /// <summary>2xx: confirmed, or safely kept.</summary>
    Accepted,

    /// <summary>4xx: refused, by a destination or by the gateway's own checks.</summary>
    Refused,

    /// <summary>503: kept, and will be delivered, but not confirmed as asked.</summary>
    Kept,

    /// <summary>503: not taken.</summary>
    Unavailable,

    /// <summary>5xx: something failed inside the gateway.</summary>
    Failed,
}

/// <summary>Why a point that came by UDP was not taken.</summary>
public enum UdpRefusal
{
    /// <summary>Its line is not line protocol.</summary>
    Invalid,

    /// <summary>Its line would end the influxd process, or make it fail.</summary>
    Harmful,

    /// <summary>The journal was full.</summary>
    Full,

    /// <summary>The cluster has no destination, or something failed inside the gateway.</summary>
    Unavailable,
}

/// <summary>How a read ended.</summary>
public enum ReadOutcome
{
    /// <summary>A destination that is fit answered.</summary>
    Fresh,

    /// <summary>Only destinations that lag were left, and one of them answered.</summary>
    Stale,

    /// <summary>The first destination could not be reached or went down, and another one answered.</summary>
    Retried,

    /// <summary>Nobody could answer.</summary>
    Unavailable,
}

/// <summary>The state of one destination at the moment of asking.</summary>
public sealed record DestinationReading
{
    /// <summary>YARP's cluster id.</summary>
    public required string Cluster { get; init; }

    /// <summary>YARP's destination id.</summary>
    public required string Destination { get; init; }

    /// <summary>Points by state, of one moment, see <c>influxmirror_account_points</c>.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Account { get; init; }

    /// <summary>Points, see <c>influxmirror_points_accepted_total</c>.</summary>
    public required long Accepted { get; init; }

    /// <summary>Points, see <c>influxmirror_points_delivered_total</c>.</summary>
    public required long Delivered { get; init; }

    /// <summary>Points, see <c>influxmirror_points_rejected_total</c>.</summary>
    public required long Rejected { get; init; }

    /// <summary>Points by cause, see <c>influxmirror_points_dropped_total</c>.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Dropped { get; init; }

    /// <summary>Points, see <c>influxmirror_points_pending</c>.</summary>
    public required long Pending { get; init; }

    /// <summary>Points, see <c>influxmirror_points_parked</c>.</summary>
    public required long Parked { get; init; }

    /// <summary>Bytes, see <c>influxmirror_backlog_bytes</c>.</summary>
    public required long PendingBytes { get; init; }

    /// <summary>See <c>influxmirror_backlog_drain_bytes_per_second</c>.</summary>
    public required double DrainBytesPerSecond { get; init; }

    /// <summary>Seconds, see <c>influxmirror_backlog_seconds_left</c>; infinite when it does not get less.</summary>
    public required double SecondsLeft { get; init; }

    /// <summary>Seconds, see <c>influxmirror_backlog_seconds</c>.</summary>
    public required double LagSeconds { get; init; }

    /// <summary>Seconds, see <c>influxmirror_parked_seconds</c>.</summary>
    public required double ParkedSeconds { get; init; }

    /// <summary>See <c>influxmirror_destination_up</c>.</summary>
    public required bool Up { get; init; }

    /// <summary>See <c>influxmirror_destination_fit</c>.</summary>
    public required bool Fit { get; init; }

    /// <summary>See <c>influxmirror_destination_needs_resync</c>.</summary>
    public required bool NeedsResync { get; init; }

    /// <summary>See <c>influxmirror_sends_total</c>.</summary>
    public required long Sends { get; init; }

    /// <summary>See <c>influxmirror_sends_unanswered_total</c>.</summary>
    public required long Unanswered { get; init; }

    /// <summary>Bytes, see <c>influxmirror_sent_bytes_total</c>.</summary>
    public required long SentBytes { get; init; }

    /// <summary>Points, see <c>influxmirror_points_overtaken_total</c>.</summary>
    public required long Overtaken { get; init; }

    /// <summary>Places, see <c>influxmirror_journal_damages_total</c>.</summary>
    public required long Damages { get; init; }

    /// <summary>Records, see <c>influxmirror_records_set_aside_total</c>.</summary>
    public required long SetAside { get; init; }

    /// <summary>Records, see <c>influxmirror_records_withdrawn_total</c>.</summary>
    public required long Withdrawn { get; init; }

    /// <summary>See <c>influxmirror_divergences_total</c>.</summary>
    public required long Divergences { get; init; }

    /// <summary>Answers by what they mean, see <c>influxmirror_verdicts_total</c>.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Verdicts { get; init; }
}

/// <summary>The state of one cluster at the moment of asking.</summary>
/// <param name="Cluster">YARP's cluster id.</param>
/// <param name="JournalBytes">Bytes of records in memory.</param>
/// <param name="DeadLetters">Dead letters filed.</param>
/// <param name="DeadLettersDiscarded">Dead letters thrown away.</param>
/// <param name="Log">The journal on disk; null when it is in memory.</param>
/// <param name="DeadLettersKept">Dead letters there are, and the bytes they count.</param>
/// <param name="Gaps">What was dropped.</param>
public sealed record ClusterReading(
    string Cluster, long JournalBytes, long DeadLetters, long DeadLettersDiscarded, LogReading? Log,
    (int Letters, long Bytes) DeadLettersKept, IReadOnlyList<GapReading> Gaps);

/// <summary>What a destination was not given.</summary>
/// <param name="Destination">YARP's destination id.</param>
/// <param name="Database">The database.</param>
/// <param name="Points">Points, see <c>influxmirror_gap_points</c>.</param>
public sealed record GapReading(string Destination, string Database, long Points);

/// <summary>The state of a journal on disk at the moment of asking.</summary>
/// <param name="DiskBytes">Bytes of files that hold records.</param>
/// <param name="Segments">Number of those files.</param>
/// <param name="WaitingBytes">Bytes of records that are not durable yet.</param>
/// <param name="WrittenBytes">Bytes of records written.</param>
/// <param name="Syncs">Syncs that succeeded.</param>
/// <param name="GivenUp">Segments given up because a write or sync failed.</param>
/// <param name="Works">Records can be made durable.</param>
public sealed record LogReading(
    long DiskBytes, int Segments, long WaitingBytes, long WrittenBytes, long Syncs, long GivenUp, bool Works);

/// <summary>The account of one UDP listener at the moment of asking.</summary>
public sealed record UdpReading
{
    /// <summary>Its name in the configuration.</summary>
    public required string Listener { get; init; }

    /// <summary>Datagrams received.</summary>
    public required long Datagrams { get; init; }

    /// <summary>Their bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Points the journal took.</summary>
    public required long Points { get; init; }

    /// <summary>Datagrams the kernel dropped before they could be read.</summary>
    public required long KernelDrops { get; init; }

    /// <summary>Bytes of receive buffer the kernel granted.</summary>
    public required long ReadBuffer { get; init; }

    /// <summary>Points that were not taken, by <see cref="UdpRefusal"/> in lower case.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Refused { get; init; }
}
