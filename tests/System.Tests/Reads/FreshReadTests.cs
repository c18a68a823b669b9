using System.Diagnostics;
using System.Globalization;

namespace Gateway.SystemTests.Reads;

public sealed class FreshReadTests(ITestOutputHelper output)
{
    [Fact]
    public async Task F44_Every_query_sees_the_write_before_it_though_one_destination_is_slower()
    {
        const int rounds = 1000;
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Proxied = true, Databases = ["db1", "background"] });
        lab.ProxyB.OnWrites(Fault.Wait(TimeSpan.FromMilliseconds(50)));
        await using LoadWriter load = LoadWriter.Start(lab.Client, "background", clients: 2);
        Dictionary<string, int> served = [];
        Stopwatch watch = Stopwatch.StartNew();
        for (int round = 1; round <= rounds; round++)
        {
            await lab.WriteAsync("db1", $"m v={round} {round}");
            Answer answer = await lab.Client.GetQueryAsync(
                $"SELECT v FROM m WHERE time = {round}", "db1", "epoch=ns");
            string seen = string.Create(CultureInfo.InvariantCulture, $"[[{round},{round}]]");
            Assert.True(answer.Body.Contains(seen), $"round {round} was not seen on {answer.Destination}: {answer}");
            string destination = answer.Destination ?? "(nobody)";
            served[destination] = served.GetValueOrDefault(destination) + 1;
        }

        output.WriteLine($"{rounds} rounds in {watch.Elapsed.TotalSeconds:0.0} s, served by "
            + string.Join(", ", served.Select(pair => $"{pair.Key}: {pair.Value}")));
        await load.StopAsync();
        Assert.Empty(load.Refusals);
        await lab.AssertConvergedAsync();
        await load.Acknowledged.AssertStoredAsync(lab.B);
    }

    [Fact]
    public async Task Reads_are_spread_over_destinations_that_have_everything()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        await lab.Gateway.SettledAsync();
        HashSet<string?> served = [];
        await Eventually.TrueAsync("both destinations serve reads", async () =>
        {
            served.Add((await lab.Client.GetQueryAsync("SELECT * FROM m", "db1")).MustBe(200).Destination);
            return served.IsSupersetOf(["a", "b"]);
        });
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task A_read_goes_to_the_destination_it_names()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        foreach (string pin in new[] { "a", "b", "a", "b" })
        {
            Answer answer = (await lab.Client.GetQueryAsync("SHOW DATABASES", pin: pin)).MustBe(200);
            Assert.Equal(pin, answer.Destination);
        }

        Answer unknown = await lab.Client.GetQueryAsync("SHOW DATABASES", pin: "nobody");
        Assert.InRange(unknown.Status, 400, 503);
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("SHOW SHARDS")]
    [InlineData("SHOW STATS")]
    [InlineData("SHOW DIAGNOSTICS")]
    [InlineData("SHOW QUERIES")]
    [InlineData("SHOW SUBSCRIPTIONS")]
    public async Task A_question_about_one_server_is_answered_by_one(string q)
    {
        await using Lab lab = await Lab.StartAsync();
        Answer answer = (await lab.Client.GetQueryAsync(q)).MustBe(200);
        Assert.Contains(answer.Destination, new[] { "a", "b" });
        Assert.DoesNotContain("\"error\"", answer.Body);
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("SELECT * FROM m", "pretty=true")]
    [InlineData("SELECT * FROM m", "epoch=ms")]
    [InlineData("SELECT * FROM m", "chunked=true&chunk_size=2")]
    [InlineData("SELECT * FROM nowhere", "")]
    [InlineData("SELECT nonsense", "")]
    [InlineData("", "")]
    [InlineData("SELECT * FROM m WHERE v > $low", "params=%7B%22low%22%3A2%7D")]
    public async Task Answers_to_reads_are_influxdbs_own_bytes(string q, string more)
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m,t=a v=1 1\nm,t=b v=2 2\nm,t=c v=3 3", "consistency=all");
        Answer direct = await lab.A.Client.GetQueryAsync(q, "db1", more);
        Answer answer = await lab.Client.GetQueryAsync(q, "db1", more);
        Assert.Equal((direct.Status, direct.Body), (answer.Status, answer.Body));
        foreach (string header in new[] { "Content-Type", "X-Influxdb-Version", "X-Influxdb-Error" })
            Assert.Equal(direct.Header(header), answer.Header(header));
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task A_chunked_answer_is_passed_on_as_it_arrives()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        string lines = string.Join('\n', Enumerable.Range(0, 40).Select(number => $"m v={number} {number}"));
        await lab.WriteAsync("db1", lines, "consistency=all");
        lab.ProxyA.OnQueries(Fault.Trickle(1000));
        lab.ProxyB.OnQueries(Fault.Trickle(1000));
        Stopwatch watch = Stopwatch.StartNew();
        using HttpResponseMessage answer = await lab.Client.OpenAsync(
            "/query?db=db1&chunked=true&chunk_size=1&q=" + Uri.EscapeDataString("SELECT * FROM m"));
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using Stream body = await answer.Content.ReadAsStreamAsync(stop);
        await body.ReadExactlyAsync(new byte[100], stop);
        TimeSpan first = watch.Elapsed;
        await body.CopyToAsync(Stream.Null, stop);
        TimeSpan whole = watch.Elapsed;
        Assert.True(whole - first > TimeSpan.FromSeconds(1), $"first bytes after {first}, the last after {whole}");
        lab.ProxyA.Heal();
        lab.ProxyB.Heal();
        await lab.AssertConvergedAsync();
    }
}
