namespace Gateway.SimulationTests.Cluster;

/// <summary>What an influxd holds: databases with their retention policies, users, and the last value of each point.
/// </summary>
internal sealed class SimulatedInflux
{
    private readonly Dictionary<string, HashSet<string>> _databases = [];
    private readonly HashSet<string> _users = [];

    public Dictionary<Place, int> Points { get; } = [];

    /// <summary>Executes a write as a whole: its status, and the error in influxd's words.</summary>
    /// <param name="request">Says where to, and who asks.</param>
    /// <param name="lines">Its lines, and those of the ones that come with it.</param>
    public (int Status, string Error) Write(ClientRequest request, IReadOnlyList<Line> lines)
    {
        (string database, string? policy) = (request.Database, request.Policy);
        if (request.Account is { } account && !_users.Contains(account))
            return (401, "authorization failed");
        if (!_databases.TryGetValue(database, out HashSet<string>? policies))
            return (404, $"database not found: \"{database}\"");
        if (policy is not null && !policies.Contains(policy))
            return (500, $"retention policy not found: {policy}");
        if (lines.Any(line => line.Kind == LineKind.Poison))
            return (400, "unable to parse 'poison': this server does not like it");
        foreach (Line line in lines.Where(line => line.Kind == LineKind.Good))
            Points[new Place(database, policy, line.Measurement, line.Tag, line.Time)] = line.Request;
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
        string database = statement.Database;
        string[] words = statement.Text.Split(' ');
        if (words is ["CREATE", "USER", var user, ..])
            _users.Add(user);
        else if (words is ["CREATE", "DATABASE", ..])
            _databases.TryAdd(database, []);
        else if (!_databases.ContainsKey(database))
            return """{"results":[{"statement_id":0,"error":"database not found"}]}""";
        else if (words is ["CREATE", "RETENTION", "POLICY", var policy, ..])
            _databases[database].Add(policy);
        foreach (Place place in Points.Keys.Where(statement.Removes).ToArray())
            Points.Remove(place);
        if (words is ["DROP", "DATABASE", ..])
            _databases.Remove(database);
        return """{"results":[{"statement_id":0}]}""";
    }
}
