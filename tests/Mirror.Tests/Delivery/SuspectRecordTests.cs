using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>
/// A record that meets only server errors, or ends the destination: is it the record, or the destination?
/// </summary>
public sealed class SuspectRecordTests
{
    private const string Panic = "panic in this request";

    [Fact]
    public async Task After_five_server_errors_it_is_set_aside_if_the_next_write_succeeds()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Failing("bad");
        Fates bad = cluster.Write("x", "bad v=1 1");
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count >= 2, "it was tried");
        Fates good = cluster.Write("x", "m v=2 2");
        await cluster.QuietAsync();

        Assert.Equal(("rejected", "delivered"), (bad.EndAt("a"), good.EndAt("a")));
        // One more try than the limit: the destination might have recovered before the next write.
        Assert.Equal(6, cluster["a"].Requests.Count(static request => request.Lines.Contains("bad v=1 1")));
        Assert.Contains(Panic, Assert.Single(cluster.Cluster.Letters.List()).Reason, StringComparison.Ordinal);
        Assert.Equal(1, cluster.Courier("a").Counters.SetAside);
    }

    [Fact]
    public async Task While_the_next_write_fails_too_both_stay()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(500, "no space left on device");
        Fates[] all = [.. Enumerable.Range(0, 4).Select(n => cluster.Write("x", $"m v={n} {n}"))];

        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 30, "it was tried many times");
        Assert.All(all, static one => Assert.Null(one.EndAt("a")));
        Assert.Equal(4, cluster.Courier("a").Tally.Pending);
        Assert.Empty(cluster.Cluster.Letters.List());

        int before = cluster["a"].Requests.Count;
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.All(all, static one => Assert.Equal("delivered", one.EndAt("a")));
        Assert.Equal(
            Enumerable.Range(0, 4).Select(static n => $"m v={n} {n}"),
            cluster["a"].Requests.Skip(before).SelectMany(static request => request.Lines));
    }

    [Fact]
    public async Task In_a_merged_batch_only_the_one_that_is_to_blame_is_set_aside()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=0 0");
        SentRequest first = await cluster["a"].NextAsync();
        Fates[] all =
            [.. Enumerable.Range(1, 8).Select(n => cluster.Write("x", n == 6 ? "bad v=1 1" : $"m v={n} {n}"))];

        cluster["a"].Script = Failing("bad");
        first.Answer(204);
        await cluster.QuietAsync();

        Assert.Equal(
            Enumerable.Range(1, 8).Select(static n => n == 6 ? "rejected" : "delivered"),
            all.Select(static one => one.EndAt("a")));
        Assert.Single(cluster.Cluster.Letters.List());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_after_which_the_destination_vanishes_twice_is_set_aside(bool isProbed)
    {
        await using TestCluster cluster = new("a");
        int refusals = 0, kills = 0;
        cluster["a"].Script = request =>
        {
            if (Interlocked.Decrement(ref refusals) >= 0)
                throw ScriptedDestination.NotConnected();
            // A probe finds it up again.
            if (isProbed)
                cluster.Courier("a").NoteReachable();
            if (!request.Lines.Contains("bad v=1 1"))
                return ScriptedDestination.Accept(request);
            Volatile.Write(ref refusals, 2);
            kills++;
            throw ScriptedDestination.Lost();
        };

        Fates bad = cluster.Append(watch => Records.Write("x", "bad v=1 1", alone: true, watch: watch));
        Fates good = cluster.Write("x", "m v=2 2");
        await cluster.QuietAsync();

        Assert.Equal(("rejected", "delivered"), (bad.EndAt("a"), good.EndAt("a")));
        Assert.Contains("vanished twice", Assert.Single(cluster.Cluster.Letters.List()).Reason, StringComparison.Ordinal);
        Assert.Equal(2, kills);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task A_record_is_not_sent_to_a_proxy_before_a_destination_that_is_gone_since_it_had_the_record(int ping)
    {
        await using TestCluster cluster = new("a");
        int attempts = 0, pings = 0;
        bool isGone = true;
        cluster["a"].Script = request =>
        {
            if (request.Path == "/ping")
            {
                pings++;
                return !Volatile.Read(ref isGone) ? ScriptedDestination.Accept(request)
                    : ping == 0 ? throw ScriptedDestination.Lost() : SentRequest.Response(ping, "no server");
            }

            return ++attempts switch
            {
                1 => throw ScriptedDestination.Lost(),
                2 => throw ScriptedDestination.NotConnected(),
                _ => ScriptedDestination.Accept(request),
            };
        };

        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster.EventuallyAsync(() => Volatile.Read(ref pings) > 5, "it is looked for");
        Assert.Equal((2, null), (attempts, fates.EndAt("a")));
        Volatile.Write(ref isGone, false);
        await cluster.QuietAsync();

        Assert.Equal((3, "delivered"), (attempts, fates.EndAt("a")));
    }

    [Fact]
    public async Task A_record_that_breaks_the_connection_is_set_aside_if_the_next_write_succeeds()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => request.Lines.Contains("bad v=1 1")
            ? throw ScriptedDestination.Lost()
            : ScriptedDestination.Accept(request);
        Fates bad = cluster.Append(watch => Records.Write("x", "bad v=1 1", alone: true, watch: watch));
        Fates good = cluster.Write("x", "m v=2 2");
        await cluster.QuietAsync();

        Assert.Equal(("rejected", "delivered"), (bad.EndAt("a"), good.EndAt("a")));
        Assert.Contains("breaks", Assert.Single(cluster.Cluster.Letters.List()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_destination_that_vanishes_once_takes_the_record_later()
    {
        await using TestCluster cluster = new("a");
        int attempt = 0;
        cluster["a"].Script = request => Interlocked.Increment(ref attempt) switch
        {
            1 => throw ScriptedDestination.Lost(),
            < 6 => throw ScriptedDestination.NotConnected(),
            _ => ScriptedDestination.Accept(request),
        };

        Fates fates = cluster.Write("x", "m v=1 1");
        cluster.Time.Advance(TimeSpan.FromMilliseconds(1));
        await cluster.QuietAsync();

        Assert.Equal("delivered", fates.EndAt("a"));
        Assert.Empty(cluster.Cluster.Letters.List());
    }

    [Theory]
    [InlineData(429)]
    [InlineData(408)]
    public async Task Being_told_to_wait_is_no_server_error(int status)
    {
        await using TestCluster cluster = new("a");
        int answers = 0;
        cluster["a"].Script = request =>
            request.Lines.Contains("m v=1 1") && Interlocked.Increment(ref answers) <= 12
                ? SentRequest.Response(status, "slow down")
                : ScriptedDestination.Accept(request);

        Fates first = cluster.Append(watch => Records.Write("x", "m v=1 1", alone: true, watch: watch));
        cluster.Append(watch => Records.Write("x", "m v=2 2", alone: true, watch: watch));
        await cluster.QuietAsync();

        Assert.Equal("delivered", first.EndAt("a"));
        Assert.Equal(["m v=1 1", "m v=2 2"], cluster["a"].Lines.TakeLast(2));
    }

    [Fact]
    public async Task A_statement_is_never_set_aside_for_server_errors()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(503, "busy");
        Fates statement = cluster.Statement("CREATE DATABASE x", "x");
        cluster.Write("x", "m v=1 1");

        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 8, "it was tried many times");
        Assert.Null(statement.EndAt("a"));

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.Equal("delivered", statement.EndAt("a"));
    }

    private static Func<SentRequest, HttpResponseMessage?> Failing(string measurement) => request =>
        Array.Exists(request.Lines, line => line.StartsWith(measurement, StringComparison.Ordinal))
            ? SentRequest.Response(500, Panic)
            : ScriptedDestination.Accept(request);
}
