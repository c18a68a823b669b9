using System.Text;
using System.Text.Json;

namespace Gateway.SystemTests.Points;

/// <summary>
/// Everything a server holds in one database: one line per point (retention policy, measurement, tags, time in
/// nanoseconds, fields as JSON) and one per field with its type, sorted, so that two servers compare as text.
/// </summary>
internal sealed class PointDump
{
    private PointDump(string server, string db, SortedSet<string> lines)
    {
        Server = server;
        Db = db;
        Lines = lines;
    }

    public string Server { get; }

    public string Db { get; }

    /// <summary>Points and field types in ordinal order.</summary>
    public IReadOnlySet<string> Lines { get; }

    /// <summary>Points only.</summary>
    public IEnumerable<string> Points => Lines.Where(line => !line.StartsWith("type ", StringComparison.Ordinal));

    public int Count => Points.Count();

    public static async Task<PointDump> ReadAsync(InfluxClient client, string db)
    {
        SortedSet<string> lines = new(StringComparer.Ordinal);
        foreach (string policy in await RetentionPoliciesAsync(client, db))
        {
            string quoted = Quoted(policy);
            // A regular expression names every measurement, whatever bytes its name is made of.
            await AddAsync(client, db, $"SELECT * FROM {quoted}./.*/ GROUP BY *", (series, columns, values) =>
                lines.Add(Point(policy, series, columns, values)));
            await AddAsync(client, db, $"SHOW FIELD KEYS FROM {quoted}./.*/", (series, _, values) =>
                lines.Add($"type {policy} {series.GetProperty("name").GetString()} {values[0]} {values[1]}"));
        }

        return new PointDump(client.Address.Authority, db, lines);
    }

    /// <summary>The same dump without lines that a test expects to differ.</summary>
    public PointDump Without(Func<string, bool> expected) =>
        new(Server, Db, new SortedSet<string>(Lines.Where(line => !expected(line)), StringComparer.Ordinal));

    public static string Quoted(string identifier) =>
        "\"" + identifier.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n") + "\"";

    private static async Task<List<string>> RetentionPoliciesAsync(InfluxClient client, string db)
    {
        List<string> policies = [];
        await AddAsync(client, db, $"SHOW RETENTION POLICIES ON {Quoted(db)}", (_, _, values) =>
            policies.Add(values[0].GetString()!));
        return policies;
    }

    private static async Task AddAsync(
        InfluxClient client, string db, string q, Action<JsonElement, string[], JsonElement[]> add)
    {
        Answer answer = await client.QueryAsync(q, db, "epoch=ns");
        answer.MustBe(200);
        using JsonDocument document = JsonDocument.Parse(answer.Bytes);
        JsonElement result = document.RootElement.GetProperty("results")[0];
        if (result.TryGetProperty("error", out JsonElement error))
            Assert.Fail($"{client.Address.Authority}: {q} on {db}: {error}");
        if (!result.TryGetProperty("series", out JsonElement rows))
            return;
        foreach (JsonElement series in rows.EnumerateArray())
        {
            string[] columns = [.. series.GetProperty("columns").EnumerateArray().Select(name => name.GetString()!)];
            if (!series.TryGetProperty("values", out JsonElement values))
                continue;
            foreach (JsonElement row in values.EnumerateArray())
                add(series, columns, [.. row.EnumerateArray()]);
        }
    }

    private static string Point(string policy, JsonElement series, string[] columns, JsonElement[] values)
    {
        StringBuilder line = new();
        line.Append(policy).Append(' ').Append(series.GetProperty("name").GetString());
        if (series.TryGetProperty("tags", out JsonElement tags))
        {
            foreach (JsonProperty tag in tags.EnumerateObject().Where(tag => tag.Value.GetString() is { Length: > 0 })
                .OrderBy(tag => tag.Name, StringComparer.Ordinal))
                line.Append(',').Append(tag.Name).Append('=').Append(tag.Value.GetString());
        }

        line.Append(' ').Append(values[0].GetRawText());
        foreach ((string column, JsonElement value) in columns.Zip(values).Skip(1)
            .OrderBy(pair => pair.First, StringComparer.Ordinal))
        {
            if (value.ValueKind != JsonValueKind.Null)
                line.Append(' ').Append(column).Append('=').Append(value.GetRawText());
        }

        return line.ToString();
    }
}
