using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Gateway.SystemTests.Verdicts;

/// <summary>A destination refuses for good: counted, never repeated, and nobody else pays for it.</summary>
public sealed class RefusedWritesTests
{
    [Fact]
    public async Task F12_A_merged_batch_that_is_too_large_is_split_and_only_the_large_line_set_aside()
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { B = new InfluxSettings { Name = "b", MaxBodySize = 2000 } });
        lab.B.Kill();
        string text = new('x', 100);
        for (int number = 0; number < 50; number++)
            await lab.WriteAsync("db1", $"m s=\"{text}\" {number}");
        await lab.WriteAsync("db1", $"large s=\"{new string('y', 3000)}\" 1");
        for (int number = 50; number < 60; number++)
            await lab.WriteAsync("db1", $"m s=\"{text}\" {number}");
        await lab.PendingAsync("b", 61);
        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync();
        await lab.RejectedAsync("b", 1);
        await lab.AssertSamePointsAsync(line => line.Contains(" large "));
        Assert.Equal(61, (await lab.A.PointsAsync("db1")).Count);
        Assert.Equal(60, (await lab.B.PointsAsync("db1")).Count);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F13_A_partial_write_is_not_repeated_and_its_dropped_points_count_as_rejected()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await lab.B.Client.MustQueryAsync(
            "ALTER RETENTION POLICY autogen ON db1 DURATION 1h SHARD DURATION 1h DEFAULT");
        long nanoseconds = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
        string now = nanoseconds.ToString(CultureInfo.InvariantCulture);
        await lab.WriteAsync("db1", $"old v=1 1\nold v=2 2\nold v=3 3\nm v=1 {now}\nn v=1 {now}");
        await lab.RejectedAsync("b", 3);
        await lab.WriteAsync("db1", $"m v=2 {now}");
        await lab.Gateway.SettledAsync();
        Assert.Single(lab.ProxyB.Writes, write => write.Text.Contains("old v=1"));
        await lab.AssertSamePointsAsync(line => line.Contains(" old "));
        Assert.Equal(5, (await lab.A.PointsAsync("db1")).Count);
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal(0, page.Of(MetricNames.Rejected, "a"));
        // a took all of it: the two are not the same any more.
        Assert.Equal((0, 1), (page.Of(MetricNames.Divergences, "a"), page.Of(MetricNames.Divergences, "b")));
        Assert.Contains("destinations disagree about a request", lab.Gateway.Log);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F13_A_partial_write_of_which_both_drop_the_same_is_the_clients_answer_and_no_divergence()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = GatewayConfiguration.Patient });
        await lab.Client.MustQueryAsync(
            "ALTER RETENTION POLICY autogen ON db1 DURATION 1h SHARD DURATION 1h DEFAULT");
        await lab.Gateway.SettledAsync();
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Answer answer = await lab.Client.WriteAsync(
            "db1", $"old v=1 1\nold v=2 2\nm v=1 {now}", "precision=s&consistency=all");
        Assert.Contains("dropped=2", answer.MustBe(400).Body);
        await lab.AssertConvergedAsync();
        Assert.Equal(1, (await lab.B.PointsAsync("db1")).Count);
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((2, 2), (page.Of(MetricNames.Rejected, "a"), page.Of(MetricNames.Rejected, "b")));
        Assert.Equal((0, 0), (page.Of(MetricNames.Divergences, "a"), page.Of(MetricNames.Divergences, "b")));
    }

    [Fact]
    public async Task F14_One_refused_line_in_a_merged_batch_of_50_clients_costs_49_of_them_nothing()
    {
        const int clients = 50;
        const int culprit = 25;
        GatewayConfiguration configuration = new() { Consistency = "all", AckTimeout = TimeSpan.FromSeconds(15) };
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Configuration = configuration });
        await lab.WriteAsync("db1", "m v=1 1");
        // A field's type is known to the servers only, so that this line can be merged with others.
        string refused = $"m,client={culprit} v=\"text\" {culprit}";
        string expected = (await lab.A.WriteAsync("db1", refused)).MustBe(400).Body;

        lab.ProxyA.OnWrites(Fault.Wait(TimeSpan.FromMilliseconds(150)));
        lab.ProxyB.OnWrites(Fault.Wait(TimeSpan.FromMilliseconds(150)));
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => lab.Client.WriteAsync(
            "db1", client == culprit ? refused : $"m,client={client} v={client} {client}")));
        for (int client = 0; client < clients; client++)
            answers[client].MustBe(client == culprit ? 400 : 204);
        Assert.Equal(expected, answers[culprit].Body);
        Assert.Contains(lab.ProxyA.Writes, write => write.Text.Split('\n').Length > 10);

        await lab.AssertConvergedAsync();
        Assert.Equal(clients, (await lab.B.PointsAsync("db1")).Count);
        await lab.RejectedAsync("a", 1);
        await lab.RejectedAsync("b", 1);
    }

    /// <summary>Who has the 204 already cannot be told: what was refused is kept with the name of its client.</summary>
    [Fact]
    public async Task F14_One_refused_line_in_a_merged_backlog_of_50_clients_becomes_a_letter_of_its_client()
    {
        const int clients = 50;
        const int culprit = 25;
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        (await lab.B.WriteAsync("db1", $"m,client={culprit} odd=\"text\" 1")).MustBe(204);
        lab.ProxyB.Refuse();
        for (int client = 0; client < clients; client++)
        {
            using InfluxClient one = new(lab.Client.Address, IPAddress.Parse($"127.0.5.{client + 1}"));
            string field = client == culprit ? "odd" : "v";
            (await one.WriteAsync("db1", $"m,client={client} {field}={client}i {client + 2}")).MustBe(204);
        }

        lab.ProxyB.Accept();
        await lab.Gateway.SettledAsync();
        await lab.RejectedAsync("b", 1);
        Assert.Contains(lab.ProxyB.Writes, write => write.Text.Split('\n').Length > 10);
        JsonElement letter = Assert.Single(await lab.Gateway.LettersAsync());
        Assert.Equal("b", letter.GetProperty("destination").GetString());
        Assert.StartsWith($"127.0.5.{culprit + 1}", letter.GetProperty("client").GetString());
        Assert.Contains($"m,client={culprit} odd={culprit}i {culprit + 2}", letter.GetProperty("sample").GetString());
        await lab.AssertSamePointsAsync(line => line.Contains("odd"));
        Assert.Equal(clients, (await lab.B.PointsAsync("db1")).Count);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F43_One_bad_line_among_100_gets_influxdbs_own_answer_and_99_are_stored()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = GatewayConfiguration.Patient });
        await using InfluxServer reference = await InfluxServer.StartAsync(new InfluxSettings { Name = "reference" });
        await reference.Client.MustQueryAsync("CREATE DATABASE db1");
        string body = string.Join('\n', Enumerable.Range(0, 100).Select(number =>
            number == 40 ? "bad,line without=a value" : $"m,n={number} v={number} {number}"));
        Answer direct = (await reference.WriteAsync("db1", body)).MustBe(400);
        Answer answer = await lab.Client.WriteAsync("db1", body);
        Assert.Equal((direct.Status, direct.Body), (answer.Status, answer.Body));
        Assert.Equal(direct.Header("X-Influxdb-Error"), answer.Header("X-Influxdb-Error"));
        await lab.AssertConvergedAsync();
        Assert.Equal(99, (await lab.B.PointsAsync("db1")).Count);
        PointComparison.AssertEqual(await reference.PointsAsync("db1"), await lab.B.PointsAsync("db1"));
    }
}
