namespace InfluxMirror.Delivery;

/// <summary>A lane's records: those of one database, ordered ones apart from raw ones.</summary>
/// <param name="Database">The database; empty for requests that name none.</param>
/// <param name="IsRaw">Its raw requests.</param>
internal readonly record struct LaneKey(string Database, bool IsRaw);

/// <summary>
/// A record in a lane; with a barrier, a statement that other lanes wait for too; with a trial, the first of a parked
/// queue, sent to find out whether the others may follow. It was parked before if it is returned. Without a record:
/// where it is on disk.
/// </summary>
internal readonly record struct LaneEntry(
    MirroredRecord? Record, Barrier? Barrier, ParkedQueue? Trial, bool IsReturned = false,
    SpilledRecord OnDisk = default)
{
    /// <summary>It is on disk only.</summary>
    public bool IsOnDisk => Record is null;

    /// <summary>
    /// It is a record in memory that may be taken out of its turn: statements keep theirs, as does what is on trial.
    /// </summary>
    public bool MayLeave => this is { Barrier: null, Trial: null, Record: not null };

    /// <summary>It is a dead letter that is sent again.</summary>
    public bool IsLetter => Record is { Letter: not 0 };

    /// <summary>Its place in the journal.</summary>
    public long Position => Record?.Position ?? OnDisk.Position;

    /// <summary>When it was appended.</summary>
    public long AppendedAt => Record?.AppendedAt ?? OnDisk.AppendedAt;
}
