namespace Gateway.SystemTests.Outages;

public sealed class SlowDestinationTests(ITestOutputHelper output)
{
    private const int Writes = 300;

    [Theory]
    [InlineData("accepts and never answers")]
    [InlineData("answers one byte a second")]
    public async Task F15_A_destination_that_crawls_does_not_slow_the_clients_of_the_other(string how)
    {
        GatewayConfiguration configuration = new GatewayConfiguration()
            .With("""{ "Mirror": { "Delivery": { "Timeout": "00:00:01" } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Configuration = configuration });
        await MeasureAsync(lab, "warm");
        TimeSpan before = await MeasureAsync(lab, "before");
        await lab.Gateway.SettledAsync();

        lab.ProxyB.OnAll(how.StartsWith("accepts", StringComparison.Ordinal) ? Fault.Hang : Fault.Trickle(1));
        TimeSpan during = await MeasureAsync(lab, "during");
        output.WriteLine($"p99 before {before.TotalMilliseconds:0.0} ms, during {during.TotalMilliseconds:0.0} ms");
        // Generous: the machine is shared. A client that waits for the slow destination waits a second.
        Assert.True(during < before * 1.5 + TimeSpan.FromMilliseconds(150), $"{during} against {before}");
        // Timeouts follow each other; connections must not pile up meanwhile.
        await Eventually.PauseAsync(TimeSpan.FromSeconds(3));
        Assert.InRange(lab.ProxyB.OpenConnections, 0, 40);
        lab.Gateway.AssertRunning();

        lab.ProxyB.Heal();
        await lab.AssertConvergedAsync();
        Assert.Equal(3 * Writes, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task F15_A_frozen_server_does_not_slow_the_clients_of_the_other()
    {
        GatewayConfiguration configuration = new GatewayConfiguration()
            .With("""{ "Mirror": { "Delivery": { "Timeout": "00:00:01" } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        await MeasureAsync(lab, "warm");
        TimeSpan before = await MeasureAsync(lab, "before");
        lab.B.Pause();
        TimeSpan during = await MeasureAsync(lab, "during");
        output.WriteLine($"p99 before {before.TotalMilliseconds:0.0} ms, during {during.TotalMilliseconds:0.0} ms");
        Assert.True(during < before * 1.5 + TimeSpan.FromMilliseconds(150), $"{during} against {before}");
        lab.B.Resume();
        await lab.AssertConvergedAsync();
    }

    private static async Task<TimeSpan> MeasureAsync(Lab lab, string phase)
    {
        List<TimeSpan> times = [];
        for (int number = 0; number < Writes; number++)
            times.Add((await lab.Client.WriteAsync("db1", $"m,phase={phase} v={number} {number}")).MustBe(204).Took);
        times.Sort();
        return times[Writes * 99 / 100];
    }
}
