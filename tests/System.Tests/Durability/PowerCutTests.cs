namespace Gateway.SystemTests.Durability;

/// <summary>The power of the gateway's machine is cut: what was not synced is lost, and nothing that was confirmed.
/// </summary>
public sealed class PowerCutTests(ITestOutputHelper output)
{
    private const int UsualCuts = 6;
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task F3_After_power_cuts_under_load_every_acknowledged_point_is_on_both_servers()
    {
        int cuts = Setting.Of("GATEWAY_CUTS", UsualCuts);
        int seed = Setting.Of("GATEWAY_SEED", Random.Shared.Next(1_000_000));
        output.WriteLine($"GATEWAY_CUTS={cuts} GATEWAY_SEED={seed}");
        Random random = new(seed);
        string[] databases = ["db1", "db2", "db3"];
        GatewayConfiguration configuration = Small.Journal(Math.Max(1024, cuts * 160));
        using VolatileDisk disk = VolatileDisk.Under(configuration);
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Databases = databases, Configuration = configuration });
        PointModel model = new();
        await using ModelWriter load = ModelWriter.Start(
            lab.Client, model, databases, clients: 6, seed, TimeSpan.FromMilliseconds(2));
        lab.B.Kill();
        // Some cuts come when all is safe: then there are more of them.
        for (int cut = 1; cut <= cuts || (disk.LostSectors < cuts && cut <= cuts * 3); cut++)
        {
            await load.MoreAsync(random.Next(200, 1500));
            // Most of the time b is down, and all it has not got is in the journal only.
            if (cut % 4 == 3)
                await lab.B.RestartAsync();
            // The first time all goes: the journal's folder is new.
            disk.CutIn(random.Next(1, 60), cut == 1 ? VolatileDisk.LosesAll : seed + cut);
            await AssertCutAsync(lab);
            lab.B.Kill();
            // Also in what a start does.
            if (cut % 3 == 0)
            {
                disk.CutIn(random.Next(1, 12), seed + cut);
                await lab.Gateway.LaunchAsync();
                await AssertCutAsync(lab);
            }

            await lab.Gateway.RestartAsync(waitReady: false);
            await lab.Gateway.AssertAccountingAsync();
        }

        await load.MoreAsync(100);
        await load.StopAsync();
        output.WriteLine($"{load.Acknowledged} points acknowledged, {load.Unsure} given up; {disk.LostSectors} sectors "
            + $"and {disk.UndoneNames} names lost in {disk.Operations} operations");
        Assert.InRange(disk.LostSectors, cuts, long.MaxValue);
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync(DrainBound, model.IsOpen);
        await model.AssertHeldAsync(lab.A);
        await model.AssertHeldAsync(lab.B);
        await lab.AssertWholeAsync();
    }

    [Fact]
    public async Task F3_A_disk_that_only_says_it_has_synced_loses_points_and_is_found_out()
    {
        GatewayConfiguration configuration = Small.Journal(64);
        using VolatileDisk disk = VolatileDisk.Under(configuration);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.B.Kill();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(50);
        disk.Lie();
        await load.MoreAsync(200);
        disk.CutIn(1, VolatileDisk.LosesAll);
        await AssertCutAsync(lab);
        await load.StopAsync();
        await lab.Gateway.RestartAsync(waitReady: false);
        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync();
        PointDump held = await lab.B.PointsAsync("db1");
        output.WriteLine($"{load.Acknowledged.Count} acknowledged, {held.Count} there");
        Assert.InRange(held.Count, 50, load.Acknowledged.Count - 150);
    }

    private static async Task AssertCutAsync(Lab lab)
    {
        int? code = await lab.Gateway.ExitAsync(Eventually.Bound);
        Assert.True(code == 137, $"the gateway ended with {code?.ToString() ?? "nothing"}\n{lab.Gateway.LogTail()}");
    }

}
