using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Gateway.SystemTests.Outages;

public sealed partial class FlappingTests
{
    private const int Flaps = 4;

    [Fact]
    public async Task F16_A_flapping_destination_gets_everything_in_order_and_no_query()
    {
        GatewayConfiguration configuration = new GatewayConfiguration()
            .With("""{ "Mirror": { "Reads": { "HoldDown": "00:00:05" } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Configuration = configuration });
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(50);

        using CancellationTokenSource reading = new();
        ConcurrentQueue<(DateTimeOffset At, Answer Answer)> reads = new();
        Task reader = ReadAsync(lab.Client, reads, reading.Token);
        lab.ProxyB.Refuse();
        DateTimeOffset firstDown = DateTimeOffset.UtcNow;
        for (int flap = 0; flap < Flaps; flap++)
        {
            lab.ProxyB.Refuse();
            await Eventually.PauseAsync(TimeSpan.FromSeconds(1));
            lab.ProxyB.Accept();
            await Eventually.PauseAsync(TimeSpan.FromSeconds(1));
        }

        await reading.CancelAsync();
        await reader;
        await load.StopAsync();
        Assert.Empty(load.Refusals);
        Assert.All(reads, read => read.Answer.MustBe(200));
        Assert.DoesNotContain(reads, read =>
            read.At > firstDown + TimeSpan.FromSeconds(1) && read.Answer.Destination == "b");

        await lab.AssertConvergedAsync();
        await load.Acknowledged.AssertStoredAsync(lab.B);
        AssertOrder(lab.ProxyB);
    }

    /// <summary>Each client's values arrive ascending; only a batch cut by a flap arrives twice.</summary>
    private static void AssertOrder(FaultyServer destination)
    {
        Dictionary<string, long> last = [];
        HashSet<(string, long)> seen = [];
        int repeated = 0;
        foreach (RecordedRequest write in destination.Writes.Where(write => write.Status == 204))
        {
            bool repeats = false;
            foreach (Match point in Value().Matches(write.Text))
            {
                string client = point.Groups["client"].Value;
                long value = long.Parse(point.Groups["value"].Value);
                if (!seen.Add((client, value)))
                {
                    repeats = true;
                    continue;
                }

                long before = last.GetValueOrDefault(client, -1);
                Assert.True(value > before, $"{client}: {value} after {before}");
                last[client] = value;
            }

            repeated += repeats ? 1 : 0;
        }

        Assert.InRange(repeated, 0, Flaps + 1);
    }

    private static async Task ReadAsync(
        InfluxClient client, ConcurrentQueue<(DateTimeOffset, Answer)> reads, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            DateTimeOffset at = DateTimeOffset.UtcNow;
            reads.Enqueue((at, await client.GetQueryAsync("SELECT count(v) FROM load", "db1")));
            await Task.Delay(20, CancellationToken.None);
        }
    }

    [GeneratedRegex("client=(?<client>c[0-9]+) v=(?<value>[0-9]+)i")]
    private static partial Regex Value();
}
