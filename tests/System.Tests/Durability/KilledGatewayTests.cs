using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>SIGKILL of the gateway: what was acknowledged is on the servers all the same.</summary>
public sealed class KilledGatewayTests(ITestOutputHelper output)
{
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(90);

    /// <summary>GATEWAY_KILLS and GATEWAY_SEED: more kills, another schedule.</summary>

    [Fact]
    public Task F1_Killed_at_random_moments_under_load_it_loses_no_acknowledged_point()
    {
        int kills = Setting.Of("GATEWAY_KILLS", 20);
        // Every start begins a segment, a sixteenth of all or 64 MiB.
        return AssertNothingLostAsync(kills, Small.Journal(Math.Max(2048, kills * 160)));
    }

    /// <summary>What the kernel has survives the process, if not the machine.</summary>
    [Fact]
    public Task F1_With_a_journal_that_is_never_synced_a_kill_loses_no_acknowledged_point_either()
    {
        int kills = Setting.Of("GATEWAY_KILLS", 20) / 4;
        return AssertNothingLostAsync(
            kills, Small.Journal(Math.Max(2048, kills * 160), """, "Durability": "Process" """));
    }

    /// <summary>The record is on disk and its client has no answer yet: whatever it does then, there is one point.
    /// </summary>
    [Fact]
    public async Task F2_A_write_repeated_after_a_kill_between_the_disk_and_the_answer_is_one_point()
    {
        GatewayConfiguration slow = Small.Journal(64);
        slow.AnyWait = TimeSpan.FromSeconds(10);
        slow.AckTimeout = TimeSpan.FromSeconds(20);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Configuration = slow });
        lab.ProxyA.OnWrites(Fault.Hang);
        lab.ProxyB.Refuse();
        string[] lines = [.. Enumerable.Range(1, 20).Select(number => $"m,n=line{number:000} v={number}i {number}")];
        Task<Exception?>[] unanswered = [.. lines.Select(
            line => Record.ExceptionAsync(() => lab.Client.WriteAsync("db1", line)).AsTask())];
        await Eventually.TrueAsync("every line is on disk", () =>
        {
            JournalFiles files = new(lab.Gateway.JournalFolder);
            return lines.All(files.Contain);
        });
        lab.Gateway.Kill();
        Assert.All(await Task.WhenAll(unanswered), failure => Assert.IsType<HttpRequestException>(failure));

        lab.ProxyA.Heal();
        lab.ProxyB.Accept();
        await lab.Gateway.RestartAsync();
        // Half of the clients repeat their write; the others have given up.
        foreach (string line in lines.Take(10))
            await lab.WriteAsync("db1", line);
        await lab.AssertConvergedAsync();
        foreach (InfluxServer server in new[] { lab.A, lab.B })
            Assert.Equal(lines.Length, (await server.PointsAsync("db1")).Count);
        // A kill is no reason to distrust a destination.
        await lab.AssertWholeAsync();
    }

    [Fact]
    public async Task F46_A_gateway_killed_with_a_backlog_delivers_it_when_it_comes_back_beside_another_one()
    {
        await using Lab lab = await Lab.StartAsync();
        await using LoadWriter first = LoadWriter.Start(lab.Client, "db1");
        await first.MoreAsync(50);
        lab.B.Kill();
        await first.MoreAsync(500);
        lab.Gateway.Kill();
        await first.StopAsync();
        await lab.B.RestartAsync();

        GatewayConfiguration other = new();
        foreach ((string id, string address) in lab.Gateway.Configuration.Destinations)
            other.Destinations[id] = address;
        await using GatewayProcess second = await GatewayProcess.StartAsync(other);
        for (int number = 0; number < 200; number++)
            (await second.Client.WriteAsync("db1", $"meanwhile v={number}i {number}")).MustBe(204);
        await second.SettledAsync();
        Assert.True((await lab.B.PointsAsync("db1")).Count < first.Acknowledged.Count);

        await lab.Gateway.RestartAsync();
        await lab.AssertConvergedAsync(expected: first.IsOpen);
        await first.Acknowledged.AssertStoredAsync(lab.A);
        await first.Acknowledged.AssertStoredAsync(lab.B);
        Assert.Equal(200, (await lab.B.PointsAsync("db1")).Points.Count(point => point.Contains("meanwhile")));
        // A kill is no reason to distrust a destination.
        await lab.AssertWholeAsync();
    }

    private async Task AssertNothingLostAsync(int kills, GatewayConfiguration configuration)
    {
        int seed = Setting.Of("GATEWAY_SEED", Random.Shared.Next(1_000_000));
        output.WriteLine($"GATEWAY_SEED={seed} GATEWAY_KILLS={kills}");
        Random random = new(seed);
        string[] databases = ["db1", "db2", "db3"];
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            Databases = databases,
            Configuration = configuration,
        });
        PointModel model = new();
        await using ModelWriter load = ModelWriter.Start(
            lab.Client, model, databases, clients: 6, seed, TimeSpan.FromMilliseconds(2));
        Stopwatch watch = Stopwatch.StartNew();
        for (int kill = 1; kill <= kills; kill++)
        {
            bool whileStarting = random.Next(5) == 0;
            await Task.Delay(random.Next(50, 1200), TestContext.Current.CancellationToken);
            // B is up, down, or comes and goes while there is a backlog.
            if (random.Next(3) == 0)
            {
                if (lab.B.IsRunning)
                    lab.B.Kill();
                else
                    await lab.B.LaunchAsync();
            }

            lab.Gateway.Kill();
            if (whileStarting)
            {
                await lab.Gateway.LaunchAsync();
                await Task.Delay(random.Next(100, 900), TestContext.Current.CancellationToken);
                lab.Gateway.Kill();
            }

            await lab.Gateway.RestartAsync(waitReady: false);
            await lab.Gateway.AssertAccountingAsync();
        }

        await load.MoreAsync(100);
        await load.StopAsync();
        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s, {load.Acknowledged} points acknowledged, "
            + $"{load.Unsure} given up, {model.Count} different ones");
        if (!lab.B.IsRunning)
            await lab.B.RestartAsync();
        await lab.AssertConvergedAsync(DrainBound, model.IsOpen);
        await model.AssertHeldAsync(lab.A);
        await model.AssertHeldAsync(lab.B);
        // A kill is no reason to distrust a destination.
        await lab.AssertWholeAsync();
    }
}
