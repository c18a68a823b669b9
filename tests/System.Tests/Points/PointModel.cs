using System.Collections.Concurrent;
using System.Globalization;

namespace Gateway.SystemTests.Points;

/// <summary>
/// What the servers must hold, from what clients were told: the last acknowledged value of each point, or one of the
/// values tried since, whose requests got no answer or a bad one. Each point belongs to one client, which never has two
/// requests under way, so that "last" means something.
/// </summary>
internal sealed class PointModel
{
    private const int Shown = 8;

    // The values a point may have; null stands for a point that is not there.
    private readonly ConcurrentDictionary<(string Db, string Key), HashSet<long?>> points = new();

    // Measurements used again after they were dropped.
    private readonly ConcurrentDictionary<(string Db, string Measurement), bool> reused = new();

    /// <summary>Points that were ever tried.</summary>
    public int Count => points.Count;

    /// <summary>A write was answered with 204.</summary>
    public void Acknowledged(string db, string series, long time, long value) =>
        points[(db, Key(series, time))] = [value];

    /// <summary>
    /// A write into a measurement that had been dropped was answered with 204. influxd 1.6.7 now and then loses such
    /// points by itself; what was there before the drop must not be there in any case.
    /// </summary>
    public void AcknowledgedAgain(string db, string measurement, long time, long value)
    {
        reused[(db, measurement)] = true;
        points[(db, Key(measurement, time))] = [null, value];
    }

    /// <summary>Nobody said what became of a write.</summary>
    public void Unsure(string db, string series, long time, long value) =>
        points.GetOrAdd((db, Key(series, time)), _ => [null]).Add(value);

    /// <summary>Points of a database were deleted: all, or those of one measurement.</summary>
    /// <param name="db">The database.</param>
    /// <param name="measurement">The measurement; null for all.</param>
    /// <param name="isSure">The statement was confirmed; else it may have been run.</param>
    /// <param name="before">Only points before this time.</param>
    public void Deleted(string db, string? measurement, bool isSure, long before = long.MaxValue)
    {
        foreach ((string Db, string Key) key in points.Keys.Where(key => key.Db == db))
        {
            if (!IsOf(key.Key, measurement) || Time(key.Key) >= before)
                continue;
            if (isSure)
                points[key] = [null];
            else
                points[key].Add(null);
        }
    }

    /// <summary>
    /// A line of a dump whose point may have several values: a request that nobody was told of, and nobody repeated,
    /// may have come to one server only before the gateway was killed. Or the type of a field in a measurement of which
    /// one server may have lost all points.
    /// </summary>
    public bool IsOpen(string db, string line)
    {
        if (line.StartsWith("type ", StringComparison.Ordinal))
            return reused.ContainsKey((db, line.Split(' ')[2]));
        int space = line.LastIndexOf(" v=", StringComparison.Ordinal);
        return space > 0 && points.TryGetValue((db, line[..space]), out HashSet<long?>? possible) && possible.Count > 1;
    }

    /// <summary>What a server holds that it must not, or lacks, or has with another value; null when all is right.
    /// </summary>
    public async Task<string?> FaultAsync(InfluxServer server)
    {
        Dictionary<(string Db, string Key), long> held = [];
        foreach (string db in await ServerSchema.DatabasesAsync(server.Client))
        {
            foreach (string line in (await server.PointsAsync(db)).Points)
            {
                int space = line.LastIndexOf(" v=", StringComparison.Ordinal);
                held[(db, line[..space])] = long.Parse(line[(space + 3)..], CultureInfo.InvariantCulture);
            }
        }

        List<string> faults = [];
        foreach ((var key, HashSet<long?> possible) in points)
        {
            long? value = held.TryGetValue(key, out long found) ? found : null;
            if (!possible.Contains(value))
                faults.Add($"{key.Db} {key.Key}: {Text(value)}, not {string.Join(" or ", possible.Select(Text))}");
        }

        faults.AddRange(held.Keys.Where(key => !points.ContainsKey(key)).Select(
            key => $"{key.Db} {key.Key}: nobody wrote it"));
        return faults.Count == 0
            ? null
            : $"{server.Name}: {faults.Count} of {points.Count} points are wrong:\n"
                + string.Join('\n', faults.Order(StringComparer.Ordinal).Take(Shown));
    }

    /// <summary>Fails when a server does not hold what it must.</summary>
    public async Task AssertHeldAsync(InfluxServer server)
    {
        string? fault = await FaultAsync(server);
        Assert.True(fault is null, fault);
    }

    private static string Key(string series, long time) =>
        $"autogen {series} {time.ToString(CultureInfo.InvariantCulture)}";

    private static bool IsOf(string key, string? measurement) => measurement is null
        || key.StartsWith($"autogen {measurement} ", StringComparison.Ordinal)
        || key.StartsWith($"autogen {measurement},", StringComparison.Ordinal);

    private static long Time(string key) =>
        long.Parse(key[(key.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    private static string Text(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "absent";
}
