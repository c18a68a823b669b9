namespace Gateway.SystemTests.Durability;

/// <summary>
/// The whole system under a random schedule: writes over older values in several databases, statements, kills and
/// pauses of everything, lost connections; then all heals, and both servers are read completely and compared with a
/// model of what clients were told. GATEWAY_CHECK_SECONDS makes it run longer, GATEWAY_CHECK_SEED repeats the choices of a run.
/// </summary>
public sealed class RandomScheduleTests(ITestOutputHelper output)
{
    private const int UsualSeconds = 10;
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task After_any_schedule_of_faults_has_healed_both_servers_hold_what_clients_were_told()
    {
        int seconds = Setting.Of("GATEWAY_CHECK_SECONDS", UsualSeconds);
        int seed = Setting.Of("GATEWAY_CHECK_SEED", Random.Shared.Next(1_000_000));
        output.WriteLine($"GATEWAY_CHECK_SECONDS={seconds} GATEWAY_CHECK_SEED={seed}");
        string[] databases = ["db1", "db2", "db3"];
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            Databases = databases,
            Proxied = true,
            Configuration = Small.Journal(16_000),
        });
        lab.ProxyA.Records = lab.ProxyB.Records = false;
        PointModel model = new();
        using CancellationTokenSource stopping = new();
        DroppingClient[] droppers = [.. Enumerable.Range(0, 3).Select(
            number => new DroppingClient(lab.Client, model, databases, seed + number))];
        Task[] running = [.. droppers.Select(dropper => Task.Run(() => dropper.RunAsync(stopping.Token)))];
        await using ModelWriter load = ModelWriter.Start(
            lab.Client, model, databases, clients: 4, seed, TimeSpan.FromMilliseconds(5));
        Disturbance disturbance = new(lab, seed);
        await disturbance.RunAsync(TimeSpan.FromSeconds(seconds));

        await stopping.CancelAsync();
        await Eventually.WithinAsync(DrainBound, "the clients end", EndAsync());
        output.WriteLine($"{disturbance.Summary}; {load.Acknowledged} points acknowledged, {load.Unsure} given up, "
            + $"{droppers.Sum(dropper => dropper.Statements)} statements, {model.Count} different points");
        await lab.Gateway.SettledAsync(DrainBound);
        string?[] faults = [await model.FaultAsync(lab.A), await model.FaultAsync(lab.B)];
        Assert.True(faults.All(fault => fault is null), string.Join('\n', faults));
        await lab.AssertConvergedAsync(DrainBound, model.IsOpen);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        foreach (string destination in new[] { "a", "b" })
        {
            double dropped = page.Of(MetricNames.Dropped, destination);
            double rejected = page.Of(MetricNames.Rejected, destination);
            double resync = page.Of(MetricNames.NeedsResync, destination);
            Assert.True((dropped, rejected, resync) == (0, 0, 0),
                $"{destination}: {dropped} dropped, {rejected} rejected, needs resync {resync}");
            // Nothing counts twice. A kill may cost the account a second of what both servers had confirmed.
            Assert.InRange(
                page.Of(MetricNames.Accepted, destination), 1,
                databases.Length + load.Tried + droppers.Sum(one => one.Tried));
        }

        async Task<bool> EndAsync()
        {
            await Task.WhenAll(running);
            await load.StopAsync();
            return true;
        }
    }

}
