using System.Text;

namespace Gateway.SystemTests.Setup;

/// <summary>
/// Clients that write batches in the background, in no order of time and over their own older values, and keep a
/// <see cref="PointModel"/> of what they were told. Most of them repeat a batch that was not accepted until it is, as
/// InfluxDB's clients do; some give it up.
/// </summary>
internal sealed class ModelWriter : IAsyncDisposable
{
    private const int TimesOfOneClient = 2000;
    private const int BatchMax = 30;
    private const int GiveUpOneIn = 40;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(30);

    private readonly CancellationTokenSource stopping = new();
    private readonly InfluxClient client;
    private readonly PointModel model;
    private readonly Task[] writers;
    private readonly TimeSpan pause;
    private long acknowledged;
    private long unsure;
    private long tried;
    private long number;

    private ModelWriter(
        InfluxClient client, PointModel model, string[] databases, int clients, int seed, TimeSpan pause)
    {
        this.client = client;
        this.model = model;
        this.pause = pause;
        writers = [.. Enumerable.Range(0, clients).Select(
            id => Task.Run(() => WriteAsync(databases[id % databases.Length], id, new Random(seed + id))))];
    }

    /// <summary>Points in requests that got a 204.</summary>
    public long Acknowledged => Interlocked.Read(ref acknowledged);

    /// <summary>Points in all requests, repeated ones included.</summary>
    public long Tried => Interlocked.Read(ref tried);

    /// <summary>Points in requests that were given up.</summary>
    public long Unsure => Interlocked.Read(ref unsure);

    public static ModelWriter Start(
        InfluxClient client, PointModel model, string[] databases, int clients, int seed, TimeSpan pause) =>
        new(client, model, databases, clients, seed, pause);

    /// <summary>Waits for this many more acknowledged points.</summary>
    public Task MoreAsync(int points)
    {
        long goal = Acknowledged + points;
        return Eventually.TrueAsync($"{points} more points are acknowledged", () => Acknowledged >= goal);
    }

    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(writers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
    }

    private async Task WriteAsync(string db, int id, Random random)
    {
        string series = $"w,client=c{id}";
        while (!stopping.IsCancellationRequested)
        {
            (long Time, long Value)[] batch = [.. Enumerable.Range(0, random.Next(1, BatchMax))
                .Select(_ => LoadWriter.FirstTime + random.Next(TimesOfOneClient) * 1000L).Distinct()
                .Select(time => (time, Interlocked.Increment(ref number)))];
            StringBuilder lines = new();
            foreach ((long time, long value) in batch)
                lines.Append(series).Append(" v=").Append(value).Append("i ").Append(time).Append('\n');
            bool isSure = await IsAcceptedAsync(db, lines.ToString(), batch.Length);
            while (!isSure && random.Next(GiveUpOneIn) != 0)
            {
                // Also after the end, so that nothing is left in the air.
                await Task.Delay(RetryPause);
                isSure = await IsAcceptedAsync(db, lines.ToString(), batch.Length);
            }

            foreach ((long time, long value) in batch)
            {
                if (isSure)
                    model.Acknowledged(db, series, time, value);
                else
                    model.Unsure(db, series, time, value);
            }

            Interlocked.Add(ref isSure ? ref acknowledged : ref unsure, batch.Length);
            await Task.Delay(pause);
        }
    }

    private async Task<bool> IsAcceptedAsync(string db, string lines, int points)
    {
        Interlocked.Add(ref tried, points);
        try
        {
            return (await client.WriteAsync(db, lines)).Status == 204;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
