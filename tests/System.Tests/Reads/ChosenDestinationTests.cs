using System.Diagnostics;
using System.Globalization;

namespace Gateway.SystemTests.Reads;

/// <summary>Who serves a read: as the client says, or whoever is fit for it.</summary>
public sealed class ChosenDestinationTests
{
    private const string Q = "SELECT * FROM m";

    [Fact]
    public async Task The_header_names_who_answers_and_an_unknown_name_is_refused()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        // Each server gets a point of its own, so that the answer tells who gave it.
        await lab.A.WriteAsync("db1", "m,only=a v=1 2");
        await lab.B.WriteAsync("db1", "m,only=b v=1 2");
        foreach (string name in new[] { "a", "b" })
        {
            for (int read = 0; read < 10; read++)
            {
                Answer answer = (await lab.Client.GetQueryAsync(Q, "db1", pin: name)).MustBe(200);
                Assert.Equal(name, answer.Destination);
                Assert.Contains($"\"{name}\"", answer.Body);
            }
        }

        Answer unknown = (await lab.Client.GetQueryAsync(Q, "db1", pin: "nobody")).MustBe(400);
        Assert.Contains("nobody", unknown.Body);
        Assert.StartsWith("{\"error\":", unknown.Body);
        Answer debug = await lab.Client.SendAsync(
            HttpMethod.Get, "/debug/vars", null, ("X-Gateway-Destination", "b"));
        Assert.Equal("b", debug.MustBe(200).Destination);
    }

    [Fact]
    public async Task A_named_destination_that_is_down_is_not_replaced_by_another()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        lab.B.Kill();
        for (int read = 0; read < 5; read++)
        {
            Answer answer = (await lab.Client.GetQueryAsync(Q, "db1", pin: "b")).MustBeRefusal();
            Assert.True(answer.Took < TimeSpan.FromSeconds(5), answer.ToString());
        }

        Assert.Equal("a", (await lab.Client.GetQueryAsync(Q, "db1", pin: "a")).MustBe(200).Destination);
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_only_a_lagging_destination_is_left_it_serves_with_its_lag_or_not_at_all(bool serveStale)
    {
        string serves = serveStale ? "true" : "false";
        GatewayConfiguration configuration = new GatewayConfiguration().With(
            $$"""{ "Mirror": { "Reads": { "MaxLag": "00:00:00.3", "ServeStale": {{serves}} } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Configuration = configuration });
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        lab.ProxyB.OnWrites(Fault.Error(503, "engine is closed"));
        await lab.WriteAsync("db1", "m v=2 2", "consistency=one");
        await Eventually.TrueAsync("b is not fit any more",
            async () => (await lab.Gateway.MetricsAsync()).Of(MetricNames.Fit, "b") == 0);
        for (int read = 0; read < 20; read++)
        {
            Answer fresh = (await lab.Client.GetQueryAsync(Q, "db1")).MustBe(200);
            Assert.Equal(("a", null), (fresh.Destination, fresh.Header("X-Gateway-Lag")));
        }

        lab.ProxyA.Refuse();
        // What a probe or a failed read finds out must not make a lagging destination a fresh one.
        for (int read = 0; read < 50; read++)
        {
            await Eventually.PauseAsync(TimeSpan.FromMilliseconds(20));
            Answer answer = await lab.Client.GetQueryAsync(Q, "db1");
            if (!serveStale)
            {
                answer.MustBeRefusal();
                continue;
            }

            Assert.Equal("b", answer.MustBe(200).Destination);
            Assert.True(double.TryParse(answer.Header("X-Gateway-Lag"), CultureInfo.InvariantCulture, out double lag),
                $"read {read} lacks what was confirmed and does not say so: {answer}");
            Assert.InRange(lag, 0.2, 60);
        }

        lab.ProxyB.Heal();
        lab.ProxyA.Accept();
        await lab.AssertConvergedAsync();
        await Eventually.ReasonGoneAsync("reads are fresh again", async () =>
        {
            Answer answer = await lab.Client.GetQueryAsync(Q, "db1");
            return answer.Status == 200 && answer.Header("X-Gateway-Lag") is null ? null : answer.ToString();
        });
    }

    [Fact]
    public async Task F16_A_destination_that_comes_back_serves_only_after_the_hold_down()
    {
        TimeSpan holdDown = TimeSpan.FromSeconds(3);
        GatewayConfiguration configuration = new GatewayConfiguration()
            .With("""{ "Mirror": { "Reads": { "HoldDown": "00:00:03" } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        lab.B.Kill();
        await lab.WriteAsync("db1", "m v=2 2");
        await Eventually.TrueAsync("b is not fit any more",
            async () => (await lab.Gateway.MetricsAsync()).Of(MetricNames.Fit, "b") == 0);
        await lab.B.RestartAsync();
        Stopwatch watch = Stopwatch.StartNew();
        await Eventually.TrueAsync(
            "b serves again", async () => (await lab.Client.GetQueryAsync(Q, "db1")).MustBe(200).Destination == "b");
        Assert.True(watch.Elapsed > holdDown - TimeSpan.FromMilliseconds(500), $"b served after {watch.Elapsed}");
        await lab.AssertConvergedAsync();
    }
}
