using System.Collections.Concurrent;
using System.Globalization;

namespace Gateway.SystemTests.Points;

/// <summary>Remembers every point that the gateway acknowledged, to be found again on the servers.</summary>
internal sealed class AcknowledgedPoints
{
    private readonly ConcurrentDictionary<(string Db, string Key), long> values = new();

    public int Count => values.Count;

    /// <summary>A point of the test writers: one integer field <c>v</c> in the default retention policy.</summary>
    public void Add(string db, string series, long time, long value) =>
        values[(db, $"autogen {series} {time.ToString(CultureInfo.InvariantCulture)}")] = value;

    /// <summary>Fails when a server misses an acknowledged point, or has another value for it.</summary>
    public async Task AssertStoredAsync(InfluxServer server)
    {
        foreach (IGrouping<string, KeyValuePair<(string Db, string Key), long>> database in
            values.GroupBy(pair => pair.Key.Db))
        {
            PointDump dump = await server.PointsAsync(database.Key);
            string[] missing = [.. database.Select(pair => $"{pair.Key.Key} v={pair.Value}")
                .Where(line => !dump.Lines.Contains(line))];
            Assert.True(missing.Length == 0, $"{server.Name} misses {missing.Length} of {database.Count()} "
                + $"acknowledged points of {database.Key}, for example: {string.Join("; ", missing.Take(5))}");
        }
    }
}
