using System.Text;

namespace Gateway.SystemTests.Operation;

public sealed class PingTests
{
    [Fact]
    public async Task Ping_answers_503_with_the_reason_when_no_write_can_be_taken_and_204_again_afterwards()
    {
        GatewayConfiguration configuration = new GatewayConfiguration().With(
            """{ "Mirror": { "Journal": { "Durability": "Memory", "BufferSizeMB": 1 } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.A.Kill();
        lab.B.Kill();
        // Down alone is no reason: writes are kept.
        (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBe(204);
        byte[] half = Encoding.ASCII.GetBytes("m v=1 1\n#" + new string('x', 600_000));
        int refused = 0;
        for (int number = 0; number < 5; number++)
            refused += (await lab.Client.WriteAsync("db1", half)).Status == 503 ? 1 : 0;
        Assert.InRange(refused, 3, 4);
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            Answer ping = await lab.Client.SendAsync(method, "/ping");
            Assert.True(ping.Status == 503, $"writes of this size are refused, and {method} /ping says {ping}");
            Assert.NotNull(ping.Header("Retry-After"));
            Assert.NotNull(ping.Header("X-Gateway-Version"));
        }

        await lab.A.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Answer well = (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBe(204);
        Assert.NotNull(well.Header("X-Influxdb-Version"));
        Assert.NotNull(well.Header("X-Gateway-Version"));
    }

    [Theory]
    [InlineData("GET", "/ping?verbose=false")]
    [InlineData("GET", "/ping?wait_for_leader=1s")]
    [InlineData("POST", "/ping")]
    [InlineData("OPTIONS", "/ping")]
    [InlineData("HEAD", "/ping")]
    public async Task Other_ways_to_ping_are_answered_as_by_influxd(string method, string path)
    {
        await using Lab lab = await Lab.StartAsync();
        Answer direct = await lab.A.Client.SendAsync(HttpMethod.Parse(method), path);
        Answer answer = await lab.Client.SendAsync(HttpMethod.Parse(method), path);
        Assert.Equal((direct.Status, direct.Body.TrimEnd()), (answer.Status, answer.Body.TrimEnd()));
    }
}
