using System.Diagnostics;

namespace Gateway.SystemTests.Operation;

public sealed class GracefulStopTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task F28_SIGTERM_under_load_ends_cleanly_and_every_acknowledged_point_is_on_both()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = ["db1", "db2", "db3"] });
        await using LoadWriter first = LoadWriter.Start(lab.Client, "db1", clients: 8, pause: TimeSpan.Zero);
        await using LoadWriter second = LoadWriter.Start(lab.Client, "db2", clients: 4, more: "consistency=all");
        await using LoadWriter third = LoadWriter.Start(lab.Client, "db3", clients: 4, more: "consistency=quorum");
        LoadWriter[] loads = [first, second, third];
        await Task.WhenAll(loads.Select(load => load.MoreAsync(200)));

        Stopwatch watch = Stopwatch.StartNew();
        int code = await lab.Gateway.StopAsync(Bound);
        output.WriteLine($"ended with {code} after {watch.Elapsed.TotalSeconds:0.0} s");
        AssertEnded(lab, code, watch.Elapsed);
        using InfluxClient late = new(lab.Client.Address);
        await Assert.ThrowsAsync<HttpRequestException>(() => late.SendAsync(HttpMethod.Get, "/ping"));
        foreach (LoadWriter load in loads)
        {
            await load.StopAsync();
            await load.Acknowledged.AssertStoredAsync(lab.A);
            await load.Acknowledged.AssertStoredAsync(lab.B);
        }

        await lab.AssertSamePointsAsync();
        await AssertWholeAfterRestartAsync(lab, loads);
    }

    [Theory]
    [InlineData("hangs")]
    [InlineData("is down")]
    public async Task F28_SIGTERM_under_load_ends_in_time_though_a_destination_does_not_answer_and_loses_nothing(
        string how)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Databases = ["db1", "db2"] });
        await using LoadWriter first = LoadWriter.Start(lab.Client, "db1", clients: 8, pause: TimeSpan.Zero);
        await using LoadWriter second = LoadWriter.Start(lab.Client, "db2", clients: 4, more: "consistency=quorum");
        await Task.WhenAll(first.MoreAsync(100), second.MoreAsync(100));
        if (how == "hangs")
            lab.ProxyB.OnAll(Fault.Hang);
        else
            lab.ProxyB.Refuse();
        await first.MoreAsync(300);
        Stopwatch watch = Stopwatch.StartNew();
        int code = await lab.Gateway.StopAsync(Bound);
        output.WriteLine($"ended with {code} after {watch.Elapsed.TotalSeconds:0.0} s");
        AssertEnded(lab, code, watch.Elapsed);
        await first.StopAsync();
        await second.StopAsync();
        await first.Acknowledged.AssertStoredAsync(lab.A);
        Assert.True((await lab.B.PointsAsync("db1")).Count < first.Acknowledged.Count, "b missed nothing");
        lab.ProxyB.Heal();
        lab.ProxyB.Accept();
        await AssertWholeAfterRestartAsync(lab, first, second);
    }

    [Fact]
    public async Task F28_A_streaming_answer_and_open_connections_do_not_hold_the_end_up()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        string lines = string.Join('\n', Enumerable.Range(0, 500).Select(number => $"m v={number} {number}"));
        await lab.WriteAsync("db1", lines, "consistency=all");
        using RawConnection idle = await RawConnection.OpenAsync(lab.Client.Address);
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        lab.ProxyA.OnQueries(Fault.Trickle(20));
        lab.ProxyB.OnQueries(Fault.Trickle(20));
        Task<HttpResponseMessage> streaming = lab.Client.OpenAsync("/query?db=db1&q=SELECT+*+FROM+m");
        await Eventually.TrueAsync("the query is on its way",
            () => lab.ProxyA.Requests.Concat(lab.ProxyB.Requests).Any(request => request.Target.Contains("SELECT")));
        await load.MoreAsync(100);
        Stopwatch watch = Stopwatch.StartNew();
        int code = await lab.Gateway.StopAsync(Bound);
        AssertEnded(lab, code, watch.Elapsed);
        await load.StopAsync();
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        Exception? failure = await Record.ExceptionAsync(async () => (await streaming).Dispose());
        Assert.True(failure is null or HttpRequestException or IOException, failure?.ToString());
        lab.ProxyA.Heal();
        lab.ProxyB.Heal();
        await AssertWholeAfterRestartAsync(lab, load);
    }

    /// <summary>What was accepted before the end has its fate: both servers have it, and the account says so.</summary>
    private static async Task AssertWholeAfterRestartAsync(Lab lab, params LoadWriter[] loads)
    {
        await lab.Gateway.RestartAsync();
        await lab.AssertConvergedAsync();
        MetricsPage page = await lab.Gateway.MetricsAsync();
        foreach (InfluxServer server in new[] { lab.A, lab.B })
        {
            foreach (LoadWriter load in loads)
                await load.Acknowledged.AssertStoredAsync(server);
            Assert.Equal(0, page.Of(MetricNames.Dropped, server.Name));
            Assert.Equal(0, page.Of(MetricNames.NeedsResync, server.Name));
            // One more for each CREATE DATABASE, and requests that were cut off may have been accepted.
            int databases = (await ServerSchema.DatabasesAsync(server.Client)).Length;
            Assert.InRange(
                page.Of(MetricNames.Accepted, server.Name),
                databases + loads.Sum(load => load.Acknowledged.Count),
                databases + loads.Sum(load => load.Tried));
        }
    }

    private static void AssertEnded(Lab lab, int code, TimeSpan took) =>
        Assert.True(code == 0 && took < Bound, $"it ended with {code} after {took}\n{lab.Gateway.LogTail()}");
}
