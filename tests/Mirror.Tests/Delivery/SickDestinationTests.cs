using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>
/// Destinations that take nothing, or not from some database: no record is set aside for it, however many fail.
/// </summary>
public sealed class SickDestinationTests
{
    private const string DiskFull = "no space left on device";

    [Fact]
    public async Task When_all_have_a_full_disk_every_record_stays()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = static _ => SentRequest.Response(500, DiskFull);
        Fates[] all = WriteSome(cluster, 4);
        await PassAsync(cluster, TimeSpan.FromMinutes(10));
        AssertStay(cluster, all);

        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.All(all, static one => Assert.Equal(("delivered", "delivered"), (one.EndAt("a"), one.EndAt("b"))));
    }

    [Fact]
    public async Task When_all_are_down_behind_proxies_that_accept_and_close_every_record_stays()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = static _ => throw ScriptedDestination.Lost();
        Fates[] all = WriteSome(cluster, 10);
        await PassAsync(cluster, TimeSpan.FromMinutes(10));
        AssertStay(cluster, all);
    }

    [Fact]
    public async Task One_that_is_restarted_in_vain_behind_a_proxy_keeps_every_record()
    {
        await using TestCluster cluster = new("a");
        int attempt = 0;
        cluster["a"].Script = _ => Interlocked.Increment(ref attempt) % 2 == 0
            ? throw ScriptedDestination.Lost()
            : throw ScriptedDestination.NotConnected();
        Fates[] all = WriteSome(cluster, 4);
        await PassAsync(cluster, TimeSpan.FromMinutes(10));
        AssertStay(cluster, all);
        Assert.InRange(attempt, 50, int.MaxValue);
    }

    [Fact]
    public async Task A_database_that_is_sick_keeps_its_records_while_another_is_well()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => request.Database == "x"
            ? SentRequest.Response(500, "engine: cache-max-memory-size exceeded: (1073741824/1073741824)")
            : ScriptedDestination.Accept(request);
        Fates[] all = WriteSome(cluster, 4);
        await PassAsync(cluster, TimeSpan.FromMinutes(20), () => cluster.Write("y", "m v=1 1"));
        AssertStay(cluster, all);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_refused_before_it_is_written_says_nothing_of_a_sick_destination(bool isAccount)
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = request =>
            request.Message.Headers.Contains("Authorization") ? SentRequest.Response(401, "authorization failed")
            : request.Body.StartsWith("bad", StringComparison.Ordinal)
                ? SentRequest.Response(400, "unable to parse 'bad'")
            : SentRequest.Response(500, DiskFull);
        if (isAccount)
        {
            cluster.Write("x", "m v=1 1", user: "wrong");
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");
        }

        List<Fates> all = [];
        for (int n = 0; n < 4; n++)
        {
            all.AddRange(WriteSome(cluster, 1));
            if (!isAccount)
                cluster.Append(watch => Records.Write("x", "bad", alone: true, watch: watch));
        }

        await PassAsync(cluster, TimeSpan.FromMinutes(10));
        Assert.All(all, static one => Assert.Null(one.EndAt("a")));
    }

    [Fact]
    public async Task Two_poisoned_writes_in_a_row_hold_nobody_up()
    {
        await using TestCluster cluster = Poisoned();
        Fates[] bad = [cluster.Write("x", "poison v=1 1"), cluster.Write("x", "poison v=2 2")];
        Fates[] good = WriteSome(cluster, 20);
        await cluster.EventuallyAsync(() => good.All(static one => one.EndAt("a") is not null), "they have their fate");
        Assert.All(bad, static one => Assert.Equal("rejected", one.EndAt("a")));
        Assert.All(good, static one => Assert.Equal("delivered", one.EndAt("a")));
        Assert.Equal(2, cluster.Cluster.Letters.List().Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_poisoned_write_before_a_statement_is_set_aside_if_other_databases_are_well_for_long(bool areWell)
    {
        await using TestCluster cluster = Poisoned();
        Fates bad = cluster.Write("x", "poison v=1 1");
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 0, "it was tried");
        Fates statement = cluster.Statement("CREATE DATABASE x", "x");
        Action others = areWell ? () => cluster.Write("y", "m v=1 1") : static () => { };
        await PassAsync(cluster, CourierHealth.HeldUp - TimeSpan.FromSeconds(30), others);
        Assert.Equal((null, null), (bad.EndAt("a"), statement.EndAt("a")));

        await PassAsync(cluster, TimeSpan.FromMinutes(3), others);
        (string?, string?) expected = areWell ? ("rejected", "delivered") : (null, null);
        Assert.Equal(expected, (bad.EndAt("a"), statement.EndAt("a")));
    }

    [Fact]
    public async Task That_other_databases_were_well_at_first_is_no_evidence_against_a_write_before_a_statement()
    {
        await using TestCluster cluster = Poisoned();
        Fates first = cluster.Write("x", "poison v=1 1");
        await PassAsync(cluster, CourierHealth.HeldUp / 2, () => cluster.Write("y", "m v=1 1"));
        cluster.Statement("CREATE DATABASE x", "x");
        cluster["a"].Script = static _ => SentRequest.Response(500, DiskFull);
        await PassAsync(cluster, CourierHealth.HeldUp * 2, () => cluster.Write("y", "m v=1 1"));
        Assert.Null(first.EndAt("a"));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(408)]
    public async Task The_last_chance_of_a_suspect_is_not_taken_by_being_told_to_wait(int status)
    {
        await using TestCluster cluster = new("a");
        int tries = 0;
        cluster["a"].Script = request => request.Lines.Contains("m v=1 1")
            ? SentRequest.Response(Interlocked.Increment(ref tries) <= 5 ? 500 : status, "slow down")
            : ScriptedDestination.Accept(request);
        Fates first = cluster.Append(watch => Records.Write("x", "m v=1 1", alone: true, watch: watch));
        cluster.Append(watch => Records.Write("x", "m v=2 2", alone: true, watch: watch));
        await PassAsync(cluster, TimeSpan.FromMinutes(2));
        Assert.Null(first.EndAt("a"));
        Assert.InRange(tries, 7, int.MaxValue);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_statement_that_meets_passing_errors_stays_and_what_is_behind_it(bool areTwo)
    {
        await using TestCluster cluster = areTwo ? new("a", "b") : new("a");
        foreach (string one in areTwo ? new[] { "a", "b" } : ["a"])
        {
            cluster[one].Script = static request => request.Query is null
                ? ScriptedDestination.Accept(request)
                : new HttpResponseMessage
                {
                    Content = new StringContent("""{"results":[{"statement_id":0,"error":"engine is closed"}]}"""),
                };
        }

        Fates statement = cluster.Statement("DELETE FROM m", "x");
        Fates behind = cluster.Write("x", "m v=1 1");
        await PassAsync(cluster, CourierHealth.HeldUp * 2, () => cluster.Write("y", "m v=1 1"));
        Assert.Equal((null, null), (statement.EndAt("a"), behind.EndAt("a")));
    }

    private static Fates[] WriteSome(TestCluster cluster, int count) =>
        [.. Enumerable.Range(0, count).Select(n => cluster.Write("x", $"m v={n} {n}"))];

    private static void AssertStay(TestCluster cluster, Fates[] all)
    {
        Assert.All(all, static one => Assert.Equal((null, null), (one.EndAt("a"), one.EndAt("b"))));
        Assert.Empty(cluster.Cluster.Letters.List());
        cluster.AssertAccounts();
    }

    /// <summary>A destination that fails over some writes, while the other one is down.</summary>
    private static TestCluster Poisoned()
    {
        TestCluster cluster = new("a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster["a"].Script = static request => request.Body.Contains("poison", StringComparison.Ordinal)
            ? SentRequest.Response(500, "panic")
            : ScriptedDestination.Accept(request);
        return cluster;
    }

    private static async Task PassAsync(TestCluster cluster, TimeSpan time, Action? often = null)
    {
        DateTimeOffset until = cluster.Time.GetUtcNow() + time;
        int i = 0;
        await cluster.UntilAsync(
            () =>
            {
                if (++i % 4 == 0)
                    often?.Invoke();
                return cluster.Time.GetUtcNow() > until;
            },
            "time has passed",
            TimeSpan.FromSeconds(1));
    }
}
