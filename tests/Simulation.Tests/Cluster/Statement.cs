using System.Globalization;
using InfluxMirror.InfluxQL;

namespace Gateway.SimulationTests.Cluster;

/// <summary>A statement that changes something, as clients write it and servers execute it.</summary>
/// <param name="Text">The text.</param>
/// <param name="Database">The database that its request names.</param>
internal sealed record Statement(string Text, string Database)
{
    /// <summary>What the gateway thinks it touches.</summary>
    public QueryAnalysis Analysis { get; } = StatementClassifier.Analyze(Text, Database);

    /// <summary>Whether it is a barrier for a database.</summary>
    public bool Concerns(string database) => Analysis.AllDatabases || Analysis.Databases.Contains(database);

    public static Statement CreateDatabase(string database) => new($"CREATE DATABASE {database}", database);

    public static Statement CreatePolicy(string database) =>
        new($"CREATE RETENTION POLICY {Plan.Policy} ON {database} DURATION INF REPLICATION 1", database);

    public static Statement DropDatabase(string database) => new($"DROP DATABASE {database}", database);

    public static Statement DropMeasurement(string database, string measurement) =>
        new($"DROP MEASUREMENT {measurement}", database);

    public static Statement DeleteBefore(string database, string measurement, long time) =>
        new(string.Create(CultureInfo.InvariantCulture, $"DELETE FROM {measurement} WHERE time < {time}"), database);

    public static Statement CreateUser(string name) => new($"CREATE USER {name} WITH PASSWORD 'secret'", "x");

    /// <summary>Whether it removes a point that is there when it is executed.</summary>
    public bool Removes(Place place)
    {
        if (place.Database != Database)
            return false;
        string[] words = Text.Split(' ');
        return words switch
        {
            ["DROP", "DATABASE", ..] => true,
            ["DROP", "MEASUREMENT", var measurement] => place.Measurement == measurement,
            ["DELETE", "FROM", var measurement, .., var before] =>
                place.Measurement == measurement && place.Time < long.Parse(before, CultureInfo.InvariantCulture),
            _ => false,
        };
    }
}
