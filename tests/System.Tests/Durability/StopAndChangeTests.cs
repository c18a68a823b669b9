using System.Diagnostics;

namespace Gateway.SystemTests.Durability;

/// <summary>Ends that are asked for, and destinations that change, with a backlog on disk.</summary>
public sealed class StopAndChangeTests(ITestOutputHelper output)
{
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task F28_SIGTERM_under_load_with_a_backlog_ends_with_0_and_sends_nothing_twice_but_what_was_under_way()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1", clients: 8, pause: TimeSpan.Zero);
        await load.MoreAsync(300);
        lab.ProxyB.Refuse();
        await load.MoreAsync(300);
        Stopwatch watch = Stopwatch.StartNew();
        int code = await lab.Gateway.StopAsync(StopBound);
        output.WriteLine($"ended with {code} after {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.True(code == 0 && watch.Elapsed < StopBound, $"{code} after {watch.Elapsed}\n{lab.Gateway.LogTail()}");
        Assert.Contains("/b: ", lab.Gateway.Log.Split('\n').Single(line => line.Contains("stay in the journal")));
        Assert.DoesNotContain("no longer a destination", lab.Gateway.Log);
        await load.StopAsync();
        Assert.Contains(load.Refusals, _ => true);

        lab.ProxyB.Accept();
        await lab.Gateway.RestartAsync();
        await lab.AssertConvergedAsync();
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Dropped, "b"));

        // A got everything before the end; of B's lines only those of the request that was cut off may come again.
        AssertSentOnce(lab.ProxyA, allowed: 0);
        AssertSentOnce(lab.ProxyB, allowed: lab.ProxyB.Writes.Max(request => Lines(request).Length));
    }

    /// <summary>
    /// No segment is kept for a destination that was removed: a restart begins a new one, and what is older may go.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F29_A_destination_removed_and_added_again_gets_its_backlog_or_is_known_to_lack_it(bool restarted)
    {
        await using Lab lab = await Lab.StartAsync();
        string address = lab.B.Address.ToString();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(50);
        lab.B.Kill();
        await load.MoreAsync(200);
        await lab.Gateway.ReloadAsync(Changed(lab, destinations => destinations.Remove("b")));
        await load.MoreAsync(200);
        if (restarted)
        {
            lab.Gateway.Kill();
            await lab.Gateway.RestartAsync();
            await load.MoreAsync(200);
        }

        await lab.B.RestartAsync();
        await lab.Gateway.ReloadAsync(Changed(lab, destinations => destinations["b"] = address));
        await load.MoreAsync(100);
        await load.StopAsync();
        await lab.Gateway.SettledAsync();
        await lab.Gateway.AssertAccountingAsync();
        await load.Acknowledged.AssertStoredAsync(lab.A);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        bool isIncomplete = page.Of(MetricNames.NeedsResync, "b") == 1;
        output.WriteLine($"incomplete: {isIncomplete}, {page.Of(MetricNames.Dropped, "b")} dropped");
        Assert.True(restarted || !isIncomplete, lab.Gateway.LogTail());
        Assert.Equal(isIncomplete, page.Of(MetricNames.Dropped, "b") > 0);
        if (isIncomplete)
            return;
        await lab.AssertConvergedAsync(expected: load.IsOpen);
        await load.Acknowledged.AssertStoredAsync(lab.B);
    }

    [Fact]
    public async Task F29_A_backlog_follows_its_destination_to_another_address_across_a_restart()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        lab.ProxyB.Refuse();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(200);
        lab.Gateway.Kill();
        await load.StopAsync();
        lab.Gateway.Configuration.Destinations["b"] = lab.B.Address.ToString();
        await lab.Gateway.RestartAsync();
        await lab.AssertConvergedAsync(expected: load.IsOpen);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.NeedsResync, "b"));
    }

    [Fact]
    public async Task F29_A_new_destination_needs_a_resync_and_serves_no_reads_also_after_a_restart()
    {
        await using Lab lab = await Lab.StartAsync();
        await using InfluxServer c = await InfluxServer.StartAsync(new InfluxSettings { Name = "c" });
        await c.Client.MustQueryAsync("CREATE DATABASE db1");
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        await lab.Gateway.ReloadAsync(Changed(lab, destinations => destinations["c"] = c.Address.ToString()));
        await AssertOnlyCNeedsResyncAsync(lab);
        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        await AssertOnlyCNeedsResyncAsync(lab);
        await lab.WriteAsync("db1", "m v=2 2", "consistency=all");
        Assert.Equal(["autogen m 2 v=2"], (await c.PointsAsync("db1")).Points);
        for (int read = 0; read < 20; read++)
        {
            Answer answer = (await lab.Client.GetQueryAsync("SELECT count(v) FROM m", "db1")).MustBe(200);
            Assert.NotEqual("c", answer.Destination);
        }

        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task A_second_gateway_on_the_same_journal_ends_with_1_and_names_the_first()
    {
        await using Lab lab = await Lab.StartAsync();
        string folder = Path.GetDirectoryName(lab.Gateway.JournalFolder)!;
        GatewayConfiguration same = new GatewayConfiguration().With(
            $$"""{ "Mirror": { "Journal": { "Directory": "{{folder}}" } } }""");
        foreach ((string id, string address) in lab.Gateway.Configuration.Destinations)
            same.Destinations[id] = address;
        await using GatewayProcess second = GatewayProcess.Prepare(same);
        await second.LaunchAsync();
        Assert.Equal(1, await second.ExitAsync(TimeSpan.FromSeconds(20)));
        await Eventually.TrueAsync("it says who has the journal", () =>
            second.Log.Contains($"is in use by process {lab.Gateway.Pid}", StringComparison.Ordinal));
        output.WriteLine(second.Log);
        Assert.DoesNotContain("   at ", second.Log);
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        await lab.AssertConvergedAsync();
    }

    private static async Task AssertOnlyCNeedsResyncAsync(Lab lab)
    {
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal([0d, 0d, 1d], new[] { "a", "b", "c" }.Select(id => page.Of(MetricNames.NeedsResync, id)));
    }

    private static GatewayConfiguration Changed(Lab lab, Action<OrderedDictionary<string, string>> change)
    {
        GatewayConfiguration changed = new();
        foreach ((string id, string address) in lab.Gateway.Configuration.Destinations)
            changed.Destinations[id] = address;
        change(changed.Destinations);
        return changed;
    }

    private static string[] Lines(RecordedRequest request) =>
        request.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static void AssertSentOnce(FaultyServer server, int allowed)
    {
        string[] twice = [.. server.Writes.SelectMany(Lines).GroupBy(line => line)
            .Where(group => group.Count() > 1).Select(group => $"{group.Count()} times {group.Key}")];
        Assert.True(twice.Length <= allowed, $"{twice.Length} lines were sent more than once, {allowed} may be: "
            + string.Join("; ", twice.Take(5)));
    }
}
