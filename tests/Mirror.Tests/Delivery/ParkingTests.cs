using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Records that a destination cannot take until somebody repairs it.</summary>
public sealed class ParkingTests
{
    private const string NoDatabase = "database not found: \\\"x\\\"";

    [Fact]
    public async Task Records_of_a_missing_database_are_parked_and_the_others_flow_on()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");

        Fates first = cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => first.At("a").Contains("parked"), "it is parked");
        Fates second = cluster.Write("x", "m v=2 2");
        Fates other = cluster.Write("y", "m v=1 1");
        await cluster.UntilAsync(() => other.EndAt("a") == "delivered", "the other database flows on");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 2, "both are parked");

        Assert.Equal(2, cluster.Courier("a").Tally.Pending);
        Assert.Contains("unavailable", second.At("a"));
        Assert.True(cluster.Courier("a").IsParked("x"));
        Assert.False(cluster.Courier("a").IsParked("y"));
        Assert.Equal(TimeSpan.Zero, cluster.Courier("a").Lag());
        Assert.Equal([("x", null, VerdictKind.ParkDatabase, 2)], cluster.Courier("a").Parked());
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task They_go_on_in_order_right_after_a_statement_that_heals()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");
        for (int i = 0; i < 5; i++)
            cluster.Write("x", $"m v={i} {i}");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 5, "all are parked");

        cluster["a"].Script = ScriptedDestination.Accept;
        int before = cluster["a"].Requests.Count;
        cluster.Statement("CREATE DATABASE x", "x");
        cluster.Write("x", "m v=5 5");

        // Without the clock: not the interval, the statement brings them back.
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "all are delivered");
        Assert.Equal(
            Enumerable.Range(0, 6).Select(static i => $"m v={i} {i}"),
            cluster["a"].Requests.Skip(before).SelectMany(static request => request.Lines));
        Assert.False(cluster.Courier("a").IsParked("x"));
    }

    [Fact]
    public async Task What_comes_back_is_missed_while_something_newer_is_under_way()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => request.RetentionPolicy == "week"
            ? SentRequest.Response(500, "retention policy not found: week")
            : null;
        Fates older = cluster.Write("x", "m v=1 1", retentionPolicy: "week");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");
        cluster.Write("x", "m v=2 2");
        SentRequest newer = await cluster["a"].NextAsync();

        cluster.Time.Advance(cluster.Options.Delivery.ParkedRetryInterval);

        Assert.False(cluster.Courier("a").Has("x", older.Record.Position, 0));
        newer.Answer(204);
    }

    [Fact]
    public async Task They_are_tried_again_after_another_interval_once_that_is_configured()
    {
        await using TestCluster cluster = new("a");
        cluster.Options.Delivery.ParkedRetryInterval = TimeSpan.FromHours(1);
        cluster.Courier("a").Reconfigure();
        cluster["a"].Script = Without("x");
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");

        cluster.Options.Delivery.ParkedRetryInterval = TimeSpan.FromSeconds(1);
        cluster.Courier("a").Reconfigure();
        DateTimeOffset soon = cluster.Time.GetUtcNow() + TimeSpan.FromMinutes(1);
        int before = cluster["a"].Requests.Count;
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > before + 10, "it is tried each second");
        Assert.True(cluster.Time.GetUtcNow() < soon);
    }

    [Fact]
    public async Task They_are_tried_again_after_each_interval()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");

        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count >= 3, "it was tried again");
        Assert.Equal(1, cluster.Courier("a").Tally.Parked);
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 1, "it is delivered");
        Assert.Equal(0, cluster.Courier("a").Tally.Parked);
    }

    [Fact]
    public async Task A_missing_retention_policy_parks_only_its_own_records()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => request.RetentionPolicy == "week"
            ? SentRequest.Response(500, "retention policy not found: week")
            : ScriptedDestination.Accept(request);

        Fates parked = cluster.Write("x", "m v=1 1", "week");
        await cluster.UntilAsync(() => parked.At("a").Contains("parked"), "it is parked");
        Fates flows = cluster.Write("x", "m v=2 2");
        await cluster.UntilAsync(() => flows.EndAt("a") == "delivered", "the default policy flows on");

        Assert.Equal([("x", "week", VerdictKind.ParkRetentionPolicy, 1)], cluster.Courier("a").Parked());
        Assert.Equal(1, cluster.Courier("a").Counters.Overtaken);
    }

    [Theory]
    [InlineData(401, "authorization failed")]
    [InlineData(403, "user is not authorized")]
    public async Task An_unknown_account_parks_only_its_own_records(int status, string error)
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = request => request.Message.Headers.Authorization?.Parameter == "bob"
            ? SentRequest.Response(status, error)
            : ScriptedDestination.Accept(request);

        Fates parked = cluster.Write("x", "m v=1 1", user: "bob");
        await cluster.UntilAsync(() => parked.At("a").Contains("parked"), "it is parked");
        Fates flows = cluster.Write("x", "m v=2 2", user: "eve");
        await cluster.UntilAsync(() => flows.EndAt("a") == "delivered", "the other account flows on");

        Assert.Equal([("x", null, VerdictKind.ParkAccount, 1)], cluster.Courier("a").Parked());
    }

    [Fact]
    public async Task A_second_obstacle_behind_the_first_one_parks_them_anew()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");
        cluster.Write("x", "m v=1 1", "week");
        cluster.Write("x", "m v=2 2", "week");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 2, "both are parked");

        cluster["a"].Script = static request => request.Query is null
            ? SentRequest.Response(500, "retention policy not found: week")
            : ScriptedDestination.Accept(request);
        cluster.Statement("CREATE DATABASE x", "x");
        await cluster.UntilAsync(
            () => cluster.Courier("a").Parked() is [{ Reason: VerdictKind.ParkRetentionPolicy, Records: 2 }],
            "they wait for the retention policy");

        cluster["a"].Script = ScriptedDestination.Accept;
        int before = cluster["a"].Requests.Count;
        cluster.Statement("CREATE RETENTION POLICY week ON x", "x");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "both are delivered");
        Assert.Equal(
            ["m v=1 1", "m v=2 2"],
            cluster["a"].Requests.Skip(before).SelectMany(static request => request.Lines));
    }

    [Fact]
    public async Task A_statement_that_drops_makes_dead_letters_of_what_is_parked_before_it()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");
        cluster.Write("x", "m v=1 1");
        cluster.Write("x", "m v=2 2");
        Fates other = cluster.Write("y", "m v=9 9");
        await cluster.UntilAsync(
            () => cluster.Courier("a").Tally.Parked == 2 && other.EndAt("a") == "delivered", "both are parked");

        cluster["a"].Script = ScriptedDestination.Accept;
        int before = cluster["a"].Requests.Count;
        cluster.Statement("DROP MEASUREMENT m", "x");
        cluster.Write("x", "m v=3 3");
        await cluster.QuietAsync();

        Assert.Equal(["m v=3 3"], cluster["a"].Requests.Skip(before).SelectMany(static request => request.Lines));
        Assert.Equal(["m v=1 1", "m v=2 2"], cluster.Cluster.Letters.List().Select(static letter => letter.Sample));
        CourierTally tally = cluster.Courier("a").Tally;
        Assert.Equal((2, 0, 0), (tally.Rejected, tally.Pending, tally.Parked));
        Assert.Equal(0, cluster.Cluster.Journal.Bytes);
    }

    [Fact]
    public async Task A_statement_that_drops_elsewhere_leaves_them_alone()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");

        Fates drop = cluster.Statement("DROP MEASUREMENT m", "y");
        await cluster.UntilAsync(() => drop.EndAt("a") == "delivered", "the statement ran");

        Assert.Equal(1, cluster.Courier("a").Tally.Parked);
        Assert.Empty(cluster.Cluster.Letters.List());
    }

    [Fact]
    public async Task A_parked_record_that_is_refused_for_good_is_a_dead_letter()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = Without("x");
        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");

        cluster["a"].Script = static _ => SentRequest.Response(400, "partial write: field type conflict dropped=1");
        await cluster.EventuallyAsync(
            () => fates.EndAt("a") == "rejected" && cluster.Cluster.Letters.List().Count == 1, "it is refused");

        Assert.Equal(0, cluster.Courier("a").Tally.Parked);
        cluster.AssertAccounts();
    }

    /// <summary>Everything is there but one database.</summary>
    private static Func<SentRequest, HttpResponseMessage?> Without(string database) => request =>
        request.Query is null && request.Database == database
            ? SentRequest.Response(404, NoDatabase.Replace("\\\"", "'", StringComparison.Ordinal))
            : ScriptedDestination.Accept(request);
}
