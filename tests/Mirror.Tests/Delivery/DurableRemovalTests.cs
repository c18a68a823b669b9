using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Destinations go and come back while the disk takes its time.</summary>
public sealed class DurableRemovalTests : DurableTests
{
    [Fact]
    public async Task What_came_while_a_destination_went_beside_housekeeping_is_there_when_it_comes_back()
    {
        HeldSave held = new();
        await using TestCluster cluster = Small(held, "a", "b");
        using IDisposable atTheEnd = held;
        cluster.Write("db", "m v=1 1\n");
        await cluster.QuietAsync();
        cluster.Write("db", "m v=2 2\n");
        await cluster.UntilAsync(
            () => cluster.Cluster.Couriers.All(static one => one.Tally.Delivered == 2), "everybody has it");
        held.Next("a.cursor");
        await cluster.EventuallyAsync(() => held.IsReached, "housekeeping saves");

        Task removal = Task.Run(() => cluster.Remove("b"), CancellationToken.None);
        await cluster.UntilAsync(() => Store(cluster).HasAbsent, "b has no reader any more");
        int measured = held.Measured;
        held.LetGo();
        await cluster.UntilAsync(() => held.Measured > measured, "housekeeping has trimmed");
        await removal;
        cluster.Write("db", "m v=3 3\n");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 3, "a has what came meanwhile");
        cluster.Add("b");

