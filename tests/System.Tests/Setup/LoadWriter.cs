using System.Collections.Concurrent;

namespace Gateway.SystemTests.Setup;

/// <summary>Clients that write in the background, one point a request, and remember what was acknowledged.</summary>
internal sealed class LoadWriter : IAsyncDisposable
{
    /// <summary>Times of the points begin here (2023-11-14, nanoseconds).</summary>
    public const long FirstTime = 1_700_000_000_000_000_000;

    private readonly CancellationTokenSource stopping = new();
    private readonly InfluxClient client;
    private readonly string db;
    private readonly string more;
    private readonly Task[] writers;
    private readonly ConcurrentDictionary<string, bool> open = [];
    private long refused;
    private long tried;

    private LoadWriter(InfluxClient client, string db, int clients, TimeSpan pause, string more)
    {
        this.client = client;
        this.db = db;
        this.more = more;
        writers = [.. Enumerable.Range(0, clients).Select(id => Task.Run(() => WriteAsync(id, pause)))];
    }

    /// <summary>Every point that got a 204.</summary>
    public AcknowledgedPoints Acknowledged { get; } = new();

    /// <summary>Answers other than 204, with their text; a test decides which of them are right.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Points in all requests.</summary>
    public long Tried => Interlocked.Read(ref tried);

    /// <summary>
    /// Whether a point, as read back, is of a write that got no answer: one server may have it and another not, when
    /// the gateway was killed.
    /// </summary>
    public bool IsOpen(string database, string line) => database == db && open.ContainsKey(line);

    public static LoadWriter Start(
        InfluxClient client, string db, int clients = 4, TimeSpan? pause = null, string more = "") =>
        new(client, db, clients, pause ?? TimeSpan.FromMilliseconds(5), more);

    /// <summary>Waits for this many more acknowledged points.</summary>
    public Task MoreAsync(int points)
    {
        int goal = Acknowledged.Count + points;
        return Eventually.TrueAsync($"{points} more points are acknowledged", () => Acknowledged.Count >= goal);
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

    private async Task WriteAsync(int id, TimeSpan pause)
    {
        string series = $"load,client=c{id}";
        for (long number = 0; !stopping.IsCancellationRequested; number++)
        {
            long time = FirstTime + number * 1000;
            Interlocked.Increment(ref tried);
            try
            {
                Answer answer = await client.WriteAsync(db, $"{series} v={number}i {time}", more);
                if (answer.Status == 204)
                    Acknowledged.Add(db, series, time, number);
                else
                    Refuse(answer.ToString());
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                open[$"autogen {series} {time} v={number}"] = true;
                Refuse(failure.Message);
            }

            await Task.Delay(pause);
        }
    }

    private void Refuse(string why)
    {
        Interlocked.Increment(ref refused);
        if (Refusals.Count < 100)
            Refusals.Enqueue(why);
    }
}
