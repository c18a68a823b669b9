using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Order, one request in flight, merging: what a courier does while all goes well.</summary>
public sealed class LaneTests
{
    [Fact]
    public async Task A_lane_has_one_request_under_way_and_merges_what_comes_meanwhile()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;

        cluster.Write("x", "m v=1 1");
        SentRequest first = await cluster["a"].NextAsync();
        for (int i = 2; i <= 5; i++)
            cluster.Write("x", $"m v={i} {i}");
        Assert.False(cluster["a"].HasOpen);
        first.Answer(204);
        SentRequest second = await cluster["a"].NextAsync();
        second.Answer(204);
        await cluster.QuietAsync();

        Assert.Equal(["m v=1 1"], first.Lines);
        Assert.Equal(["m v=2 2", "m v=3 3", "m v=4 4", "m v=5 5"], second.Lines);
        Assert.Equal(1, cluster["a"].MostAtOnce);
    }

    [Fact]
    public async Task Nothing_waits_for_company()
    {
        await using TestCluster cluster = new("a");

        for (int i = 1; i <= 3; i++)
        {
            Fates fates = cluster.Write("x", $"m v={i} {i}");
            await cluster.UntilAsync(() => fates.EndAt("a") == "delivered", "it is delivered");
        }

        Assert.Equal(3, cluster["a"].Requests.Count);
    }

    [Fact]
    public async Task Records_of_a_database_arrive_in_journal_order_whatever_they_are_merged_with()
    {
        await using TestCluster cluster = new("a");
        List<string> lines = [];
        for (int i = 0; i < 2_000; i++)
        {
            string? policy = i % 7 == 0 ? "week" : null;
            lines.Add($"m v={i} {i}");
            cluster.Write("x", lines[^1], policy);
        }

        await cluster.QuietAsync();

        Assert.Equal(lines, cluster["a"].Lines);
        Assert.Equal(1, cluster["a"].MostAtOnce);
        Assert.All(cluster["a"].Requests, static request => Assert.Single(
            request.Lines.Select(static line => int.Parse(line.Split(' ')[2]) % 7 == 0).Distinct()));
    }

    [Fact]
    public async Task A_batch_ends_before_it_exceeds_its_size()
    {
        await using TestCluster cluster = new("a");
        cluster.Options.Delivery.MaxBatchKB = 1;
        cluster.Courier("a").Reconfigure();
        cluster["a"].Script = ScriptedDestination.Wait;
        string line = "m s=\"" + new string('x', 400) + "\" 1";
        cluster.Write("x", line);
        SentRequest first = await cluster["a"].NextAsync();
        for (int i = 0; i < 5; i++)
            cluster.Write("x", line);
        cluster.Write("x", "m s=\"" + new string('y', 4000) + "\" 1");

        cluster["a"].Script = ScriptedDestination.Accept;
        first.Answer(204);
        await cluster.QuietAsync();

        Assert.Equal([1, 2, 2, 1, 1], cluster["a"].Requests.Select(static request => request.Lines.Length));
    }

    [Fact]
    public async Task A_lane_that_hangs_holds_up_no_other_one()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request =>
            request.Database == "slow" ? null : ScriptedDestination.Accept(request);
        Fates slow = cluster.Write("slow", "m v=1 1");
        SentRequest hanging = await cluster["a"].NextAsync();

        Fates[] others = [.. Enumerable.Range(0, 20).Select(n => cluster.Write($"x{n}", "m v=1 1"))];
        await cluster.UntilAsync(() => others.All(static one => one.EndAt("a") == "delivered"), "the others are there");

        Assert.Null(slow.EndAt("a"));
        hanging.Answer(204);
        await cluster.UntilAsync(() => slow.EndAt("a") == "delivered", "the slow one is there");
    }

    [Fact]
    public async Task A_destination_that_hangs_holds_up_no_other_one()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = ScriptedDestination.Wait;

        Fates[] all = [.. Enumerable.Range(0, 50).Select(n => cluster.Write("x", $"m v={n} {n}"))];
        await cluster.UntilAsync(() => all.All(static one => one.EndAt("b") == "delivered"), "b has everything");

        Assert.All(all, static one => Assert.Null(one.EndAt("a")));
        Assert.Equal(50, cluster.Courier("a").Tally.Pending);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task Bytes_are_given_back_once_every_destination_has_them()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        SentRequest request = await cluster["a"].NextAsync();
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 1, "b has it");
        Assert.True(cluster.Cluster.Journal.Bytes > 0);

        request.Answer(204);

        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
    }

    [Fact]
    public async Task A_record_is_unavailable_at_once_behind_a_lane_in_trouble()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        Fates first = cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => first.At("a").Contains("unavailable"), "the failure is told");

        Assert.Equal(["unavailable"], cluster.Write("x", "m v=2 2").At("a"));
        Assert.True(cluster.Courier("a").IsFailing);
    }

    [Fact]
    public async Task What_waited_for_a_dead_destination_arrives_in_order_when_it_is_back()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        for (int i = 0; i < 200; i++)
            cluster.Write("x", $"m v={i} {i}");
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 5, "it was tried some times");
        int tries = cluster["a"].Requests.Count;

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();

        Assert.Equal(
            Enumerable.Range(0, 200).Select(static i => $"m v={i} {i}"),
            cluster["a"].Requests.Skip(tries).SelectMany(static request => request.Lines));
        Assert.False(cluster.Courier("a").IsFailing);
        Assert.Equal(200, cluster.Courier("a").Tally.Delivered);
    }

    [Fact]
    public async Task The_oldest_record_without_a_fate_is_the_lag()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        await cluster["a"].NextAsync();
        cluster.Time.Advance(TimeSpan.FromSeconds(3));
        cluster.Write("y", "m v=1 1");
        cluster.Time.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(TimeSpan.FromSeconds(7), cluster.Courier("a").Lag());
        await cluster.UntilAsync(() => cluster.Courier("b").Lag() == TimeSpan.Zero, "b has everything");
    }

    [Fact]
    public async Task Credentials_and_query_arrive_as_the_client_sent_them()
    {
        await using TestCluster cluster = new("a");
        cluster.Write("a%2Fb%20c", "m v=1 1", user: "dTpw");
        await cluster.QuietAsync();

        HttpRequestMessage sent = Assert.Single(cluster["a"].Requests).Message;
        Assert.Equal("Basic dTpw", sent.Headers.Authorization!.ToString());
        Assert.Equal("http://a:8086/write?db=a%2Fb%20c", sent.RequestUri!.AbsoluteUri);
        Assert.Equal(HttpMethod.Post, sent.Method);
        Assert.Equal(new Version(1, 1), sent.Version);
    }

    [Fact]
    public async Task A_new_destination_gets_what_comes_after_it()
    {
        await using TestCluster cluster = new("a");
        cluster.Write("x", "m v=1 1");
        await cluster.QuietAsync();

        cluster.Add("b");
        cluster.Write("x", "m v=2 2");
        await cluster.QuietAsync();

        Assert.Equal(["m v=2 2"], cluster["b"].Lines);
        Assert.Equal(1, cluster.Courier("b").Tally.Accepted);
    }
}
