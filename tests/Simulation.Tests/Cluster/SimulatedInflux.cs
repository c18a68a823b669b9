namespace Gateway.SimulationTests.Cluster;

/// <summary>What an influxd holds: databases, and the last value of each point.</summary>
internal sealed class SimulatedInflux
{
    private readonly HashSet<string> _databases = [];

    public Dictionary<Place, int> Points { get; } = [];

    public void Create(string database) => _databases.Add(database);

    public bool Has(string database) => _databases.Contains(database);

    /// <summary>Executes a write as a whole: its status, and the error in influxd's words.</summary>
    public (int Status, string Error) Write(string database, IReadOnlyList<Line> lines)
    {
        if (!_databases.Contains(database))
            return (404, $"database not found: \"{database}\"");
        if (lines.Any(line => line.Kind == LineKind.Poison))
            return (400, "unable to parse 'poison': this server does not like it");
        foreach (Line line in lines.Where(line => line.Kind == LineKind.Good))
            Points[new Place(database, line.Measurement, line.Tag, line.Time)] = line.Request;
        int conflicts = lines.Count(line => line.Kind == LineKind.Conflict);
        bool isFaulty = lines.Any(line => line.Kind == LineKind.Faulty);
        return (conflicts, isFaulty) switch
        {
            (0, false) => (204, ""),
            (_, true) when lines.All(line => line.Kind == LineKind.Faulty) =>
                (400, "unable to parse 'broken': invalid field format"),
            (_, true) => (400, $"partial write: unable to parse 'broken': invalid field format dropped={conflicts}"),
            _ => (400, $"partial write: field type conflict: input field text dropped={conflicts}"),
        };
    }

    /// <summary>Executes a statement; the body of its 200.</summary>
    public string Execute(Statement statement)
    {
        if (statement.Text.StartsWith("CREATE DATABASE", StringComparison.Ordinal))
            _databases.Add(statement.Database);
        else if (!_databases.Contains(statement.Database))
            return """{"results":[{"statement_id":0,"error":"database not found"}]}""";
        foreach (Place place in Points.Keys.Where(statement.Removes).ToArray())
            Points.Remove(place);
        if (statement.Text.StartsWith("DROP DATABASE", StringComparison.Ordinal))
            _databases.Remove(statement.Database);
        return """{"results":[{"statement_id":0}]}""";
    }
}
