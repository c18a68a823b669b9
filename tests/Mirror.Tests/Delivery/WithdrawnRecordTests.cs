using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What every destination that could be asked refused, and whose client was told so, nobody gets.</summary>
public sealed class WithdrawnRecordTests
{
    [Fact]
    public async Task It_is_not_sent_when_it_waits_in_a_lane()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        SentRequest first = await cluster["a"].NextAsync();
        Fates withdrawn = cluster.Write("x", "m v=2 2");
        cluster.Write("x", "m v=3 3");

        withdrawn.Record.Withdraw();
        cluster["a"].Script = ScriptedDestination.Accept;
        first.Answer(204);
        await cluster.QuietAsync();

        Assert.Equal(["m v=1 1", "m v=3 3"], cluster["a"].Lines);
        Assert.Equal((3, 2, 1), Account(cluster));
        Assert.Equal(1, cluster.Courier("a").Counters.Withdrawn);
    }

    [Fact]
    public async Task It_is_not_sent_again_when_its_request_found_nobody()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        Fates withdrawn = cluster.Write("x", "m v=1 1");
        int tries = await TriesAsync(cluster);

        withdrawn.Record.Withdraw();
        cluster.Write("x", "m v=2 2");
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();

        Assert.Equal(["m v=2 2"], cluster["a"].Requests.Skip(tries).SelectMany(static one => one.Lines));
        Assert.Equal((2, 1, 1), Account(cluster));
        Assert.Equal(0, cluster.Cluster.Journal.Bytes);
    }

    [Fact]
    public async Task A_statement_is_not_sent_again_either_and_lets_its_lanes_go()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        Fates withdrawn = cluster.Statement("CREATE DATABASE x", "x");
        int tries = await TriesAsync(cluster);

        withdrawn.Record.Withdraw();
        cluster["a"].Script = ScriptedDestination.Accept;
        cluster.Write("x", "m v=1 1");
        await cluster.QuietAsync();

        Assert.Equal(["m v=1 1"], cluster["a"].Requests.Skip(tries).SelectMany(static one => one.Lines));
        Assert.DoesNotContain(cluster["a"].Requests.Skip(tries), static one => one.Query is not null);
        Assert.Equal((2, 1, 1), Account(cluster));
    }

    [Fact]
    public async Task A_statement_that_drops_leaves_what_is_parked_when_it_is_not_sent()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => request.Database == "x"
            ? SentRequest.Response(404, "database not found: 'x'")
            : null;
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");
        cluster.Write("y", "m v=2 2");
        SentRequest before = await cluster["a"].NextAsync();
        while (before.Database != "y")
            before = await cluster["a"].NextAsync();
        Fates withdrawn = cluster.Statement("DROP MEASUREMENT m", "x", "y");

        withdrawn.Record.Withdraw();
        before.Answer(204);
        await cluster.UntilAsync(() => cluster.Courier("a").Counters.Withdrawn == 1, "it is taken back");

        Assert.Equal(1, cluster.Courier("a").Tally.Parked);
        Assert.Empty(cluster.Cluster.Letters.List());
    }

    [Fact]
    public async Task It_is_not_sent_when_it_is_parked_behind_others()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        cluster.Write("x", "m v=1 1");
        Fates withdrawn = cluster.Write("x", "m v=2 2");
        cluster.Write("x", "m v=3 3");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 3, "all are parked");
        int tries = cluster["a"].Requests.Count;

        withdrawn.Record.Withdraw();
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Pending == 0, "nothing is pending");

        Assert.Equal(
            ["m v=1 1", "m v=3 3"], cluster["a"].Requests.Skip(tries).SelectMany(static one => one.Lines));
        Assert.Equal((3, 2, 1), Account(cluster));
        Assert.Equal(0, cluster.Courier("a").Tally.Parked);
        Assert.Equal(0, cluster.Cluster.Journal.Bytes);
    }

    [Fact]
    public async Task What_is_parked_is_given_back_at_once_when_it_is_taken_back()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => fates.At("a").Contains("parked"), "it is parked");

        fates.Record.Withdraw();
        cluster.Courier("a").Unpark(fates.Record);

        Assert.Equal((1, 0, 1), Account(cluster));
        Assert.False(cluster.Courier("a").IsParked("x"));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
    }

    [Fact]
    public async Task What_is_left_of_its_batch_is_missed_until_it_is_delivered()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=0 0");
        SentRequest first = await cluster["a"].NextAsync();
        Fates withdrawn = cluster.Write("x", "m v=1 1");
        Fates left = cluster.Write("x", "m v=2 2");
        cluster["a"].Script = static _ => SentRequest.Response(500, "timeout");
        first.Answer(204);
        await cluster.UntilAsync(() => cluster["a"].Requests.Count >= 2, "the batch was tried");

        withdrawn.Record.Withdraw();
        await cluster.EventuallyAsync(
            () => cluster["a"].Requests.Count(static request => request.Body == "m v=2 2") > 1, "the rest is tried");

        Courier courier = cluster.Courier("a");
        Assert.False(courier.Has("x", left.Record.Position, 0));
        cluster.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(courier.Lag() >= TimeSpan.FromMinutes(1));
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => courier.Has("x", left.Record.Position, 0), "it is there");
    }

    /// <summary>Some tries in vain, none of them under way while the clock stands.</summary>
    private static async Task<int> TriesAsync(TestCluster cluster)
    {
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count >= 2, "it was tried");
        await cluster.UntilAsync(
            () => cluster.Courier("a").Counters.Sends == cluster["a"].Requests.Count, "no try is under way");
        return cluster["a"].Requests.Count;
    }

    private static (long, long, long) Account(TestCluster cluster)
    {
        CourierTally tally = cluster.Courier("a").Tally;
        cluster.AssertAccounts();
        return (tally.Accepted, tally.Delivered, tally.Rejected);
    }
}
