namespace Gateway.SystemTests.Operation;

/// <summary>What /metrics says of points: an account that always adds up, and counters as Prometheus wants them.</summary>
public sealed class AccountTests
{
    [Fact]
    public async Task The_account_adds_up_in_every_scrape_under_load_also_when_several_scrape_at_a_time()
    {
        await using Lab lab = await Lab.StartAsync();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1", clients: 8, TimeSpan.Zero);
        await load.MoreAsync(100);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (int scrape = 0; scrape < 100; scrape++)
                await lab.Gateway.AssertAccountingAsync();
        }));
        await load.StopAsync();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task After_a_kill_counters_begin_at_0_and_the_account_goes_on()
    {
        await using Lab lab = await Lab.StartAsync();
        lab.B.Kill();
        for (int number = 1; number <= 20; number++)
            await lab.WriteAsync("db1", $"m v={number} {number}");
        await lab.Gateway.SettledAsync(null, "a");
        MetricsPage before = await lab.Gateway.MetricsAsync();
        // The creation of the database counts as one.
        Assert.Equal((21, 21), (before.Of(MetricNames.AcceptedTotal, "a"), before.Of(MetricNames.DeliveredTotal, "a")));

        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        MetricsPage after = await lab.Gateway.MetricsAsync();
        Assert.Null(after.AccountingFault());
        Assert.Equal((0, 0), (after.Of(MetricNames.AcceptedTotal, "b"), after.Of(MetricNames.DeliveredTotal, "b")));
        Assert.Equal((21, 20), (after.Of(MetricNames.Accepted, "b"), after.Of(MetricNames.Pending, "b")));

        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        after = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, 20), (after.Of(MetricNames.AcceptedTotal, "b"), after.Of(MetricNames.DeliveredTotal, "b")));
        Assert.Equal((21, 21), (after.Of(MetricNames.Accepted, "b"), after.Of(MetricNames.Delivered, "b")));
    }
}
