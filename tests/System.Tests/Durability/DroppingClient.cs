using System.Text;

namespace Gateway.SystemTests.Durability;

/// <summary>
/// A client that fills a measurement or a database of its own and then drops, deletes or keeps it; it repeats each
/// request until it is confirmed. Some measurements are used again and again, with new values for the same points: of
/// these only what was deleted is known, as influxd 1.6.7 itself now and then loses a measurement whose writes and
/// deletions follow each other fast, as they do when a backlog is delivered.
/// </summary>
internal sealed class DroppingClient(InfluxClient client, PointModel model, string[] databases, int seed)
{
    private const int PointsMax = 50;
    private const int ReusedNames = 2;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private readonly Random random = new(seed);

    /// <summary>Statements that were confirmed.</summary>
    public int Statements { get; private set; }

    /// <summary>Points in all requests, and statements, whatever became of them.</summary>
    public int Tried { get; private set; }

    /// <summary>Goes on until it is told to end, and finishes what it has begun.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            string db = databases[random.Next(databases.Length)];
            switch (random.Next(4))
            {
                case 0:
                    await UseDatabaseAsync($"made{seed}x{number}");
                    break;
                case 1:
                    await UseMeasurementAsync(db, $"gone{seed}x{number}", isReused: false);
                    break;
                default:
                    await UseMeasurementAsync(db, $"again{seed}x{random.Next(ReusedNames)}", isReused: true);
                    break;
            }
        }
    }

    private async Task UseDatabaseAsync(string db)
    {
        await ExecuteAsync($"CREATE DATABASE {db}", null);
        await FillAsync(db, "m", isReused: false);
        await RestAsync();
        if (random.Next(3) == 0)
            return;
        await ExecuteAsync($"DROP DATABASE {db}", null);
        model.Deleted(db, null, isSure: true);
    }

    private async Task UseMeasurementAsync(string db, string measurement, bool isReused)
    {
        await FillAsync(db, measurement, isReused);
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

    private async Task FillAsync(string db, string measurement, bool isReused)
    {
        for (int batch = random.Next(1, 5); batch > 0; batch--)
        {
            (long Time, long Value)[] points = [.. Enumerable.Range(0, random.Next(1, PointsMax))
                .Select(_ => LoadWriter.FirstTime + random.Next(200)).Distinct()
                .Select(time => (time, random.NextInt64(1_000_000)))];
            StringBuilder lines = new();
            foreach ((long time, long value) in points)
                lines.Append(measurement).Append(" v=").Append(value).Append("i ").Append(time).Append('\n');
            await UntilAsync(204, points.Length, () => client.WriteAsync(db, lines.ToString()));
            foreach ((long time, long value) in points)
            {
                if (isReused)
                    model.AcknowledgedAgain(db, measurement, time, value);
                else
                    model.Acknowledged(db, measurement, time, value);
            }
        }
    }

    private async Task ExecuteAsync(string statement, string? db)
    {
        await UntilAsync(200, 1, () => client.QueryAsync(statement, db));
        Statements++;
    }

    private Task RestAsync() => Task.Delay(random.Next(1000, 1500));

    private async Task UntilAsync(int status, int points, Func<Task<Answer>> send)
    {
        while (true)
        {
            Tried += points;
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
