using System.Text;

namespace Gateway.SystemTests.Reads;

public sealed class DyingDestinationTests
{
    private const string All = "SELECT * FROM m";

    [Theory]
    [InlineData("RST", "chunked=true&chunk_size=500")]
    [InlineData("FIN", "chunked=true&chunk_size=500")]
    [InlineData("FIN", "")]
    public async Task F24_An_answer_cut_in_its_middle_is_never_a_short_200(string end, string more)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await WriteManyAsync(lab);
        int whole = (await lab.Client.GetQueryAsync(All, "db1", more)).MustBe(200).Bytes.Length;
        Assert.True(whole > 200_000, $"{whole} bytes are too few for this test");
        Fault fault = Fault.Cut(afterBytes: whole / 2, resets: end == "RST");
        lab.ProxyA.OnQueries(fault);
        lab.ProxyB.OnQueries(fault);
        for (int read = 0; read < 5; read++)
        {
            Exception? failure = await Record.ExceptionAsync(() => lab.Client.GetQueryAsync(All, "db1", more));
            Assert.True(failure is HttpRequestException or IOException, failure?.ToString() ?? "a whole answer came");
        }

        lab.ProxyA.Heal();
        lab.ProxyB.Heal();
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task F24_A_read_that_fails_before_its_first_byte_is_answered_by_the_other(string failing)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        FaultyServer proxy = failing == "a" ? lab.ProxyA : lab.ProxyB;
        FaultRule rule = proxy.OnQueries(Fault.Reset);
        for (int read = 0; read < 30; read++)
        {
            Answer answer = (await lab.Client.GetQueryAsync(All, "db1")).MustBe(200);
            Assert.Equal(failing == "a" ? "b" : "a", answer.Destination);
        }

        Assert.True(rule.Hits > 0, "the failing destination was never asked, so nothing was tested");
        proxy.Heal();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F24_A_killed_destination_costs_no_read()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        lab.A.Kill();
        for (int read = 0; read < 50; read++)
            Assert.Equal("b", (await lab.Client.GetQueryAsync(All, "db1")).MustBe(200).Destination);
        await lab.A.RestartAsync();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F24_A_read_that_waits_for_a_server_which_freezes_is_answered_by_the_other()
    {
        GatewayConfiguration configuration = new GatewayConfiguration().With(
            """{ "ReverseProxy": { "Clusters": { "influxdb": { "LoadBalancingPolicy": "RoundRobin" } } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        lab.A.Pause();
        // Until probes have failed twice, every other one goes to the frozen one.
        Answer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => lab.Client.GetQueryAsync(All, "db1")));
        Assert.All(answers, answer => Assert.Equal("b", answer.MustBe(200).Destination));
        Assert.DoesNotContain(
            "influxmirror_reads_total{outcome=\"retried\"} 0", (await lab.Gateway.MetricsAsync()).Text);
        lab.A.Resume();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F25_An_error_inside_a_200_is_passed_on_and_not_asked_again()
    {
        const string body = """{"results":[{"statement_id":0,"error":"query-timeout limit exceeded"}]}""";
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await lab.WriteAsync("db1", "m v=1 1");
        FaultRule a = lab.ProxyA.OnQueries(Fault.Answer(200, body));
        FaultRule b = lab.ProxyB.OnQueries(Fault.Answer(200, body));
        for (int read = 1; read <= 10; read++)
        {
            Assert.Equal(body, (await lab.Client.GetQueryAsync(All, "db1")).MustBe(200).Body);
            Assert.Equal(read, a.Hits + b.Hits);
        }

        lab.ProxyA.Heal();
        lab.ProxyB.Heal();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task An_answer_of_500_is_passed_on_and_not_asked_again()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        FaultRule a = lab.ProxyA.OnQueries(Fault.Error(500, "broken"));
        FaultRule b = lab.ProxyB.OnQueries(Fault.Error(500, "broken"));
        (await lab.Client.GetQueryAsync(All, "db1")).MustBe(500);
        Assert.Equal(1, a.Hits + b.Hits);
        lab.ProxyA.Heal();
        lab.ProxyB.Heal();
        await lab.AssertConvergedAsync();
    }

    private static async Task WriteManyAsync(Lab lab)
    {
        StringBuilder lines = new();
        for (int number = 0; number < 20_000; number++)
            lines.Append($"m,host=h{number % 7} v={number} {number}\n");
        await lab.WriteAsync("db1", lines.ToString(), "consistency=all");
    }
}
