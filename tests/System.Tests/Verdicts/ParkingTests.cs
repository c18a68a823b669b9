namespace Gateway.SystemTests.Verdicts;

/// <summary>A destination lacks a database, a policy or an account: only that waits, and nothing is lost.</summary>
public sealed class ParkingTests
{
    [Theory]
    [InlineData("by an operator on the server")]
    [InlineData("through the gateway")]
    public async Task F9_A_missing_retention_policy_parks_only_its_own_writes(string healed)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = ["db1", "db2"] });
        const string create = "CREATE RETENTION POLICY rp ON db1 DURATION INF REPLICATION 1";
        await lab.A.Client.MustQueryAsync(create);
        for (int number = 0; number < 20; number++)
        {
            await lab.WriteAsync("db1", $"m v={number} {number}", "rp=rp");
            await lab.WriteAsync("db1", $"m v={number} {number}");
            await lab.WriteAsync("db2", $"m v={number} {number}");
        }

        await Eventually.ReasonGoneAsync("b has everything but the missing policy's points", async () =>
        {
            MetricsPage page = await lab.Gateway.MetricsAsync();
            int others = (await lab.B.PointsAsync("db1")).Count + (await lab.B.PointsAsync("db2")).Count;
            double pending = page.Of(MetricNames.Pending, "b");
            return others == 40 && pending == 20 ? null : $"{others} points, {pending} pending";
        });
        if (healed == "through the gateway")
            await lab.Client.MustQueryAsync(create);
        else
            await lab.B.Client.MustQueryAsync(create);
        await lab.AssertConvergedAsync();
        Assert.Equal(40, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task F9_A_retention_policy_that_no_destination_knows_is_the_clients_own_answer()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = GatewayConfiguration.Patient });
        Answer direct = await lab.A.WriteAsync("db1", "m v=1 1", "rp=nope");
        Answer answer = await lab.Client.WriteAsync("db1", "m v=1 1", "rp=nope");
        Assert.Equal((direct.Status, direct.Body), (answer.Status, answer.Body));
        await lab.WriteAsync("db1", "m v=2 2");
        await lab.AssertConvergedAsync();
        Assert.Equal(1, (await lab.B.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("by an operator on the server")]
    [InlineData("through the gateway")]
    public async Task F10_Writes_to_a_missing_database_wait_until_it_is_there(string healed)
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.A.Client.MustQueryAsync("CREATE DATABASE late");
        for (int number = 0; number < 20; number++)
            await lab.WriteAsync("late", $"m v={number} {number}");
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.PendingAsync("b", 20);

        // A database that waits on b is not read there.
        for (int read = 0; read < 20; read++)
            Assert.Contains("Z\",20]]", (await CountAsync(lab)).Body);

        if (healed == "through the gateway")
            await lab.Client.MustQueryAsync("CREATE DATABASE late");
        else
            await lab.B.Client.MustQueryAsync("CREATE DATABASE late");
        await lab.AssertConvergedAsync();
        Assert.Equal(20, (await lab.B.PointsAsync("late")).Count);
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Rejected, "b"));
    }

    [Fact]
    public async Task F10_A_database_that_no_destination_has_is_the_clients_own_answer()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = GatewayConfiguration.Patient });
        Answer direct = await lab.A.WriteAsync("nowhere", "m v=1 1");
        Answer answer = (await lab.Client.WriteAsync("nowhere", "m v=1 1")).MustBe(404);
        Assert.Equal(direct.Body, answer.Body);
        Assert.Equal(direct.Header("X-Influxdb-Error"), answer.Header("X-Influxdb-Error"));

        // Telegraf's way: it creates the database on that text, and writes again.
        await lab.Client.MustQueryAsync("CREATE DATABASE nowhere");
        await lab.WriteAsync("nowhere", "m v=2 2");
        await lab.AssertConvergedAsync();
        Assert.Equal(["autogen m 2 v=2"], (await lab.B.PointsAsync("nowhere")).Points);
    }

    [Fact]
    public async Task F11_Writes_refused_for_a_changed_password_wait_until_it_is_right_again()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            A = new InfluxSettings { Name = "a", Authentication = true },
            B = new InfluxSettings { Name = "b", Authentication = true },
        });
        await lab.Client.MustQueryAsync("CREATE USER u WITH PASSWORD 'right'");
        await lab.Client.MustQueryAsync("GRANT ALL ON db1 TO u");
        await lab.Gateway.SettledAsync();
        await lab.B.Client.MustQueryAsync("SET PASSWORD FOR u = 'wrong'");

        using InfluxClient user = new(lab.Client.Address) { Authorization = InfluxClient.Basic("u", "right") };
        for (int number = 0; number < 10; number++)
            (await user.WriteAsync("db1", $"m v={number} {number}")).MustBe(204);
        await lab.PendingAsync("b", 10);
        // Whoever watches is told: a number to alert on, the reason in the log and in /status.
        await Eventually.TrueAsync("ten points are parked for b", async () =>
            (await lab.Gateway.MetricsAsync()).Of(MetricNames.Parked, "b") == 10);
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Parked, "a"));
        Assert.Equal(10, (await lab.Gateway.StatusAsync("b")).GetProperty("parkedPoints").GetInt32());
        Assert.Matches(@"warn: .*influxdb/b: \d+ record\(s\) for database 'db1' parked: authorization failed",
            lab.Gateway.Log);
        // Another account's writes go on meanwhile.
        await lab.WriteAsync("db1", "other v=1 1");
        await Eventually.TrueAsync("the other account's point is on b",
            async () => (await lab.B.PointsAsync("db1")).Count == 1);

        await lab.B.Client.MustQueryAsync("SET PASSWORD FOR u = 'right'");
        await lab.AssertConvergedAsync();
        Assert.Equal(11, (await lab.B.PointsAsync("db1")).Count);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, 0), (page.Of(MetricNames.Rejected, "b"), page.Of(MetricNames.Dropped, "b")));
        Assert.Equal(0, page.Of(MetricNames.Parked, "b"));
    }

    private static async Task<Answer> CountAsync(Lab lab) =>
        (await lab.Client.GetQueryAsync("SELECT count(v) FROM m", "late")).MustBe(200);
}
