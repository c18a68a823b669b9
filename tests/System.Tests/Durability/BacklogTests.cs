using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>A destination that is down costs disk, not memory, and its return costs nobody else.</summary>
public sealed class BacklogTests(ITestOutputHelper output)
{
    private const int RecordBytes = 1_000_000;
    private const int Records = 2000;
    private const long BacklogBytes = (long)Records * RecordBytes;
    private const int MemoryLimitMB = 300;
    private const string Backlog = "influxmirror_backlog_bytes";

    [Fact]
    public async Task F36_A_backlog_of_2_GB_leaves_memory_flat_and_drains_beside_live_writes_and_reads()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = ["db1", "live"] });
        await lab.WriteAsync("live", "live v=1i 1", "consistency=all");
        await lab.WriteAsync("db1", "live v=1i 1", "consistency=all");
        lab.B.Kill();
        Stopwatch watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Records), new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (number, _) =>
                (await lab.Client.WriteAsync("db1", Small.Padded(number, RecordBytes))).MustBe(204));
        output.WriteLine($"{BacklogBytes / 1_000_000} MB taken in {watch.Elapsed.TotalSeconds:0.0} s; "
            + $"{ProcessReading.MemoryMB(lab.Gateway.Pid)} MB resident");
        LiveLoad before = await LiveLoad.RunAsync(lab, round: 0);
        await lab.Gateway.AssertAccountingAsync();
        double waiting = (await lab.Gateway.MetricsAsync()).Of(Backlog, "b");
        Assert.InRange(waiting, BacklogBytes, BacklogBytes * 1.1);

        watch.Restart();
        await lab.B.RestartAsync();
        Task<DrainReadings> draining = DrainReadings.FollowAsync(lab, TimeSpan.FromSeconds(90));
        LiveLoad meanwhile = await LiveLoad.RunAsync(lab, round: 1);
        Assert.False(draining.IsCompleted, "the backlog went too fast to be watched");
        DrainReadings readings = await draining;
        long peak = ProcessReading.PeakMemoryMB(lab.Gateway.Pid);
        output.WriteLine($"drained within {watch.Elapsed.TotalSeconds:0.0} s, {readings}; beside it, and before: "
            + $"{meanwhile}; {before}; {peak} MB resident at most");
        Assert.InRange(peak, 0, MemoryLimitMB);
        // Both servers and the gateway share a small machine with these tests.
        TimeSpan grace = TimeSpan.FromMilliseconds(50);
        Assert.InRange(meanwhile.SameDatabase, TimeSpan.Zero, (before.SameDatabase * 10) + grace);
        Assert.InRange(meanwhile.OtherDatabase, TimeSpan.Zero, (before.OtherDatabase * 10) + grace);
        Assert.InRange(meanwhile.Read, TimeSpan.Zero, (before.Read * 10) + grace);
        readings.AssertSensible(waiting);
        await lab.AssertConvergedAsync();
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, 0), (page.Of(MetricNames.Dropped, "b"), page.Of(MetricNames.Rejected, "b")));
        Assert.Equal(Records, (await lab.B.PointsAsync("db1")).Points.Count(point => point.Contains("padded")));
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

    /// <summary>Median times of what goes to a alone: writes beside the backlog and elsewhere, and reads.</summary>
    private sealed record LiveLoad(TimeSpan SameDatabase, TimeSpan OtherDatabase, TimeSpan Read)
    {
        private const int Rounds = 100;

        public static async Task<LiveLoad> RunAsync(Lab lab, int round)
        {
            List<TimeSpan> same = [], other = [], reads = [];
            for (int number = 0; number < Rounds; number++)
            {
                string line = $"live,round={round} v={number}i {number}";
                same.Add((await lab.Client.WriteAsync("db1", line, "consistency=one")).MustBe(204).Took);
                other.Add((await lab.Client.WriteAsync("live", line, "consistency=one")).MustBe(204).Took);
                Answer read = await lab.Client.GetQueryAsync(
                    $"SELECT last(v) FROM live WHERE round='{round}'", "live");
                Assert.Equal("a", read.MustBe(200).Destination);
                Assert.Contains($",{number}]", read.Body);
                reads.Add(read.Took);
            }

            return new LiveLoad(Median(same), Median(other), Median(reads));
        }

        private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
    }

    /// <summary>What /metrics said of b's backlog while it went.</summary>
    private sealed class DrainReadings
    {
        private readonly List<(double Bytes, double PerSecond, double SecondsLeft)> readings = [];

        public static async Task<DrainReadings> FollowAsync(Lab lab, TimeSpan bound)
        {
            DrainReadings followed = new();
            await Eventually.ReasonGoneAsync("nothing waits for b", async () =>
            {
                MetricsPage page = await lab.Gateway.MetricsAsync();
                followed.readings.Add((
                    page.Of(Backlog, "b"),
                    page.Of("influxmirror_backlog_drain_bytes_per_second", "b"),
                    page.Of("influxmirror_backlog_seconds_left", "b")));
                return followed.readings[^1].Bytes == 0 ? null : $"{followed.readings[^1]}\n{lab.Gateway.LogTail()}";
            }, bound);
            return followed;
        }

        public void AssertSensible(double atFirst)
        {
            Assert.InRange(readings[0].Bytes, atFirst / 4, atFirst * 1.01);
            // Nothing but a few small writes came to it.
            for (int next = 1; next < readings.Count; next++)
                Assert.InRange(readings[next].Bytes, 0, readings[next - 1].Bytes + 100_000);
            Assert.Contains(readings, reading => reading.PerSecond > 1_000_000);
            Assert.DoesNotContain(readings, reading => reading.PerSecond > 1e11 || reading.PerSecond < 0);
            Assert.Contains(readings, reading => reading.SecondsLeft is > 0 and < 3600);
        }

        public override string ToString() => $"at up to {readings.Max(reading => reading.PerSecond) / 1e6:0} MB/s, "
            + $"{readings.Select(reading => reading.SecondsLeft).Where(double.IsFinite).Max():0} s left at most";
    }
}
