using System.Text.Json;

namespace Gateway.SystemTests.Points;

/// <summary>What statements made: databases, retention policies, users, grants, continuous queries.</summary>
internal static class ServerSchema
{
    /// <summary>The databases of a server, without InfluxDB's own.</summary>
    public static async Task<string[]> DatabasesAsync(InfluxClient client)
    {
        Answer answer = await client.MustQueryAsync("SHOW DATABASES");
        using JsonDocument document = JsonDocument.Parse(answer.Bytes);
        JsonElement series = document.RootElement.GetProperty("results")[0].GetProperty("series")[0];
        if (!series.TryGetProperty("values", out JsonElement values))
            return [];
        IEnumerable<string> names = values.EnumerateArray().Select(row => row[0].GetString()!);
        return [.. names.Where(name => name != "_internal").Order(StringComparer.Ordinal)];
    }

    /// <summary>Everything but points, as InfluxDB's own answers, one per line.</summary>
    public static async Task<string> ReadAsync(InfluxClient client)
    {
        List<string> lines = [string.Join(' ', await DatabasesAsync(client))];
        foreach (string db in await DatabasesAsync(client))
            lines.Add(await TextAsync(client, $"SHOW RETENTION POLICIES ON {PointDump.Quoted(db)}"));
        lines.Add(await TextAsync(client, "SHOW USERS"));
        lines.Add(await TextAsync(client, "SHOW CONTINUOUS QUERIES"));
        return string.Join('\n', lines);
    }

    private static async Task<string> TextAsync(InfluxClient client, string q) =>
        $"{q}: {(await client.MustQueryAsync(q)).Body.TrimEnd()}";
}
