namespace InfluxMirror.InfluxQL;

/// <summary>What the gateway has to know about a query, which may hold several statements.</summary>
public sealed class QueryAnalysis
{
    internal QueryAnalysis(
        StatementKind kind,
        bool mixesPinAndMutation,
        bool allDatabases,
        IReadOnlyList<string> databases,
        bool destructive,
        bool needsFreezing)
    {
        Kind = kind;
        MixesPinAndMutation = mixesPinAndMutation;
        AllDatabases = allDatabases;
        Databases = databases;
        Destructive = destructive;
        NeedsFreezing = needsFreezing;
    }

    /// <summary>
    /// The kind of the whole query, the strongest of its statements: <see cref="StatementKind.PinRequired"/>, then
    /// <see cref="StatementKind.Mutation"/>, <see cref="StatementKind.NodeLocal"/>, <see cref="StatementKind.Read"/>.
    /// A query without a statement is a read.
    /// </summary>
    public StatementKind Kind { get; }

    /// <summary>Some statement needs a pin and some other one mutates: such a query cannot be routed.</summary>
    public bool MixesPinAndMutation { get; }

    /// <summary>
    /// The query concerns every database: user management, lists of databases, users, grants, continuous queries or
    /// subscriptions, names given by bound parameters, more than 256 databases, a mutation that names no database, and
    /// what cannot be understood.
    /// </summary>
    public bool AllDatabases { get; }

    /// <summary>
    /// The distinct databases that statements name or, where they name none, fall to: the request's own. Exact case.
    /// </summary>
    public IReadOnlyList<string> Databases { get; }

    /// <summary>
    /// Some statement removes stored points: DELETE, DROP SERIES, MEASUREMENT, RETENTION POLICY or DATABASE.
    /// </summary>
    public bool Destructive { get; }

    /// <summary>
    /// A mutating statement depends on the time at which it runs: it holds <c>now()</c>, or influxd would bound it by
    /// the present. <see cref="NowFreezer"/> makes it independent.
    /// </summary>
    public bool NeedsFreezing { get; }
}
