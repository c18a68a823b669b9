using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A destination is removed, the host ends.</summary>
public sealed class RemovalTests
{
    [Fact]
    public async Task What_is_pending_for_a_removed_destination_counts_as_dropped_and_holds_nothing()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = ScriptedDestination.Absent;
        Courier removed = cluster.Courier("a");
        for (int i = 0; i < 10; i++)
            cluster.Write("x", $"m v={i} {i}");
        cluster.Statement("CREATE USER u");
        cluster.Raw();
        cluster.Write("y", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 13, "b has everything");

        cluster.Remove("a");
        await cluster.UntilAsync(() => removed.Tally.Pending == 0, "nothing is pending");

        Assert.Equal((13, 0, 13), (removed.Tally.Accepted, removed.Tally.Delivered, removed.Tally.Dropped));
        Assert.Equal(13, removed.Tally.DroppedAs(DropCause.Removed));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
        Assert.Null(cluster.Cluster.Find("a"));
    }

    [Fact]
    public async Task Parked_records_of_a_removed_destination_count_as_dropped()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        Courier removed = cluster.Courier("a");
        cluster.Write("x", "m v=1 1");
        cluster.Write("x", "m v=2 2");
        await cluster.UntilAsync(() => removed.Tally.Parked == 2, "both are parked");

        cluster.Remove("a");
        await cluster.UntilAsync(() => removed.Tally.Pending == 0, "nothing is pending");

        Assert.Equal((2, 0), (removed.Tally.Dropped, removed.Tally.Parked));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
    }

    [Fact]
    public async Task The_remaining_destinations_get_everything_while_others_come_and_go()
    {
        await using TestCluster cluster = new("a");
        List<Courier> removed = [];
        using CancellationTokenSource end = new();
        int written = 0;
        Task writer = Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                cluster.Write("x", $"m v={written} {written}");
                written++;
                Thread.Yield();
            }
        }, CancellationToken.None);
        for (int i = 0; i < 60; i++)
        {
            cluster.Add("b");
            removed.Add(cluster.Courier("b"));
            int seen = Volatile.Read(ref written);
            await cluster.UntilAsync(() => Volatile.Read(ref written) > seen + 5, "some were written");
            cluster.Remove("b");
        }

        await end.CancelAsync();
        await writer;
        await cluster.QuietAsync();

        Assert.Equal(Enumerable.Range(0, written).Select(static n => $"m v={n} {n}"), cluster["a"].Lines);
        await cluster.UntilAsync(() => removed.TrueForAll(static one => one.Tally.Pending == 0), "all have ended");
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
        Assert.All(removed, static one => Assert.Equal(
            one.Tally.Accepted, one.Tally.Delivered + one.Tally.Dropped));
    }

    [Fact]
    public async Task At_the_end_what_is_under_way_to_a_destination_that_answers_is_waited_for()
    {
        TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        Fates fates = cluster.Write("x", "m v=1 1");
        SentRequest request = await cluster["a"].NextAsync();
        Courier courier = cluster.Courier("a");

        Task close = cluster.Cluster.CloseAsync(CancellationToken.None);
        Assert.False(close.IsCompleted);
        request.Answer(204);
        await cluster.EventuallyAsync(() => close.IsCompleted, "it has ended");

        Assert.Equal("delivered", fates.EndAt("a"));
        Assert.Equal((1, 0), (courier.Tally.Delivered, courier.Tally.Dropped));
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_destination_that_comes_back_under_its_name_starts_anew()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster.Write("x", "m v=1 1");
        cluster.Remove("b");
        cluster.Add("b");
        cluster.Write("x", "m v=2 2");
        await cluster.QuietAsync();

        Assert.Equal(["m v=2 2"], cluster["b"].Lines);
    }
}
