using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Delivery from a journal on disk: across ends of the gateway, and past what memory holds.</summary>
public sealed class DurableDeliveryTests : DurableTests
{
    [Fact]
    public async Task What_waits_at_the_end_is_delivered_after_the_next_start_in_order_and_once()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            for (int i = 1; i <= 20; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 20, "a has them");
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();

        Assert.Equal(Enumerable.Range(1, 20).Select(static i => $"m v={i} {i}"), second["b"].Lines);
        Assert.Empty(second["a"].Requests);
        Assert.Equal((20, 20), (second.Courier("a").Tally.Accepted, second.Courier("a").Tally.Delivered));
        Assert.Equal((20, 20), (second.Courier("b").Tally.Accepted, second.Courier("b").Tally.Delivered));
        Assert.False(second.Courier("b").NeedsResync);
        second.AssertAccounts();
    }

    [Fact]
    public async Task A_backlog_larger_than_memory_is_read_back_from_disk_while_memory_stays_small()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.BufferSizeMB = 1, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        List<Fates> all = [];
        for (int i = 1; i <= 1500; i++)
        {
            all.Add(cluster.Write("db", $"m v=\"{filler}\",i={i}i {i}\n"));
            if (i % 50 == 0)
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(all[^1].Record));
        }

        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1500, "a has them");
        Assert.InRange(cluster.Cluster.Journal.Bytes, 1, 30_000_000);

        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();

        Assert.Equal(
            Enumerable.Range(1, 1500).Select(static i => $" {i}"),
            got.Select(static line => line[line.LastIndexOf(' ')..]));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_destination_that_is_behind_is_given_no_more_in_a_second_than_was_set()
    {
        string line = $"m v=\"{new string('x', 10_000)}\" ";
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            for (int i = 1; i <= 400; i++)
                first.Write("db", $"{line}{i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 400, "a has them");
        }

        await using TestCluster second = TestCluster.OnDisk(
            Folder, static options => options.Delivery.MaxCatchUpMBPerSecond = 1, "a", "b");
        DateTimeOffset began = second.Time.GetUtcNow();
        await second.UntilAsync(
            () => second.Courier("b").Tally.Delivered >= 100, "b has some of them", TimeSpan.FromMilliseconds(5));

        // A record takes 17 KiB of memory.
        double rate = second.Courier("b").Tally.Delivered / (second.Time.GetUtcNow() - began).TotalSeconds;
        Assert.InRange(rate, 0, 64);
        await second.QuietAsync();
        Assert.Equal(400, second.Courier("b").Tally.Delivered);
        second.AssertAccounts();
    }

    [Fact]
    public async Task While_one_catches_up_new_records_come_behind_the_old_ones()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.BufferSizeMB = 1, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        for (int i = 1; i <= 1000; i++)
        {
            Fates one = cluster.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
            if (i % 50 == 0)
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(one.Record));
        }

        List<string> got = Listen(cluster["b"]);
        cluster.Courier("b").Wake();
        for (int i = 1001; i <= 1200; i++)
        {
            cluster.Write("db", $"m i={i}i {i}\n");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await cluster.QuietAsync();
        Assert.Equal(
            Enumerable.Range(1, 1200).Select(static i => $" {i}"),
            got.Select(static line => line[line.LastIndexOf(' ')..]));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task What_no_client_waits_for_is_on_disk_within_a_second_when_somebody_lacks_it()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        MirroredRecord record = Records.Write("db", "m v=1 1\n");
        Assert.True(cluster.Cluster.TryAppend(record));
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");

        await cluster.EventuallyAsync(
            () => cluster.Cluster.Journal.Store!.Log.DurableThrough >= record.Position, "it is durable");
    }

    [Fact]
    public async Task What_was_written_because_much_waited_is_safe_within_a_second_though_everybody_has_it()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.Durability = Durability.Disk, "a", "b");
        SegmentLog log = cluster.Cluster.Journal.Store!.Log;
        ScriptedDestination[] both = [cluster["a"], cluster["b"]];
        foreach (ScriptedDestination one in both)
            one.Script = ScriptedDestination.Wait;
        string filler = new('x', 1_000_000);
        int i = 0;
        await cluster.UntilAsync(
            () =>
            {
                if (log.Counters.Bytes > 0)
                    return true;
                i++;
                Assert.True(cluster.Cluster.TryAppend(Records.Write("db", $"m v=\"{filler}\",i={i}i {i}\n")));
                return false;
            },
            "so much waits that it is written");
        await cluster.UntilAsync(
            () =>
            {
                foreach (ScriptedDestination one in both.Where(static one => one.HasOpen))
                    one.NextAsync().GetAwaiter().GetResult().Answer(204);
                return cluster.Cluster.Couriers.All(static one => one.Tally.Pending == 0);
            },
            "all have all");

        await cluster.EventuallyAsync(
            () => log.Usage.WaitingBytes == 0 && log.DurableThrough == log.Tail, "nothing waits for the disk");
    }

    [Fact]
    public async Task A_destination_that_comes_later_gets_what_is_new_and_needs_a_resync_also_after_a_restart()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a"))
        {
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            first.Add("c");
            first.Write("db", "m v=2 2\n");
            await first.QuietAsync();
            Assert.True(first.Courier("c").NeedsResync);
            Assert.False(first.Courier("a").NeedsResync);
            Assert.Equal("m v=2 2", Assert.Single(first["c"].Lines));
        }

        await using (TestCluster second = TestCluster.OnDisk(Folder, "a", "c"))
        {
            Assert.True(second.Courier("c").NeedsResync);
            second.Courier("c").DeclareInSync();
        }

        await using TestCluster third = TestCluster.OnDisk(Folder, "a", "c");
        Assert.False(third.Courier("c").NeedsResync);
    }

    [Fact]
    public async Task F5_a_cursor_that_is_gone_costs_repetition_and_nothing_else()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            for (int i = 1; i <= 5; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 5, "a has them");
        }

        File.Delete(Path.Combine(Folder, "a.cursor"));
        await File.WriteAllTextAsync(
            Path.Combine(Folder, "b.cursor"), "garbled", TestContext.Current.CancellationToken);
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();

        Assert.Equal(5, second["b"].Lines.Count());
        Assert.Equal(5, second["a"].Lines.Count());
        Assert.False(second.Courier("b").NeedsResync);
        second.AssertAccounts();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("garbled")]
    public async Task F5_one_cursor_that_is_lost_after_a_clean_end_costs_no_backlog(string? content)
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            for (int i = 1; i <= 5; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 5, "a has them");
        }

        await LoseAsync("b", content);
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();

        Assert.Equal(Enumerable.Range(1, 5).Select(static i => $"m v={i} {i}"), second["b"].Lines);
        Assert.False(second.Courier("b").NeedsResync);
        second.AssertAccounts();
    }

    /// <summary>What everybody has is not written: sent once more would be the statement, without what came later.
    /// </summary>
    [Theory]
    [InlineData(null)]
    [InlineData("garbled")]
    public async Task F5_who_lost_its_cursor_needs_a_resync_where_not_everything_is_on_disk(string? content)
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = static request => request.Query is null ? ScriptedDestination.Accept(request) : null;
            Fates drop = first.Statement("DROP MEASUREMENT m", "db");
            SentRequest request = await first["b"].NextAsync();
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(drop.Record));
            request.Answer(200);
            await first.QuietAsync();
            for (int i = 1; i <= 5; i++)
            {
                Fates write = first.Write("db", $"m v={i} {i}\n");
                Assert.True(await first.Cluster.Journal.WaitSafeAsync(write.Record));
            }

            await first.QuietAsync();
            Assert.Equal(5, first["b"].Lines.Count());
        }

        await LoseAsync("b", content);
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();
        Assert.Equal((false, true), (second.Courier("a").NeedsResync, second.Courier("b").NeedsResync));
        Assert.Equal("it may lack what others have", second.Courier("b").Lack);
        second.AssertAccounts();
    }

    [Fact]
    public async Task F5_who_lost_its_cursor_needs_a_resync_where_something_was_dropped_for_it()
    {
        await using (TestCluster first = TestCluster.OnDisk(
            Folder, static options => options.Journal.MaxBytes = 1024 * 1024, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            await first.FillAsync(1, 60);
            await first.EventuallyAsync(() => first.Cluster.Gaps.List("b").Count > 0, "something is dropped");
        }

        await LoseAsync("b", null);
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").NeedsResync);
        second.Courier("b").DeclareInSync();
        Assert.False(second.Courier("b").NeedsResync);
    }

    [Fact]
    public async Task Cursors_are_saved_as_soon_as_there_are_destinations()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        // The clock stands: no housekeeping.
        await cluster.UntilAsync(() => Directory.GetFiles(Folder, "*.cursor").Length == 2, "they are there");
    }

    private async Task LoseAsync(string destination, string? content)
    {
        string cursor = Path.Combine(Folder, $"{destination}.cursor");
        File.Delete(cursor);
        if (content is not null)
            await File.WriteAllTextAsync(cursor, content, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_destination_goes_on_where_it_was_though_the_case_of_its_letters_changes()
    {
        string[] spellings = ["bee", "Bee", "Bee", "BEE"];
        for (int i = 0; i < spellings.Length; i++)
        {
            await using TestCluster cluster = TestCluster.OnDisk(Folder);
            cluster.Enter(spellings[i], ScriptedDestination.Absent);
            cluster.Found("a");
            cluster.Write("db", $"m v={i} {i}\n");
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has it");
        }

        Assert.Equal(
            ["BEE.cursor", "a.cursor"],
            Directory.GetFiles(Folder, "*.cursor").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        await using TestCluster last = TestCluster.OnDisk(Folder, "a", "bee");
        await last.QuietAsync();

        Assert.Equal(Enumerable.Range(0, 4).Select(static i => $"m v={i} {i}"), last["bee"].Lines);
        Assert.Empty(last["a"].Requests);
        Assert.False(last.Courier("bee").NeedsResync);
        last.AssertAccounts();
    }

    [Fact]
    public async Task A_destination_that_went_and_comes_back_goes_on_where_it_was()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        for (int i = 1; i <= 5; i++)
            cluster.Write("db", $"m v={i} {i}\n");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 5, "a has them");
        Courier gone = cluster.Courier("b");
        cluster.Remove("b");
        await cluster.UntilAsync(
            () => cluster.Cluster.Journal.Store!.Saved("b") is { } saved && gone.IsStopping && saved.Extra.Length > 0,
            "its place is saved");
        cluster.Write("db", "m v=6 6\n");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 6, "a has what came meanwhile");

        cluster.Add("b");
        await cluster.EventuallyAsync(() => cluster["b"].Lines.Count() >= 6, "b has what waited");
        await cluster.QuietAsync();

        Assert.Equal(Enumerable.Range(1, 6).Select(static i => $"m v={i} {i}"), cluster["b"].Lines);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F41_A_record_that_ended_its_destination_before_a_restart_ends_it_once_more_and_no_more()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            bool isGone = false;
            first["b"].Script = request =>
            {
                if (isGone)
                    throw ScriptedDestination.NotConnected();
                isGone = true;
                throw ScriptedDestination.Lost();
            };
            first.Write("db", "bad v=1 1\n");
            await first.EventuallyAsync(
                () => first.Cluster.Journal.Store!.Saved("b") is { } saved
                    && CourierState.Decode(saved.Extra.Span)?.Vanished is [1],
                "it is noted");
        }

        await using TestCluster again = TestCluster.OnDisk(Folder);
        int sent = 0, refusals = 0;
        again.Enter("b", request =>
        {
            if (Interlocked.Decrement(ref refusals) >= 0)
                throw ScriptedDestination.NotConnected();
            if (!request.Lines.Contains("bad v=1 1"))
                return ScriptedDestination.Accept(request);
            sent++;
            Volatile.Write(ref refusals, 2);
            throw ScriptedDestination.Lost();
        });
        again.Found("a");
        again.Write("db", "good v=2 2\n");
        await again.EventuallyAsync(() => again.Courier("b").Tally is { Delivered: 1, Pending: 0 }, "the good one is there");

        Assert.Equal(1, sent);
        Assert.Contains("vanished", Assert.Single(again.Cluster.Letters.List()).Reason, StringComparison.Ordinal);
        again.AssertAccounts();
    }
}
