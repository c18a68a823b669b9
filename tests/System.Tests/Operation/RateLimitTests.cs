namespace Gateway.SystemTests.Operation;

public sealed class RateLimitTests
{
    private static GatewayConfiguration Limited(string partition, int permits) => new GatewayConfiguration().With($$"""
        {
          "RateLimiting": { "Policies": { "writes": {
            "Algorithm": "FixedWindow", "Partition": "{{partition}}",
            "PermitLimit": {{permits}}, "Window": "00:00:30" } } },
          "ReverseProxy": { "Routes": { "write": { "RateLimiterPolicy": "writes" } } }
        }
        """);

    [Fact]
    public async Task A_client_over_its_limit_gets_503_and_a_time_to_come_back()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Limited("Client", 10) });
        int refused = 0;
        for (int number = 0; number < 30; number++)
        {
            Answer answer = await lab.Client.WriteAsync("db1", $"m v=1 {number}");
            if (answer.Status == 204)
                continue;
            answer.MustBeRefusal();
            refused++;
        }

        // A window may end in between, never two.
        Assert.InRange(refused, 10, 20);
        (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBe(204);
        (await lab.Client.GetQueryAsync("SELECT * FROM m", "db1")).MustBe(200);
        await lab.AssertConvergedAsync();
        Assert.Equal(30 - refused, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task Each_database_has_its_own_limit_and_a_reload_changes_it()
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Configuration = Limited("Database", 5), Databases = ["db1", "db2"] });
        Assert.InRange(await AcceptedAsync(lab, "db1", 0), 5, 10);
        Assert.InRange(await AcceptedAsync(lab, "db2", 0), 5, 10);

        GatewayConfiguration wider = Limited("Database", 1000);
        foreach ((string id, string address) in lab.Gateway.Configuration.Destinations)
            wider.Destinations[id] = address;
        await lab.Gateway.ReloadAsync(wider);
        Assert.Equal(20, await AcceptedAsync(lab, "db1", 100));
        await lab.AssertConvergedAsync();
    }

    private static async Task<int> AcceptedAsync(Lab lab, string db, int from)
    {
        int accepted = 0;
        for (int number = from; number < from + 20; number++)
            accepted += (await lab.Client.WriteAsync(db, $"m v=1 {number}")).Status == 204 ? 1 : 0;
        return accepted;
    }
}
