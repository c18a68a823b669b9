namespace InfluxMirror.InfluxQL;

/// <summary>What a query does to the servers behind the gateway.</summary>
public enum StatementKind
{
    /// <summary>Reads what every destination has: any of them may answer.</summary>
    Read,

    /// <summary>
    /// Shows what belongs to one server (SHOW QUERIES, SHARDS, SHARD GROUPS, STATS, DIAGNOSTICS): answered by one.
    /// </summary>
    NodeLocal,

    /// <summary>
    /// Changes something known by an identifier of one server's own (KILL QUERY, DROP SHARD): needs a pin.
    /// </summary>
    PinRequired,

    /// <summary>Changes what is stored, or could not be understood: must reach every destination.</summary>
    Mutation,
}
