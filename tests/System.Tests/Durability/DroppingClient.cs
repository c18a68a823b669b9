using System.Text;

namespace Gateway.SystemTests.Durability;

/// <summary>
/// A client that fills a measurement or a database of its own and then drops, deletes or keeps it; it repeats each
/// request until it is confirmed. Nothing is used again after it was dropped: influxd 1.6.7 itself now and then loses a
/// measurement whose writes and deletions follow each other fast, as they do when a backlog is delivered.
/// </summary>
internal sealed class DroppingClient(InfluxClient client, PointModel model, string[] databases, int seed)
{
    private const int PointsMax = 50;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private readonly Random random = new(seed);

    /// <summary>Statements that were confirmed.</summary>
    public int Statements { get; private set; }

    /// <summary>Goes on until it is told to end, and finishes what it has begun.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            if (random.Next(4) == 0)
                await UseDatabaseAsync($"made{seed}x{number}");
            else
                await UseMeasurementAsync(databases[random.Next(databases.Length)], $"gone{seed}x{number}");
        }
    }

    private async Task UseDatabaseAsync(string db)
    {
        await ExecuteAsync($"CREATE DATABASE {db}", null);
        await FillAsync(db, "m");
        await RestAsync();
        if (random.Next(3) == 0)
            return;
        await ExecuteAsync($"DROP DATABASE {db}", null);
        model.Deleted(db, null, isSure: true);
    }

    private async Task UseMeasurementAsync(string db, string measurement)
    {
        await FillAsync(db, measurement);
        await RestAsync();
        switch (random.Next(3))
        {
            case 0:
                await ExecuteAsync($"DROP MEASUREMENT {measurement}", db);
                break;
            case 1:
                await ExecuteAsync($"DELETE FROM {measurement} WHERE time < now()", db);
                break;
            default:
                return;
        }

        model.Deleted(db, measurement, isSure: true);
    }

    private async Task FillAsync(string db, string measurement)
    {
        for (int batch = random.Next(1, 5); batch > 0; batch--)
        {
            (long Time, long Value)[] points = [.. Enumerable.Range(0, random.Next(1, PointsMax))
                .Select(_ => LoadWriter.FirstTime + random.Next(200)).Distinct()
                .Select(time => (time, random.NextInt64(1_000_000)))];
            StringBuilder lines = new();
            foreach ((long time, long value) in points)
                lines.Append(measurement).Append(" v=").Append(value).Append("i ").Append(time).Append('\n');
            await UntilAsync(204, () => client.WriteAsync(db, lines.ToString()));
            foreach ((long time, long value) in points)
                model.Acknowledged(db, measurement, time, value);
        }
    }

    private async Task ExecuteAsync(string statement, string? db)
    {
        await UntilAsync(200, () => client.QueryAsync(statement, db));
        Statements++;
    }

    private Task RestAsync() => Task.Delay(random.Next(1000, 1500));

    private static async Task UntilAsync(int status, Func<Task<Answer>> send)
    {
        while (true)
        {
            try
            {
                if ((await send()).Status == status)
                    return;
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                // The gateway is being killed or started.
            }

            await Task.Delay(RetryPause);
        }
    }
}
