namespace InfluxMirror.InfluxQL;

/// <summary>
/// Tells what a query does, by the grammar of InfluxDB 1.6. Time and memory are linear in the length of the query;
/// there is no recursion.
/// </summary>
public static class StatementClassifier
{
    /// <summary>Classifies the text of a <c>q</c> parameter.</summary>
    /// <param name="query">One or more statements; what cannot be understood is a mutation of all databases.</param>
    /// <param name="defaultDatabase">The <c>db</c> parameter of the request, null or empty when there is none.</param>
    public static QueryAnalysis Analyze(string query, string? defaultDatabase)
    {
        ArgumentNullException.ThrowIfNull(query);
        var walk = new QueryWalk(query, string.IsNullOrEmpty(defaultDatabase) ? null : defaultDatabase);
        walk.Run();
        return walk.Result();
    }
}
