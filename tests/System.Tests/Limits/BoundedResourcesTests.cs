namespace Gateway.SystemTests.Limits;

/// <summary>A destination that does not answer costs the gateway a bounded number of everything.</summary>
public sealed class BoundedResourcesTests(ITestOutputHelper output)
{
    private const int DatabaseCount = 60;

    private static readonly string[] Names = [.. Enumerable.Range(0, DatabaseCount).Select(number => $"db{number}")];

    [Theory]
    [InlineData("hangs")]
    [InlineData("resets")]
    [InlineData("refuses")]
    public async Task F15_Connections_and_threads_stay_bounded_and_the_other_destination_is_as_quick(string how)
    {
        GatewayConfiguration configuration = new GatewayConfiguration()
            .With("""{ "Mirror": { "Delivery": { "Timeout": "00:00:01", "MaxDelayInterval": "00:00:05" } } }""");
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Proxied = true, Configuration = configuration, Databases = Names });
        await WriteEverywhereAsync(lab, 1);
        await lab.Gateway.SettledAsync();
        int threads = ProcessReading.Threads(lab.Gateway.Pid);
        int requests = lab.ProxyB.Requests.Count;
        switch (how)
        {
            case "hangs":
                lab.ProxyB.OnAll(Fault.Hang);
                break;
            case "resets":
                lab.ProxyB.OnAll(Fault.Reset);
                break;
            default:
                lab.ProxyB.Refuse();
                break;
        }

        // The first writes find out that b is gone; by then nobody may wait for it.
        await WriteEverywhereAsync(lab, 2);
        TimeSpan slowest = TimeSpan.Zero;
        int threadsMax = 0;
        for (int round = 3; round < 13; round++)
        {
            TimeSpan took = await WriteEverywhereAsync(lab, round);
            slowest = took > slowest ? took : slowest;
            threadsMax = Math.Max(threadsMax, ProcessReading.Threads(lab.Gateway.Pid));
            await Eventually.PauseAsync(TimeSpan.FromMilliseconds(300));
        }

        int asked = lab.ProxyB.Requests.Count - requests;
        output.WriteLine(
            $"slowest {slowest.TotalMilliseconds:0} ms, threads {threads} before and {threadsMax} at most, "
            + $"{lab.ProxyB.PeakConnections} connections at most, {asked} requests to b");
        Assert.True(slowest < TimeSpan.FromSeconds(1), $"a client waited {slowest}");
        Assert.InRange(threadsMax, 0, threads + 25);
        // 32 sends at once, probes, and the sockets of sends that were just given up.
        Assert.InRange(lab.ProxyB.PeakConnections, 0, 80);
        // Three tries and a look at what comes next for each database, but no storm.
        Assert.InRange(asked, 0, 20 * DatabaseCount);

        lab.ProxyB.Heal();
        lab.ProxyB.Accept();
        await lab.Gateway.SettledAsync();
        await lab.AssertSamePointsAsync();
        await lab.Gateway.AssertAccountingAsync();
    }

    /// <summary>One point into every database, ten requests at once; the slowest answer's time.</summary>
    private static async Task<TimeSpan> WriteEverywhereAsync(Lab lab, int round)
    {
        TimeSpan slowest = TimeSpan.Zero;
        foreach (string[] some in Names.Chunk(10))
        {
            Answer[] answers = await Task.WhenAll(
                some.Select(db => lab.Client.WriteAsync(db, $"m v={round} {round}")));
            foreach (Answer answer in answers)
                slowest = answer.MustBe(204).Took > slowest ? answer.Took : slowest;
        }

        return slowest;
    }
}
