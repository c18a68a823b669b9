using System.Net;

namespace Gateway.SystemTests.Verdicts;

/// <summary>A client whose every write is refused, beside good ones in the same database.</summary>
public sealed class RefusedClientTests(ITestOutputHelper output)
{
    private const int GoodClients = 20;
    private const int WritesEach = 60;

    [Fact]
    public async Task Good_clients_do_not_pay_for_one_that_is_always_refused()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = GatewayConfiguration.Patient });
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.Gateway.SettledAsync();
        TimeSpan alone = await WriteGoodAsync(lab, "alone");

        using CancellationTokenSource ending = new();
        Task<Dictionary<int, int>> bad = WriteBadAsync(lab, ending.Token);
        TimeSpan beside = await WriteGoodAsync(lab, "beside");
        await ending.CancelAsync();
        Dictionary<int, int> answers = await bad;
        output.WriteLine($"{GoodClients * WritesEach} good writes: {alone.TotalSeconds:0.00} s alone, "
            + $"{beside.TotalSeconds:0.00} s beside; the bad client got "
            + string.Join(", ", answers.Select(pair => $"{pair.Value} × {pair.Key}")));
        Assert.All(answers.Keys, status => Assert.True(status is 400 or 503, $"the bad client got {status}"));
        Assert.True(answers.ContainsKey(400), "the bad client never got its own answer");
        Assert.True(beside < alone * 4 + TimeSpan.FromSeconds(1), $"{beside} beside it, {alone} alone");
        await lab.AssertConvergedAsync();
        Assert.Equal(1 + 2 * GoodClients * WritesEach, (await lab.B.PointsAsync("db1")).Count);
    }

    /// <summary>Every good write must be confirmed; returns how long all of them took.</summary>
    private static async Task<TimeSpan> WriteGoodAsync(Lab lab, string phase)
    {
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(1, GoodClients).Select(async id =>
        {
            using InfluxClient client = new(lab.Client.Address, IPAddress.Parse($"127.0.1.{id}"));
            for (int number = 0; number < WritesEach; number++)
                (await client.WriteAsync("db1", $"m,phase={phase},client={id} v={number} {number}")).MustBe(204);
        }));
        return watch.Elapsed;
    }

    private static async Task<Dictionary<int, int>> WriteBadAsync(Lab lab, CancellationToken stop)
    {
        Dictionary<int, int> answers = [];
        using InfluxClient client = new(lab.Client.Address, IPAddress.Parse("127.0.2.1"));
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            Answer answer = await client.WriteAsync("db1", $"m,client=bad v=\"text\" {number}");
            answers[answer.Status] = answers.GetValueOrDefault(answer.Status) + 1;
        }

        return answers;
    }
}
