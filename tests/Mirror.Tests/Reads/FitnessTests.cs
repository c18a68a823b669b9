using InfluxMirror.Reads;
using InfluxMirror.Tests.Delivery;
using InfluxMirror.Tests.Writes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Yarp.ReverseProxy.Model;

namespace InfluxMirror.Tests.Reads;

public sealed class FitnessTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_destination_nobody_said_anything_about_is_fit()
    {
        await using TestCluster cluster = new("a");

        Assert.Equal((FitnessLevel.Fit, null), Judge(cluster, Fitness(cluster)));
    }

    [Fact]
    public async Task A_failed_probe_takes_it_out_at_once_and_it_is_back_only_after_the_hold_down()
    {
        await using TestCluster cluster = new("a");
        Fitness fitness = Fitness(cluster);

        Assert.Equal(FitnessLevel.Down, Judge(cluster, fitness, DestinationHealth.Unhealthy).Level);
        Assert.Equal(FitnessLevel.HeldDown, Judge(cluster, fitness, DestinationHealth.Healthy).Level);
        cluster.Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(FitnessLevel.HeldDown, Judge(cluster, fitness, DestinationHealth.Healthy).Level);
        cluster.Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(FitnessLevel.Fit, Judge(cluster, fitness, DestinationHealth.Healthy).Level);
    }

    [Fact]
    public async Task Each_lapse_starts_the_hold_down_anew()
    {
        await using TestCluster cluster = new("a");
        Fitness fitness = Fitness(cluster);
        Judge(cluster, fitness, DestinationHealth.Unhealthy);
        cluster.Time.Advance(4 * Second);
        Judge(cluster, fitness, DestinationHealth.Unhealthy);
        cluster.Time.Advance(4 * Second);

        Assert.Equal(FitnessLevel.HeldDown, Judge(cluster, fitness).Level);
    }

    [Fact]
    public async Task Falling_behind_the_most_advanced_one_makes_it_stale()
    {
        await using TestCluster cluster = new("a");
        Fitness fitness = Fitness(cluster);

        Assert.Equal(FitnessLevel.Fit, fitness.Judge(DestinationHealth.Healthy, Second, TimeSpan.Zero, new()));
        Assert.Equal(
            FitnessLevel.Stale, fitness.Judge(DestinationHealth.Healthy, 1.1 * Second, TimeSpan.Zero, new()));
        Assert.Contains("1.1 s behind", fitness.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task If_all_are_behind_alike_none_is_stale()
    {
        await using TestCluster cluster = new("a");

        Assert.Equal(
            FitnessLevel.Fit,
            Fitness(cluster).Judge(DestinationHealth.Healthy, 60 * Second, 59.5 * Second, new()));
    }

    [Fact]
    public async Task A_read_that_could_not_reach_it_takes_it_out_for_the_hold_down_or_until_a_probe_does()
    {
        await using TestCluster cluster = new("a");
        Fitness fitness = Fitness(cluster);

        fitness.NoteReadFailure();
        Assert.Equal(FitnessLevel.Down, Judge(cluster, fitness).Level);
        cluster.Time.Advance(4 * Second);
        Assert.Equal(FitnessLevel.Down, Judge(cluster, fitness).Level);
        cluster.Time.Advance(1 * Second);
        Assert.Equal(FitnessLevel.HeldDown, Judge(cluster, fitness).Level);

        fitness.NoteReadFailure();
        Assert.Equal(FitnessLevel.Down, Judge(cluster, fitness).Level);
        fitness.NoteProbeSuccess();
        Assert.Equal(FitnessLevel.HeldDown, Judge(cluster, fitness).Level);
        cluster.Time.Advance(5 * Second);
        Assert.Equal(FitnessLevel.Fit, Judge(cluster, fitness).Level);
    }

    [Fact]
    public async Task Sends_that_fail_make_it_stale_and_the_reason_is_told()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => fates.At("a").Length > 0, "the failure is told");

        (FitnessLevel level, string? reason) = Judge(cluster, Fitness(cluster));

        Assert.Equal(FitnessLevel.Stale, level);
        Assert.Contains("connection refused", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dropped_records_make_it_stale_until_it_is_declared_in_sync()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        SentRequest first = await cluster["a"].NextAsync();
        cluster.Write("x", "m v=2 2");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 2, "b has both");
        Assert.True(cluster.Courier("a").DropOldest(1) > 0);
        first.Answer(204);
        await cluster.QuietAsync();
        Fitness fitness = Fitness(cluster);

        Assert.Equal(FitnessLevel.Stale, Judge(cluster, fitness).Level);

        cluster.Courier("a").DeclareInSync();
        cluster.Time.Advance(5 * Second);
        Assert.Equal(FitnessLevel.Fit, Judge(cluster, fitness).Level);
    }

    [Fact]
    public async Task Parked_records_are_no_lag()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = static request => request.Database == "x"
            ? SentRequest.Response(404, "database not found: 'x'")
            : ScriptedDestination.Accept(request);
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 1, "b has it");
        cluster.Time.Advance(60 * Second);

        Assert.Equal([("a", FitnessLevel.Fit), ("b", FitnessLevel.Fit)], Levels(cluster, Freshness(cluster)));
    }

    [Fact]
    public async Task Whoever_is_behind_stays_stale_when_the_one_ahead_goes_down()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        await cluster["a"].NextAsync();
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 1, "b has it");
        cluster.Time.Advance(3 * Second);
        Freshness freshness = Freshness(cluster);

        Assert.Equal([("a", FitnessLevel.Stale), ("b", FitnessLevel.Fit)], Levels(cluster, freshness));

        // With b gone, a is the best there is, and still lacks what b confirmed.
        cluster.State.Destinations["b"].Health.Active = DestinationHealth.Unhealthy;
        Assert.Equal([("a", FitnessLevel.Stale), ("b", FitnessLevel.Down)], Levels(cluster, freshness));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_it_is_parked_a_database_is_read_as_stale_when_everybody_else_is_down(bool serveStale)
    {
        await using TestCluster cluster = new("a", "b");
        cluster.Options.Reads.ServeStale = serveStale;
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 1, "b has it");
        Freshness freshness = Freshness(cluster);
        ReadScope scope = new(["x"], NamesNone: false);

        Assert.Equal([("b", FitnessLevel.Fit)], Best(cluster, freshness, scope));

        cluster.State.Destinations["b"].Health.Active = DestinationHealth.Unhealthy;
        Assert.Equal(serveStale ? [("a", FitnessLevel.Stale)] : [], Best(cluster, freshness, scope));
        Assert.Equal([("a", FitnessLevel.Fit)], Best(cluster, freshness, new(["y"], NamesNone: false)));
    }

    private static IEnumerable<(string, FitnessLevel)> Best(
        TestCluster cluster, Freshness freshness, ReadScope scope) => freshness
        .Best(freshness.Judge(cluster.Cluster, [.. cluster.State.Destinations.Values]), scope)
        .Select(static one => (one.State.DestinationId, one.Level));

    private static IEnumerable<(string, FitnessLevel)> Levels(TestCluster cluster, Freshness freshness) => freshness
        .Judge(cluster.Cluster, [.. cluster.State.Destinations.Values])
        .Select(static one => (one.State.DestinationId, one.Level)).Order();

    private static Freshness Freshness(TestCluster cluster) =>
        new(new FixedOptions(cluster.Options), cluster.Time, NullLogger<Freshness>.Instance);

    private static Fitness Fitness(TestCluster cluster) =>
        new(cluster.Courier("a"), cluster.Time, NullLogger.Instance);

    private static (FitnessLevel Level, string? Reason) Judge(
        TestCluster cluster, Fitness fitness, DestinationHealth health = DestinationHealth.Unknown) =>
        (fitness.Judge(health, TimeSpan.Zero, TimeSpan.Zero, cluster.Options.Reads), fitness.Reason);
}
