namespace InfluxMirror.Delivery;

/// <summary>A record that a destination will never take, kept for the operator. Its bytes are read when asked for.
/// </summary>
public sealed record DeadLetter
{
    /// <summary>Number of the letter in its cluster; never used again.</summary>
    public required long Id { get; init; }

    /// <summary>When it was filed.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Who did not take it.</summary>
    public required string Destination { get; init; }

    /// <summary>Who sent it.</summary>
    public required string Client { get; init; }

    /// <summary>Its database; empty when the request named none.</summary>
    public required string Database { get; init; }

    /// <summary>Its retention policy; null for the database's default.</summary>
    public required string? RetentionPolicy { get; init; }

    /// <summary>What kind of request it is.</summary>
    public required RecordKind Kind { get; init; }

    /// <summary>Points in it.</summary>
    public required int Points { get; init; }

    /// <summary>Points among them that were refused; of a partial write the others were stored.</summary>
    public required int Rejected { get; init; }

    /// <summary>Why, in the destination's words; of a statement with a password only that it was refused.</summary>
    public required string Reason { get; init; }

    /// <summary>Bytes of the body, as it came.</summary>
    public required int Bytes { get; init; }

    /// <summary>The beginning of the record, for people; passwords of statements are masked.</summary>
    public required string Sample { get; init; }

    /// <summary>The record's place in the journal; 0 when it had none.</summary>
    internal long Position { get; init; }
}
