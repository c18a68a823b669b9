namespace Gateway.SystemTests.Operation;

/// <summary>Destinations come, go and move while clients write.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task F29_A_destination_added_under_load_gets_everything_from_then_on()
    {
        await using Lab lab = await Lab.StartAsync();
        await using InfluxServer c = await InfluxServer.StartAsync(new InfluxSettings { Name = "c" });
        await c.Client.MustQueryAsync("CREATE DATABASE db1");
        await using LoadWriter before = LoadWriter.Start(lab.Client, "db1");
        await before.MoreAsync(100);
        await lab.Gateway.ReloadAsync(With(lab, destinations => destinations["c"] = c.Address.ToString()));
        await before.MoreAsync(100);
        await before.StopAsync();
        Assert.Empty(before.Refusals);

        await lab.WriteAsync("db1", "late v=1 1", "consistency=all");
        await lab.AssertConvergedAsync();
        await before.Acknowledged.AssertStoredAsync(lab.A);
        PointDump all = await lab.A.PointsAsync("db1");
        PointDump some = await c.PointsAsync("db1");
        Assert.Subset(all.Lines.ToHashSet(), some.Lines.ToHashSet());
        Assert.InRange(some.Count, 101, all.Count);
        Assert.Contains("autogen late 1 v=1", some.Points);
    }

    [Fact]
    public async Task F29_A_destination_removed_under_load_costs_the_others_nothing()
    {
        await using Lab lab = await Lab.StartAsync();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(100);
        await lab.Gateway.ReloadAsync(With(lab, destinations => destinations.Remove("b")));
        await load.MoreAsync(100);
        int atRemoval = (await lab.B.PointsAsync("db1")).Count;
        await load.MoreAsync(100);
        await load.StopAsync();
        Assert.Empty(load.Refusals);
        await lab.Gateway.SettledAsync(null, "a");
        await load.Acknowledged.AssertStoredAsync(lab.A);
        Assert.Equal(atRemoval, (await lab.B.PointsAsync("db1")).Count);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Theory]
    [InlineData("up")]
    [InlineData("down, with a backlog")]
    public async Task F29_A_destination_that_moved_keeps_its_place_in_the_journal(string state)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await using FaultyServer moved = new(lab.B.Address);
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(100);
        if (state != "up")
        {
            lab.ProxyB.Refuse();
            await load.MoreAsync(100);
        }

        await lab.Gateway.ReloadAsync(With(lab, destinations => destinations["b"] = moved.Address.ToString()));
        await load.MoreAsync(100);
        int requests = lab.ProxyB.Writes.Count();
        await load.MoreAsync(100);
        await load.StopAsync();
        Assert.Equal(requests, lab.ProxyB.Writes.Count());
        Assert.Empty(load.Refusals);
        await lab.AssertConvergedAsync();
        await load.Acknowledged.AssertStoredAsync(lab.B);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("address")]
    [InlineData("consistency")]
    public async Task An_invalid_file_changes_nothing_and_says_so(string fault)
    {
        await using Lab lab = await Lab.StartAsync();
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(20);
        GatewayConfiguration good = lab.Gateway.Configuration;
        if (fault == "address")
            lab.Gateway.Write(With(lab, destinations => destinations["b"] = "ht tp//x"));
        else if (fault == "consistency")
            lab.Gateway.Write(With(lab, _ => { }, consistency: "most"));
        else
            lab.Gateway.WriteFile(fault);
        await GaugeAsync(lab, 0);
        await load.MoreAsync(50);
        (await lab.Client.GetQueryAsync("SELECT * FROM load LIMIT 1", "db1")).MustBe(200);

        lab.Gateway.Write(good);
        await GaugeAsync(lab, 1);
        await load.StopAsync();
        Assert.Empty(load.Refusals);
        await lab.AssertConvergedAsync();
        await load.Acknowledged.AssertStoredAsync(lab.B);
    }

    private static Task GaugeAsync(Lab lab, double value) =>
        Eventually.ReasonGoneAsync($"{MetricNames.LastReloadSuccessful} is {value}", async () =>
        {
            double? now = (await lab.Gateway.MetricsAsync()).Total(MetricNames.LastReloadSuccessful);
            return now == value ? null : $"it is {now?.ToString() ?? "not exported"}\n{lab.Gateway.LogTail()}";
        });

    private static GatewayConfiguration With(
        Lab lab, Action<IDictionary<string, string>> change, string consistency = "any")
    {
        GatewayConfiguration configuration = new() { Consistency = consistency };
        foreach ((string id, string address) in lab.Gateway.Configuration.Destinations)
            configuration.Destinations[id] = address;
        change(configuration.Destinations);
        return configuration;
    }
}
