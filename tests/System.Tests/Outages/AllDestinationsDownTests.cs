namespace Gateway.SystemTests.Outages;

public sealed class AllDestinationsDownTests
{
    private static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task F26_With_every_destination_down_a_read_gets_503_in_influxdbs_shape()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.Gateway.SettledAsync();
        lab.A.Kill();
        lab.B.Kill();
        // The first read finds out by itself, later ones know from the probes.
        for (int read = 0; read < 10; read++)
        {
            Answer answer = await lab.Client.GetQueryAsync("SELECT * FROM m", "db1");
            answer.MustBe(503);
            Assert.StartsWith("{\"error\":", answer.Body);
            Assert.NotNull(answer.Header("X-Influxdb-Error"));
            Assert.True(answer.Took < TimeSpan.FromSeconds(5), answer.ToString());
            await Eventually.PauseAsync(TimeSpan.FromMilliseconds(100));
        }

        await lab.A.RestartAsync();
        await lab.B.RestartAsync();
        await Eventually.ReasonGoneAsync("reads are served again", async () =>
        {
            Answer answer = await lab.Client.GetQueryAsync("SELECT * FROM m", "db1");
            return answer.Status == 200 ? null : answer.ToString();
        });
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("any", 204)]
    [InlineData("one", 503)]
    [InlineData("quorum", 503)]
    [InlineData("all", 503)]
    public async Task F27_With_every_destination_down_a_write_is_kept_and_answered_in_time(string level, int status)
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Configuration = new GatewayConfiguration { AckTimeout = AckTimeout } });
        lab.A.Kill();
        lab.B.Kill();
        for (int number = 0; number < 5; number++)
        {
            Answer answer = await lab.Client.WriteAsync("db1", $"m v={number} {number}", $"consistency={level}");
            answer.MustBe(status);
            if (status == 503)
                answer.MustBeRefusal();
            Assert.True(answer.Took < AckTimeout + TimeSpan.FromSeconds(3), answer.ToString());
        }

        await lab.A.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(5, (await lab.A.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("any", 204)]
    [InlineData("one", 204)]
    [InlineData("quorum", 503)]
    [InlineData("all", 503)]
    public async Task With_one_of_two_down_only_quorum_and_all_are_refused_and_kept(string level, int status)
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Configuration = new GatewayConfiguration { AckTimeout = AckTimeout } });
        lab.B.Kill();
        (await lab.Client.WriteAsync("db1", "m v=1 1", $"consistency={level}")).MustBe(status);
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(1, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task The_gateway_starts_and_takes_writes_with_every_destination_down()
    {
        await using InfluxServer a = await InfluxServer.StartAsync(new InfluxSettings { Name = "a" });
        await using InfluxServer b = await InfluxServer.StartAsync(new InfluxSettings { Name = "b" });
        foreach (InfluxServer server in new[] { a, b })
            await server.Client.MustQueryAsync("CREATE DATABASE db1");
        a.Kill();
        b.Kill();
        GatewayConfiguration configuration = new();
        configuration.Destinations["a"] = a.Address.ToString();
        configuration.Destinations["b"] = b.Address.ToString();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(configuration, waitReady: false);
        for (int number = 0; number < 20; number++)
            (await gateway.Client.WriteAsync("db1", $"m v={number} {number}")).MustBe(204);
        await a.RestartAsync();
        await b.RestartAsync();
        await gateway.SettledAsync();
        PointComparison.AssertEqual(await a.PointsAsync("db1"), await b.PointsAsync("db1"));
        Assert.Equal(20, (await a.PointsAsync("db1")).Count);
        await gateway.AssertAccountingAsync();
    }
}
