using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>The journal's disk is full, or fails: writes are refused as long as it is so, and nothing more.</summary>
public sealed class FailingDiskTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F6_On_a_disk_that_others_fill_the_laggard_loses_the_oldest_and_writes_go_on(bool goesOn)
    {
        using SmallFileSystem files = SmallFileSystem.Mount(48);
        GatewayConfiguration configuration = Small.Journal(64, $$""", "Directory": "{{files.Folder}}" """);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.B.Kill();
        int refused = 0, number = 0;
        for (; number < 1500; number++)
        {
            // Past the first segment: later ones have their space before they are used.
            if (number == 300 && goesOn)
                files.FillForGood();
            else if (number == 300)
                files.Fill();
            Answer answer;
            while ((answer = await lab.Client.WriteAsync("db1", Small.Padded(number, 50_000))).Status != 204)
            {
                answer.MustBeRefusal();
                Assert.True(++refused < 1500, $"refused again and again\n{lab.Gateway.LogTail()}");
                await Task.Delay(20, CancellationToken.None);
            }
        }

        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync(TimeSpan.FromSeconds(60));
        MetricsPage page = await lab.Gateway.MetricsAsync();
        int dropped = (int)page.Of(MetricNames.Dropped, "b");
        output.WriteLine($"{dropped} dropped, {refused} times told to come again");
        Assert.InRange(dropped, 300, 1499);
        Assert.Equal((0, 1), (page.Of(MetricNames.NeedsResync, "a"), page.Of(MetricNames.NeedsResync, "b")));
        Assert.Equal(1500, (await lab.A.PointsAsync("db1")).Count);
        PointDump held = await lab.B.PointsAsync("db1");
        Assert.Equal(1500 - dropped, held.Count);
        Assert.Contains(held.Points, static point => point.Contains("number01499"));
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F6_On_a_full_disk_writes_get_503_and_go_on_by_themselves_when_there_is_space()
    {
        using SmallFileSystem files = SmallFileSystem.Mount(48);
        GatewayConfiguration configuration = Small.Journal(
            64, $$""", "Directory": "{{files.Folder}}", "LimitPolicy": "Reject" """);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        await using LoadWriter small = LoadWriter.Start(lab.Client, "db1", pause: TimeSpan.FromMilliseconds(20));
        await small.MoreAsync(20);
        lab.B.Kill();
        List<int> accepted = [];
        int refused = 0;
        for (int number = 0; refused < 20; number++)
        {
            // Past the first segment: later ones have their space before they are used.
            if (number == 100)
                files.Fill();
            Assert.True(number < 3000, $"nothing was refused\n{lab.Gateway.LogTail()}");
            Answer answer = await lab.Client.WriteAsync("db1", Small.Padded(number, 50_000));
            if (answer.Status == 204)
            {
                accepted.Add(number);
                continue;
            }

            answer.MustBeRefusal();
            refused++;
        }

        output.WriteLine($"{accepted.Count} accepted, then {refused} refused");
        Assert.InRange(accepted.Count, 100, 600);
        await AssertNotReadyAsync(lab, "no room above the reserve (Mirror:Journal:ReservePercent)");
        (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBeRefusal();
        // Reads go on.
        (await lab.Client.GetQueryAsync("SELECT count(v) FROM load", "db1")).MustBe(200);
        await lab.Gateway.AssertAccountingAsync();

        files.Free();
        await Eventually.TrueAsync("writes are taken again", async () =>
            (await lab.Client.WriteAsync("db1", "again v=1i 1")).Status == 204);
        await small.MoreAsync(20);
        await small.StopAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        await small.Acknowledged.AssertStoredAsync(lab.A);
        await small.Acknowledged.AssertStoredAsync(lab.B);
        HashSet<string> held = [.. (await lab.B.PointsAsync("db1")).Points];
        Assert.All(accepted, number =>
            Assert.Contains($"autogen padded,n=number{number:00000} {number} v={number}", held));
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Dropped, "b"));
        lab.Gateway.AssertRunning();
    }

    [Fact]
    public async Task F6_It_starts_on_a_full_disk_delivers_what_is_there_and_takes_writes_when_there_is_space()
    {
        using SmallFileSystem files = SmallFileSystem.Mount(48);
        GatewayConfiguration configuration = Small.Journal(
            64, $$""", "Directory": "{{files.Folder}}", "LimitPolicy": "Reject" """);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.B.Kill();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(200);
        lab.Gateway.Kill();
        await load.StopAsync();
        files.Fill();
        await lab.Gateway.RestartAsync(waitReady: false);
        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync();
        await load.Acknowledged.AssertStoredAsync(lab.B);
        await lab.Gateway.AssertAccountingAsync();
        Assert.Contains("has no room for another file", lab.Gateway.Log);

        files.Free();
        await Eventually.TrueAsync("writes are taken again", async () =>
            (await lab.Client.WriteAsync("db1", "again v=1i 1")).Status == 204);
        await lab.AssertConvergedAsync(expected: load.IsOpen);
        await lab.AssertWholeAsync();
    }

    [Fact]
    public async Task F28_SIGTERM_ends_in_time_though_the_disk_does_not_come_back_and_nothing_acknowledged_is_lost()
    {
        TimeSpan bound = TimeSpan.FromSeconds(30);
        GatewayConfiguration configuration = Small.Journal(64);
        using FaultyCalls calls = FaultyCalls.Into(configuration);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.B.Kill();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(200);

        calls.HangSyncs(true);
        // Requests wait for the disk, and whoever writes and saves hangs in it.
        await Eventually.PauseAsync(TimeSpan.FromSeconds(2));
        Stopwatch watch = Stopwatch.StartNew();
        int code = await lab.Gateway.StopAsync(bound);
        output.WriteLine($"ended with {code} after {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.True(code == 0 && watch.Elapsed < bound, $"{code} after {watch.Elapsed}\n{lab.Gateway.LogTail()}");
        Assert.Contains("the disk does not come back", lab.Gateway.Log);
        await load.StopAsync();

        calls.HangSyncs(false);
        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        // Who was told with a 503 that nothing is sure may have its point on one of them.
        await lab.Gateway.SettledAsync();
        await lab.Gateway.AssertAccountingAsync();
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        await lab.AssertWholeAsync();
    }

    [Fact]
    public async Task F7_While_syncs_fail_nothing_is_acknowledged_that_is_not_everywhere_and_it_recovers()
    {
        GatewayConfiguration configuration = Small.Journal(64);
        using FaultyCalls calls = FaultyCalls.Into(configuration);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.B.Kill();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(200);
        string[] before = new JournalFiles(lab.Gateway.JournalFolder).Segments;

        calls.FailSyncs(true);
        // Requests under way at that moment may have been safe already.
        await Eventually.TrueAsync("a write is refused", () => load.Refused > 0);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        int acknowledged = load.Acknowledged.Count;
        await Eventually.PauseAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(acknowledged, load.Acknowledged.Count);
        Assert.Contains("503", load.Refusals.First());
        await AssertNotReadyAsync(lab, "disk fails");
        Stopwatch watch = Stopwatch.StartNew();

        calls.FailSyncs(false);
        await load.MoreAsync(200);
        output.WriteLine($"{calls.Failed} syncs failed; back after {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.True(calls.Failed > 0);
        // The file whose sync failed is not written any more: others came.
        Assert.NotEqual(before[^1], new JournalFiles(lab.Gateway.JournalFolder).Segments[^1]);

        // What was acknowledged is on disk: nothing in memory is needed for it.
        lab.Gateway.Kill();
        await load.StopAsync();
        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync(expected: load.IsOpen);
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        await lab.AssertWholeAsync();
    }

    private static async Task AssertNotReadyAsync(Lab lab, string why)
    {
        Answer ready = (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/health/ready")).MustBe(503);
        Assert.Contains(why, ready.Body);
    }
}
