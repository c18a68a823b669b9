namespace InfluxMirror.Delivery;

/// <summary>What is known of a record that is on disk only.</summary>
/// <param name="Position">Where it is.</param>
/// <param name="RetentionPolicy">
/// Its retention policy, see <see cref="SharedNames"/>; null for its database's default.
/// </param>
/// <param name="Points">Points it counts.</param>
/// <param name="Bytes">See <see cref="MirroredRecord.Bytes"/>.</param>
/// <param name="AcceptedAt">When it was accepted, by the wall clock.</param>
/// <param name="AppendedAt">See <see cref="Journal.JournalRecord.AppendedAt"/>.</param>
internal readonly record struct SpilledRecord(
    long Position, string? RetentionPolicy, int Points, int Bytes, DateTimeOffset AcceptedAt, long AppendedAt)
{
    public SpilledRecord(MirroredRecord record)
        : this(record, record.Position)
    {
    }

    /// <summary>One that was read, and has no place in memory.</summary>
    public SpilledRecord(MirroredRecord record, long position)
        : this(
            position, SharedNames.Of(record.Target.RetentionPolicy), record.Points, record.Bytes, record.AcceptedAt,
            record.AppendedAt)
    {
    }

    /// <summary>About what it takes in memory when it is read back.</summary>
    public long Size => (long)Bytes + MirroredRecord.OwnBytes;
}
