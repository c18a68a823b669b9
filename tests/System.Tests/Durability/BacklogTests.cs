using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>A destination that is down costs disk, not memory, and its return costs nobody else.</summary>
public sealed class BacklogTests(ITestOutputHelper output)
{
    private const int RecordBytes = 500_000;
    private const int Records = 600;
    private const int MemoryLimitMB = 300;

    [Fact]
    public async Task F36_A_backlog_of_300_MB_leaves_memory_flat_and_drains_beside_live_writes()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = ["db1", "live"] });
        await lab.WriteAsync("live", "m v=1i 1", "consistency=all");
        lab.B.Kill();
        Stopwatch watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Records), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (number, _) =>
                (await lab.Client.WriteAsync("db1", Small.Padded(number, RecordBytes))).MustBe(204));
        output.WriteLine($"{Records * RecordBytes / 1_000_000} MB taken in {watch.Elapsed.TotalSeconds:0.0} s; "
            + $"{ProcessReading.MemoryMB(lab.Gateway.Pid)} MB resident");
        TimeSpan usual = await MedianAsync(lab, 0);
        await lab.Gateway.AssertAccountingAsync();

        watch.Restart();
        await lab.B.RestartAsync();
        TimeSpan meanwhile = await MedianAsync(lab, 1);
        await lab.Gateway.SettledAsync(TimeSpan.FromSeconds(90));
        long peak = ProcessReading.PeakMemoryMB(lab.Gateway.Pid);
        output.WriteLine($"drained within {watch.Elapsed.TotalSeconds:0.0} s; a live write took "
            + $"{usual.TotalMilliseconds:0.0} ms before and {meanwhile.TotalMilliseconds:0.0} ms meanwhile; "
            + $"{peak} MB resident at most");
        Assert.InRange(peak, 0, MemoryLimitMB);
        // Both servers and the gateway share a small machine with these tests.
        Assert.InRange(meanwhile, TimeSpan.Zero, (usual * 10) + TimeSpan.FromMilliseconds(50));
        await lab.AssertConvergedAsync();
        Assert.Equal(Records, (await lab.B.PointsAsync("db1")).Count);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, 0), (page.Of(MetricNames.Dropped, "b"), page.Of(MetricNames.Rejected, "b")));
    }

    [Fact]
    public async Task F37_Points_beyond_the_retention_policy_are_rejected_once_and_the_others_flow()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await lab.Client.MustQueryAsync(
            "CREATE RETENTION POLICY short ON db1 DURATION 1h REPLICATION 1 SHARD DURATION 1h");
        await lab.Gateway.SettledAsync();
        // On a the policy is long enough; on b the points are too old by the time they come.
        await lab.A.Client.MustQueryAsync("ALTER RETENTION POLICY short ON db1 DURATION 100h");
        lab.ProxyB.Refuse();
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        await lab.WriteAsync("db1", $"m v=1i {now - 8000}\nm v=2i {now - 8001}", "rp=short&precision=s");
        await lab.WriteAsync("db1", $"m v=3i {now - 8002}\nm v=4i {now}", "rp=short&precision=s");
        await lab.WriteAsync("db1", "other v=5i 5", "precision=s");
        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        lab.ProxyB.Accept();
        await lab.Gateway.SettledAsync();
        await lab.RejectedAsync("b", 3);
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
        Assert.Equal(5, (await lab.A.PointsAsync("db1")).Count);
        int requests = lab.ProxyB.Writes.Count();
        await Eventually.PauseAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(requests, lab.ProxyB.Writes.Count());
        await lab.Gateway.AssertAccountingAsync();
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, 0), (page.Of(MetricNames.Rejected, "a"), page.Of(MetricNames.Dropped, "b")));
    }

    /// <summary>The median time of a write that a has confirmed.</summary>
    private static async Task<TimeSpan> MedianAsync(Lab lab, int round)
    {
        List<TimeSpan> took = [];
        for (int number = 0; number < 200; number++)
        {
            Answer answer = await lab.Client.WriteAsync(
                "live", $"live,round={round} v={number}i {number}", "consistency=one");
            took.Add(answer.MustBe(204).Took);
        }

        took.Sort();
        return took[took.Count / 2];
    }
}
