using System.Text.Json;

namespace InfluxMirror.Tests.InfluxQL;

/// <summary>A query, the class measured for it and what it changed on the server.</summary>
internal sealed record CorpusRow(string Id, string Class, string Query, IReadOnlyList<string> Changes);

/// <summary>The queries measured on influxd 1.6.7, beside the repository.</summary>
internal static class Corpus
{
    public static IEnumerable<CorpusRow> Read()
    {
        foreach (string line in File.ReadLines(FindFile()))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            string[] changes = root.TryGetProperty("post", out JsonElement post)
                && post.TryGetProperty("changes", out JsonElement list)
                ? [.. list.EnumerateArray().Select(change => change.GetString()!)]
                : [];
            yield return new CorpusRow(
                root.GetProperty("id").GetString()!,
                root.GetProperty("class").GetString()!,
                root.GetProperty("q").GetString()!,
                changes);
        }
    }

    private static string FindFile()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Gateway.sln")))
        {
            directory = directory.Parent;
        }

        string root = directory?.FullName ?? throw new DirectoryNotFoundException("no Gateway.sln above the tests");
        return Path.Combine(root, "..", "shared", "corpus", "influxql.jsonl");
    }
}