        await cluster.EventuallyAsync(() => cluster["b"].Lines.Contains("m v=3 3"), "b has it too");
        await cluster.QuietAsync();
        Assert.False(cluster.Courier("b").NeedsResync);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task Who_comes_back_gets_no_older_value_without_the_newer_one_after_a_kill()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first.Write("db", "x v=0 1\n");
            await first.QuietAsync();
            await RemoveAsync(first, "b");
            Fates older = first.Write("db", "m v=1 1\n");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(older.Record));
            await first.EventuallyAsync(() => !Store(first).Log.MayRepeat, "a's place is saved");
            first.Add("b", ScriptedDestination.Wait);
            SentRequest request = await first["b"].NextAsync();
            await first.EventuallyAsync(() => !Store(first).HasAbsent, "housekeeping knows");
            first["b"].Script = ScriptedDestination.Accept;
            request.Answer(204);
            await first.QuietAsync(TimeSpan.Zero);
            Assert.True(Store(first).Log.MayRepeat);
            Fates newer = first.Write("db", "m v=2 1\n");
            await first.QuietAsync(TimeSpan.Zero);
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(newer.Record));
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();
        Assert.Equal("m v=2 1", second["b"].Lines.LastOrDefault("m v=2 1"));
    }

    [Fact]
    public async Task Housekeeping_that_is_under_way_knows_of_a_destination_that_has_just_come_back()
    {
        HeldSave held = new();
        await using TestCluster cluster = Small(held, "a", "b");
        using IDisposable atTheEnd = held;
        cluster["b"].Script = ScriptedDestination.Absent;
        Fates last = cluster.Write("db", "m v=1 1\n");
        Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(last.Record));
        await RemoveAsync(cluster, "b");
        cluster.Write("db", "m v=2 2\n");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 2, "a has both");
        held.Next("a.cursor");
        await cluster.EventuallyAsync(() => held.IsReached, "housekeeping saves");

        cluster.Add("b", ScriptedDestination.Absent);
        await cluster.UntilAsync(() => cluster.Cluster.Find("b") is not null, "b is back");
        int measured = held.Measured;
        held.LetGo();
        await cluster.UntilAsync(() => held.Measured > measured, "housekeeping has trimmed");

        // What b lacks is on disk: whoever counts on nothing being read again would be wrong.
        Assert.True(Store(cluster).Log.MayRepeat);
    }

    [Fact]
    public async Task A_cluster_that_is_added_again_while_it_still_ends_is_kept_house_for()
    {
        HeldSave held = new();
        await using TestCluster cluster = Small(held, "a");
        using IDisposable atTheEnd = held;
        await cluster.UntilAsync(() => Store(cluster).Saved("a") is not null, "where it begins is saved");
        cluster.Write("db", "m v=1 1\n");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");
        held.Next("a.cursor");
        Task end = Task.Run(
            () => cluster.Cluster.CloseAsync(new CancellationToken(canceled: true)), CancellationToken.None);
        await cluster.UntilAsync(() => held.IsReached, "its courier ends");

        cluster.Cluster.Follow(cluster.State);
        held.LetGo();
        await end;
        await cluster.UntilAsync(() => cluster.Cluster.Find("a") is not null, "a is back");
        Fates next = cluster.Write("db", "m v=2 2\n");

        await cluster.EventuallyAsync(
            () => Store(cluster).Saved("a")?.LowWaterMark == next.Record.Position, "its place is saved");
        Assert.Equal(["m v=1 1", "m v=2 2"], cluster["a"].Lines);
    }

    [Fact]
    public async Task Who_comes_back_while_its_courier_still_ends_goes_on_where_that_one_ended()
    {
        HeldSave held = new();
        await using TestCluster cluster = Small(held, "a", "b");
        using IDisposable atTheEnd = held;
        Fates first = cluster.Write("db", "m v=1 1\n");
        await cluster.EventuallyAsync(
            () => Store(cluster).Saved("b")?.LowWaterMark == first.Record.Position, "its place is saved");
        // On disk before b has it, so that it is still there when b comes back.
        cluster["b"].Script = ScriptedDestination.Wait;
        Fates second = cluster.Write("db", "m v=2 2\n");
        SentRequest request = await cluster["b"].NextAsync();
        cluster.Cluster.Journal.DemandDurable(second.Record.Position);
        await cluster.UntilAsync(() => Store(cluster).Log.DurableThrough >= second.Record.Position, "it is durable");
        request.Answer(204);
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 2, "b has both");
        held.Next("b.cursor");
        Task change = Task.Run(() => cluster.Remove("b"), CancellationToken.None);
        await cluster.UntilAsync(() => held.IsReached, "its courier ends");

        change = Task.WhenAll(change, Task.Run(() => cluster.Add("b"), CancellationToken.None));
        await cluster.UntilAsync(() => cluster.State.Destinations.ContainsKey("b"), "b is a destination again");
        cluster.Write("db", "m v=3 3\n");
        held.LetGo();
        await change;
        await cluster.EventuallyAsync(() => cluster["b"].Lines.Contains("m v=3 3"), "b goes on");
        await cluster.QuietAsync();

        Assert.Equal("m v=3 3", Assert.Single(cluster["b"].Lines));
        Assert.False(cluster.Courier("b").NeedsResync);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F28_housekeeping_beside_an_end_lets_go_of_nothing_that_waits_for_who_ended_first()
    {
        using ManualResetEventSlim ends = new();
        await using (TestCluster first = Small(new HeldSave(), "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            await first.FillAsync(1, 80);
            await first.EventuallyAsync(() => Store(first).Saved("a")?.LowWaterMark == 80, "a has them all");
            first["a"].Script = request =>
            {
                ends.Wait();
                return ScriptedDestination.Accept(request);
            };
            first.Write("db", "m v=81 81\n");
            await first.UntilAsync(() => first["a"].Requests.Any(static one => one.Lines[0] == "m v=81 81"), "a is asked");
            Courier lagging = first.Courier("b");
            Task end = first.Cluster.CloseAsync(new CancellationToken(canceled: true));
            await first.UntilAsync(() => lagging.HasEnded, "b has ended");
            for (int i = 0; i < 50; i++)
            {
                Store(first).Trim();
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            ends.Set();
            await end;
        }

        await using TestCluster second = Small(new HeldSave(), "a", "b");
        await second.EventuallyAsync(() => second["b"].Lines.Count() == 81, "b has what waited for it");
        Assert.False(second.Courier("b").NeedsResync);
        second.AssertAccounts();
    }

    [Fact]
    public async Task F8_who_was_removed_holds_no_files_and_needs_a_resync_when_it_comes_back()
    {
        await using (TestCluster cluster = Small(new HeldSave(), "a", "b", "c"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            // Statements are never dropped: this one stays at the beginning of the log, and so c's place with it.
            cluster.Statement("CREATE DATABASE db", "db");
            await cluster.UntilAsync(() => cluster.Courier("c").Tally.Delivered == 1, "c has it");
            await RemoveAsync(cluster, "c");
            await cluster.FillAsync(1, 400);

            await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 401, "a has them all");
            // It has not decided about what it did not get.
            CursorState saved = Store(cluster).Saved("c")!;
            Assert.InRange(CourierState.Decode(saved.Extra.Span)!.Since, 2, saved.LowWaterMark);
        }

        await using TestCluster again = Small(new HeldSave(), "a", "b", "c");
        // What went is nothing that is missing.
        Assert.Empty(Store(again).Log.Recovered.Damage);
        await again.QuietAsync();
        Assert.True(again.Courier("c").NeedsResync);
        Assert.False(again.Courier("a").NeedsResync);
        again.AssertAccounts();
    }

    [Fact]
    public async Task F8_a_record_that_nobody_has_keeps_nothing_else_for_who_was_removed()
    {
        await using TestCluster cluster = Small(new HeldSave(), "a", "b", "c");
        cluster["a"].Script = cluster["b"].Script = static request => request.Database == "lost"
            ? SentRequest.Response(404, "database not found: \"lost\"")
            : ScriptedDestination.Accept(request);
        cluster.Write("db", "m v=0 1\n");
        await cluster.UntilAsync(() => cluster.Courier("c").Tally.Delivered == 1, "c has it");
        await RemoveAsync(cluster, "c");
        await cluster.TakeAsync(Records.Write("lost", "l v=1 1\n"));
        await cluster.FillAsync(1, 400);

        await cluster.EventuallyAsync(
            () => new[] { "a", "b" }.All(name => cluster.Courier(name).Tally is { Delivered: 401, Parked: 1 }),
            "a and b have all but what they miss a database for");
        Assert.Equal((0, 0), (cluster.Courier("a").Tally.Dropped, cluster.Courier("b").Tally.Dropped));
        List<string> got = Listen(cluster.Add("c", ScriptedDestination.Absent));
        await cluster.EventuallyAsync(() => got.Contains("l v=1 1"), "c has what nobody else has");
        Assert.True(cluster.Courier("c").NeedsResync);
        Assert.InRange(got.Count, 1, 300);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F29_who_is_spelled_anew_and_then_gives_way_leaves_one_file()
    {
        await using (TestCluster first = Small(new HeldSave(), "a", "b", "Cee"))
        {
            first.Write("db", "m v=0 1\n");
            await first.QuietAsync();
        }

        await using TestCluster second = Small(new HeldSave(), "a", "b", "cee");
        second["b"].Script = ScriptedDestination.Absent;
        second.Statement("CREATE DATABASE db", "db");
        await second.UntilAsync(() => second.Courier("cee").Tally.Delivered == 2, "cee has it");
        await RemoveAsync(second, "cee");
        await second.FillAsync(1, 400);

        CursorState saved = Store(second).Saved("cee")!;
        Assert.True(CourierState.Decode(saved.Extra.Span)!.NeedsResync);
        Assert.Equal(
            ["a.cursor", "b.cursor", "cee.cursor"],
            Directory.GetFiles(Folder, "*.cursor").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task F8_who_was_removed_loses_nothing_that_stays_for_another_destination()
    {
        await using TestCluster cluster = Small(new HeldSave(), "b", "c");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster.Write("db", "m v=0 1\n");
        await cluster.UntilAsync(() => cluster.Courier("c").Tally.Delivered == 1, "c has it");
        await RemoveAsync(cluster, "c");
        string filler = new('x', 30_000);
        int taken = 0, refused = 0;
        await cluster.EventuallyAsync(
            () =>
            {
                MirroredRecord record = Records.Write("db", $"m v=\"{filler}\",i={taken}i {taken + 2}\n");
                bool isTaken = cluster.Cluster.TryAppend(record);
                _ = isTaken ? taken++ : refused++;
                cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
                return refused > 20;
            },
            "the journal is full");

        List<string> got = Listen(cluster.Add("c", ScriptedDestination.Absent));
        await cluster.EventuallyAsync(() => got.Count == taken, "c has what came meanwhile");
        Assert.False(cluster.Courier("c").NeedsResync);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task Who_was_removed_keeps_its_place_while_there_is_room_though_others_are_far_ahead()
    {
        await using TestCluster cluster = Small(new HeldSave(), "a", "b", "c");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster.Statement("CREATE DATABASE db", "db");
        await cluster.UntilAsync(() => cluster.Courier("c").Tally.Delivered == 1, "c has it");
        await RemoveAsync(cluster, "c");
        string filler = new('x', 30_000);
        for (int i = 1; i <= 40; i++)
            cluster.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 41, "a has them all");

        List<string> got = Listen(cluster.Add("c", ScriptedDestination.Absent));
        await cluster.EventuallyAsync(() => got.Count == 40, "c has what came meanwhile");
        Assert.False(cluster.Courier("c").NeedsResync);
        cluster.AssertAccounts();
    }

    private static JournalStore Store(TestCluster cluster) => cluster.Cluster.Journal.Store!;

    /// <summary>Removes a destination and waits until its courier has ended.</summary>
    private static async Task RemoveAsync(TestCluster cluster, string destination)
    {
        cluster.Remove(destination);
        await cluster.UntilAsync(
            () => Store(cluster).Saved(destination) is { } saved
                && CourierState.Decode(saved.Extra.Span)?.Members.Contains(destination) == false,
            "its place is saved for the last time");
    }

    /// <summary>A journal of 4 MiB.</summary>
    private TestCluster Small(HeldSave held, params string[] destinations) => TestCluster.OnDisk(
        Folder, static options => options.Journal.MaxBytes = 4 * 1024 * 1024, held.Over, destinations);
}
