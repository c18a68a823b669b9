using InfluxMirror.Delivery;

namespace InfluxMirror;

/// <summary>One destination as the mirror sees it now; what management pages and <c>/ping</c> are made of.</summary>
public sealed record DestinationStatus
{
    /// <summary>YARP's cluster id.</summary>
    public required string Cluster { get; init; }

    /// <summary>YARP's destination id.</summary>
    public required string Destination { get; init; }

    /// <summary>Its address, without credentials.</summary>
    public required string Address { get; init; }

    /// <summary>It answers probes and sends.</summary>
    public required bool Up { get; init; }

    /// <summary>It may serve reads.</summary>
    public required bool Fit { get; init; }

    /// <summary>Why it is not up or not fit, in words; null when it is both.</summary>
    public required string? Reason { get; init; }

    /// <summary>InfluxDB's version as the destination last told it; null before its first answer.</summary>
    public required string? Version { get; init; }

    /// <summary>Age of the oldest record it still has to get, in seconds; parked ones apart.</summary>
    public required double LagSeconds { get; init; }

    /// <summary>Age of the oldest record that is parked for it, in seconds.</summary>
    public double ParkedSeconds { get; init; }

    /// <summary>Bytes waiting for it: bodies, and paths with their queries.</summary>
    public required long PendingBytes { get; init; }

    /// <summary>Bytes that get their fate in a second, over the last seconds.</summary>
    public required double DrainBytesPerSecond { get; init; }

    /// <summary>Seconds until nothing waits, as it goes now; null when what waits does not get less.</summary>
    public required double? SecondsLeft { get; init; }

    /// <summary>Points accepted while it was a destination.</summary>
    public required long AcceptedPoints { get; init; }

    /// <summary>Points it confirmed.</summary>
    public required long DeliveredPoints { get; init; }

    /// <summary>Points that wait for it, parked ones included.</summary>
    public required long PendingPoints { get; init; }

    /// <summary>Points among the pending that are parked.</summary>
    public required long ParkedPoints { get; init; }

    /// <summary>Points it refused, or that were withdrawn because every destination refused.</summary>
    public required long RejectedPoints { get; init; }

    /// <summary>Points given up, for whatever cause.</summary>
    public required long DroppedPoints { get; init; }

    /// <summary>The same by cause, see <see cref="DropCause"/>.</summary>
    public IReadOnlyDictionary<string, long> DroppedPointsByCause { get; init; } = new Dictionary<string, long>();

    /// <summary>What was dropped for it since it was last in sync.</summary>
    public IReadOnlyList<Gap> Gaps { get; init; } = [];

    /// <summary>It lacks what others have: it serves no reads until the operator declares it in sync.</summary>
    public required bool NeedsResync { get; init; }
}

/// <summary>Whether the mirror does its work.</summary>
/// <param name="AcceptsWrites">The journal takes records.</param>
/// <param name="ServesReads">At least one destination is fit for reads.</param>
/// <param name="Reasons">What is wrong, in words; empty when nothing is.</param>
/// <param name="InfluxVersion">The destinations' version of InfluxDB; null before the first answer.</param>
public sealed record MirrorReadiness(
    bool AcceptsWrites,
    bool ServesReads,
    IReadOnlyList<string> Reasons,
    string? InfluxVersion);
