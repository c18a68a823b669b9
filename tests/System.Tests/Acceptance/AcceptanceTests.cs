namespace Gateway.SystemTests.Acceptance;

/// <summary>What the users of influxdb-relay try first.</summary>
public sealed class AcceptanceTests
{
    private const string First = "cpu_load_short,host=server11,region=us-west value=0.64";
    private const string Second = "cpu_load_short,host=influxdb11,region=yaolisong value=0.55";

    [Fact]
    public async Task The_users_acceptance_both_servers_hold_the_same_rows()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = [] });
        await lab.Client.MustQueryAsync("CREATE DATABASE test");
        await lab.WriteAsync("test", First);
        await lab.WriteAsync("test", Second);
        await lab.AssertConvergedAsync();

        const string q = "select * from cpu_load_short";
        Answer a = await lab.A.Client.GetQueryAsync(q, "test");
        Answer b = await lab.B.Client.GetQueryAsync(q, "test");
        Answer both = await lab.Client.GetQueryAsync(q, "test");
        Assert.Equal(a.Body, b.Body);
        Assert.Equal(a.Body, both.Body);
        Assert.Contains("\"server11\",\"us-west\",0.64", a.Body);
        Assert.Contains("\"influxdb11\",\"yaolisong\",0.55", a.Body);
    }

    [Fact]
    public async Task The_users_acceptance_holds_when_one_server_was_down_all_along()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = [] });
        lab.B.Kill();
        await lab.Client.MustQueryAsync("CREATE DATABASE test");
        await lab.WriteAsync("test", First);
        await lab.WriteAsync("test", Second);
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(2, (await lab.B.PointsAsync("test")).Count);
    }

    [Fact]
    public async Task Ping_is_answered_as_influxd_answers_it()
    {
        await using Lab lab = await Lab.StartAsync();
        Answer direct = await lab.A.Client.SendAsync(HttpMethod.Get, "/ping");
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            Answer ping = (await lab.Client.SendAsync(method, "/ping")).MustBe(204);
            Assert.Equal(direct.Header("X-Influxdb-Version"), ping.Header("X-Influxdb-Version"));
            Assert.NotNull(ping.Header("X-Gateway-Version"));
        }

        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task Readiness_follows_the_destinations_and_liveness_does_not()
    {
        await using Lab lab = await Lab.StartAsync();
        lab.A.Kill();
        lab.B.Kill();
        await ReadyAsync(lab, 503);
        (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/health/live")).MustBe(200);
        await lab.A.RestartAsync();
        await ReadyAsync(lab, 200);
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
    }

    private static Task ReadyAsync(Lab lab, int status) =>
        Eventually.ReasonGoneAsync($"/health/ready is {status}", async () =>
        {
            Answer answer = await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/health/ready");
            return answer.Status == status ? null : answer.ToString();
        });
}
