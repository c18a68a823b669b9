namespace Gateway.SystemTests.Durability;

/// <summary>The wall clock of the gateway's machine jumps; see <see cref="FaultyCalls"/>.</summary>
public sealed class ClockJumpTests(ITestOutputHelper output)
{
    private const string Unanswered = "influxmirror_sends_unanswered_total";

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task F35_A_jump_of_the_clock_neither_repeats_nor_expires_anything(int hours)
    {
        GatewayConfiguration configuration = new();
        using FaultyCalls calls = FaultyCalls.Into(configuration);
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Proxied = true, Configuration = configuration });
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(100);
        lab.ProxyB.Refuse();
        await load.MoreAsync(200);
        double usual = await TriesAsync(lab);

        calls.ShiftClock(TimeSpan.FromHours(hours));
        double after = await TriesAsync(lab);
        output.WriteLine($"tries in 2 s: {usual} before, {after} after the jump");
        Assert.InRange(after, 0, (usual * 3) + 10);
        await AssertHealthyAsync(lab);
        // It is this clock indeed that stamps points.
        await lab.WriteAsync("db1", "unstamped v=1", "consistency=one");
        PointDump held = await lab.A.PointsAsync("db1");
        long stamped = long.Parse(held.Points.Single(point => point.Contains("unstamped")).Split(' ')[2],
            System.Globalization.CultureInfo.InvariantCulture);
        TimeSpan off = DateTimeOffset.FromUnixTimeMilliseconds(stamped / 1_000_000) - DateTimeOffset.UtcNow;
        Assert.InRange(off.TotalMinutes, (hours * 60) - 1, (hours * 60) + 1);
        // B comes back at once when it can be reached, whatever the clock says.
        lab.ProxyB.Accept();
        await Eventually.TrueAsync("b has its backlog", async () =>
            (await lab.Gateway.MetricsAsync()).Of(MetricNames.Pending, "b") < 20, TimeSpan.FromSeconds(10));

        // A kill in the strange time, a start in the right one.
        lab.ProxyB.Refuse();
        await load.MoreAsync(100);
        lab.Gateway.Kill();
        calls.ShiftClock(TimeSpan.Zero);
        await lab.Gateway.RestartAsync();
        lab.ProxyB.Accept();
        await load.MoreAsync(50);
        await load.StopAsync();
        await lab.AssertConvergedAsync(expected: load.IsOpen);
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        await AssertHealthyAsync(lab);
        double lag = (await lab.Gateway.MetricsAsync()).Of("influxmirror_backlog_seconds", "b");
        Assert.InRange(lag, 0, 60);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task F35_A_jump_of_the_clock_ages_no_backlog_and_holds_no_destination_down_for_longer(int hours)
    {
        const int writes = 60, recordBytes = 200_000;
        GatewayConfiguration configuration = Small.Journal(64, """, "MaxAge": "00:30:00" """);
        using FaultyCalls calls = FaultyCalls.Into(configuration);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Configuration = configuration });
        await lab.Client.MustQueryAsync("CREATE DATABASE aged");
        lab.ProxyB.Refuse();
        // More than two of the journal's files: those before the last are finished.
        for (int number = 0; number < writes; number++)
            Assert.Equal(204, (int)(await lab.Client.WriteAsync("aged", Small.Padded(number, recordBytes))).Status);
        Assert.InRange(new JournalFiles(lab.Gateway.JournalFolder).Segments.Count(), 3, 20);

        calls.ShiftClock(TimeSpan.FromHours(hours));
        // Housekeeping looks every second.
        await Eventually.PauseAsync(TimeSpan.FromSeconds(4));
        await AssertHealthyAsync(lab);
        lab.Gateway.Kill();
        // The other way round: what was accepted at a wrong time is not older than the start.
        calls.ShiftClock(TimeSpan.Zero);
        await lab.Gateway.RestartAsync();
        calls.ShiftClock(TimeSpan.FromHours(hours));
        await Eventually.PauseAsync(TimeSpan.FromSeconds(4));
        await AssertHealthyAsync(lab);

        lab.ProxyB.Accept();
        await lab.Gateway.SettledAsync(TimeSpan.FromSeconds(60));
        await AssertHealthyAsync(lab);
        Assert.Equal(writes, (await lab.B.PointsAsync("aged")).Count);
        await Eventually.TrueAsync("b is fit when it has been well for a second", async () =>
            (await lab.Gateway.MetricsAsync()).Of(MetricNames.Fit, "b") == 1, TimeSpan.FromSeconds(30));
    }

    /// <summary>Requests without an answer in two seconds.</summary>
    private static async Task<double> TriesAsync(Lab lab)
    {
        double before = (await lab.Gateway.MetricsAsync()).Of(Unanswered, "b");
        await Eventually.PauseAsync(TimeSpan.FromSeconds(2));
        return (await lab.Gateway.MetricsAsync()).Of(Unanswered, "b") - before;
    }

    private static async Task AssertHealthyAsync(Lab lab)
    {
        MetricsPage page = await lab.Gateway.MetricsAsync();
        foreach (string destination in new[] { "a", "b" })
        {
            Assert.Equal(0, page.Of(MetricNames.Dropped, destination));
            Assert.Equal(0, page.Of(MetricNames.Rejected, destination));
            Assert.Equal(0, page.Of(MetricNames.NeedsResync, destination));
        }

        await lab.Gateway.AssertAccountingAsync();
    }
}
