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
    }

    [Theory]
    [InlineData("hangs")]
    [InlineData("is down")]
    public async Task F28_SIGTERM_ends_in_time_though_a_destination_does_not_answer(string how)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        if (how == "hangs")
            lab.ProxyB.OnAll(Fault.Hang);
        else
            lab.ProxyB.Refuse();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(100);
        Stopwatch watch = Stopwatch.StartNew();
        int code = await lab.Gateway.StopAsync(Bound);
        output.WriteLine($"ended with {code} after {watch.Elapsed.TotalSeconds:0.0} s");
        AssertEnded(lab, code, watch.Elapsed);
        await load.StopAsync();
        await load.Acknowledged.AssertStoredAsync(lab.A);
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
    }

    private static void AssertEnded(Lab lab, int code, TimeSpan took) =>
        Assert.True(code == 0 && took < Bound, $"it ended with {code} after {took}\n{lab.Gateway.LogTail()}");
}
