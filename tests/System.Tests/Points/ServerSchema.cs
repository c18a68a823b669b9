using System.Text.Json;

namespace Gateway.SystemTests.Points;

/// <summary>What statements made: databases, policies, users, grants, continuous queries, subscriptions.</summary>
internal static class ServerSchema
{
    /// <summary>The databases of a server, without InfluxDB's own.</summary>
    public static async Task<string[]> DatabasesAsync(InfluxClient client) =>
        [.. (await NamesAsync(client, "SHOW DATABASES")).Where(name => name != "_internal")];

    /// <summary>Everything but points, as InfluxDB's own answers, one per line.</summary>
    public static async Task<string> ReadAsync(InfluxClient client)
    {
        List<string> lines = [string.Join(' ', await DatabasesAsync(client))];
        foreach (string db in await DatabasesAsync(client))
            lines.Add(await TextAsync(client, $"SHOW RETENTION POLICIES ON {PointDump.Quoted(db)}"));
        lines.Add(await TextAsync(client, "SHOW USERS"));
        foreach (string user in await NamesAsync(client, "SHOW USERS"))
            lines.Add(await TextAsync(client, $"SHOW GRANTS FOR {PointDump.Quoted(user)}"));
        lines.Add(await TextAsync(client, "SHOW CONTINUOUS QUERIES"));
        lines.Add(await TextAsync(client, "SHOW SUBSCRIPTIONS"));
        return string.Join('\n', lines);
    }

    /// <summary>The first column of an answer, in ordinal order.</summary>
    private static async Task<string[]> NamesAsync(InfluxClient client, string q)
    {
        Answer answer = await client.MustQueryAsync(q);
        using JsonDocument document = JsonDocument.Parse(answer.Bytes);
        JsonElement series = document.RootElement.GetProperty("results")[0].GetProperty("series")[0];
        if (!series.TryGetProperty("values", out JsonElement values))
            return [];
        return [.. values.EnumerateArray().Select(row => row[0].GetString()!).Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// An answer with its series in ordinal order: databases made at the same time may be made in any order.
    /// </summary>
    private static async Task<string> TextAsync(InfluxClient client, string q)
    {
        Answer answer = await client.MustQueryAsync(q);
        using JsonDocument document = JsonDocument.Parse(answer.Bytes);
        JsonElement result = document.RootElement.GetProperty("results")[0];
        if (!result.TryGetProperty("series", out JsonElement series))
            return $"{q}: nothing";
        IEnumerable<string> texts = series.EnumerateArray().Select(one => one.GetRawText());
        return $"{q}: {string.Join(' ', texts.Order(StringComparer.Ordinal))}";
    }
}
