namespace Gateway.SystemTests.Consistency;

/// <summary>InfluxDB's own parameter <c>consistency</c>: three destinations, of which some cannot confirm.</summary>
public sealed class ThreeDestinationsTests
{
    private static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(1.5);
    private static readonly string[] Levels = ["any", "one", "quorum", "all"];

    private static LabOptions Options => new()
    {
        C = new InfluxSettings { Name = "c" },
        Proxied = true,
        Configuration = new GatewayConfiguration { AckTimeout = AckTimeout },
    };

    [Theory]
    [InlineData(1, 204, 204, 204, 503)]
    [InlineData(2, 204, 204, 503, 503)]
    [InlineData(3, 204, 503, 503, 503)]
    public async Task Destinations_that_are_down_confirm_nothing_and_get_the_write_later(
        int down, int any, int one, int quorum, int all)
    {
        await using Lab lab = await Lab.StartAsync(Options);
        FaultyServer[] proxies = [lab.ProxyC, lab.ProxyB, lab.ProxyA];
        foreach (FaultyServer proxy in proxies.Take(down))
            proxy.Refuse();
        await AssertLevelsAsync(lab, [any, one, quorum, all], AssertKept);
        foreach (FaultyServer proxy in proxies.Take(down))
            proxy.Accept();
        await lab.AssertConvergedAsync();
        Assert.Equal(Levels.Length, (await lab.C.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task A_destination_that_hangs_is_waited_for_only_as_long_as_the_level_asks()
    {
        await using Lab lab = await Lab.StartAsync(Options);
        lab.ProxyC.OnWrites(Fault.Hang);
        await AssertLevelsAsync(lab, [204, 204, 204, 503], AssertKept);
        lab.ProxyC.Heal();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task A_slow_destination_is_waited_for_by_all_alone()
    {
        TimeSpan delay = TimeSpan.FromSeconds(0.7);
        await using Lab lab = await Lab.StartAsync(Options);
        lab.ProxyC.OnWrites(Fault.Wait(delay));
        foreach (string level in Levels)
        {
            Answer answer = await lab.Client.WriteAsync("db1", $"m,level={level} v=1 1", $"consistency={level}");
            answer.MustBe(204);
            Assert.True(level == "all" == answer.Took > delay - TimeSpan.FromMilliseconds(50), $"{level}: {answer}");
            await lab.Gateway.SettledAsync();
        }

        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData(1, 204, 204, 204, 400)]
    [InlineData(2, 204, 204, 400, 400)]
    [InlineData(3, 400, 400, 400, 400)]
    public async Task A_refusal_is_the_answer_only_where_the_level_cannot_be_reached(
        int refusing, int any, int one, int quorum, int all)
    {
        await using Lab lab = await Lab.StartAsync(Options);
        // There the field is a text already, which no check of the gateway can know.
        InfluxServer[] servers = [.. new[] { lab.C, lab.B, lab.A }.Take(refusing)];
        foreach (InfluxServer server in servers)
            (await server.WriteAsync("db1", "m v=\"text\" 1")).MustBe(204);
        string refusal = (await lab.C.WriteAsync("db1", "m v=1 1")).MustBe(400).Body;
        // A client that was refused lately has to wait while its lane is busy: each write comes to a lane at rest.
        await AssertLevelsAsync(
            lab, [any, one, quorum, all], answer => Assert.Equal(refusal, answer.MustBe(400).Body), settles: true);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        foreach (InfluxServer server in servers)
            Assert.Equal(Levels.Length, page.Of(MetricNames.Rejected, server.Name));
        Assert.Equal(refusing == 3 ? 0 : Levels.Length, page.Of(MetricNames.Delivered, "a") - 1);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task A_destination_that_lacks_the_policy_parks_the_write_and_confirms_it_when_healed()
    {
        await using Lab lab = await Lab.StartAsync(Options);
        const string create = "CREATE RETENTION POLICY rp ON db1 DURATION INF REPLICATION 1";
        await lab.A.Client.MustQueryAsync(create);
        await lab.B.Client.MustQueryAsync(create);
        await AssertLevelsAsync(lab, [204, 204, 204, 503], AssertKept, "&rp=rp");
        await lab.C.Client.MustQueryAsync(create);
        await lab.AssertConvergedAsync();
        Assert.Equal(Levels.Length, (await lab.C.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("QUORUM", 204)]
    [InlineData("most", 400)]
    [InlineData("", 204)]
    public async Task The_levels_name_is_read_as_influxd_reads_it(string level, int status)
    {
        await using Lab lab = await Lab.StartAsync();
        Answer direct = await lab.A.WriteAsync("db1", "m v=1 1", $"consistency={level}");
        Answer answer = (await lab.Client.WriteAsync("db1", "m v=1 1", $"consistency={level}")).MustBe(status);
        Assert.Equal((direct.Status, direct.Body), (answer.Status, answer.Body));
        await lab.Gateway.SettledAsync();
    }

    private static void AssertKept(Answer answer)
    {
        Assert.Contains("will be delivered", answer.MustBeRefusal().Body);
        Assert.True(answer.Took < AckTimeout + TimeSpan.FromSeconds(3), answer.ToString());
    }

    private static async Task AssertLevelsAsync(
        Lab lab, int[] expected, Action<Answer> assertRefusal, string more = "", bool settles = false)
    {
        foreach ((string level, int status) in Levels.Zip(expected))
        {
            Answer answer = await lab.Client.WriteAsync(
                "db1", $"m,level={level} v=1 1", $"consistency={level}{more}");
            Assert.True(answer.Status == status, $"{level}: expected {status}, got {answer}");
            if (status == 204)
                Assert.Empty(answer.Body);
            else
                assertRefusal(answer);
            if (settles)
                await lab.Gateway.SettledAsync();
        }
    }
}
