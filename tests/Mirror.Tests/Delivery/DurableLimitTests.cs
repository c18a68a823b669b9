using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What a journal on disk does at its limit.</summary>
public sealed class DurableLimitTests : DurableTests
{
    [Fact]
    public async Task F8_at_the_limit_the_laggard_loses_what_another_confirmed_and_needs_a_resync()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        int taken = 0;
        for (int i = 1; i <= 400; i++)
        {
            Fates fates = new();
            MirroredRecord record = Records.Write("db", $"m v=\"{filler}\",i={i}i {i}\n", watch: fates);
            await cluster.TakeAsync(record);
            taken++;
            await cluster.Cluster.Journal.WaitSafeAsync(record);
        }

        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == taken, "a has them all");
        Assert.InRange(cluster.Cluster.Journal.Store!.Log.Usage.SegmentBytes, 0, 4 * 1024 * 1024);
        Assert.True(cluster.Courier("b").NeedsResync);
        Assert.True(cluster.Courier("b").Tally.DroppedAs(DropCause.Full) > 0);
        Assert.Equal(cluster.Courier("b").Tally.Dropped, cluster.Courier("b").Tally.DroppedAs(DropCause.Full));
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();
        cluster.AssertAccounts();
        Assert.Equal(400, cluster.Courier("b").Tally.Dropped + cluster.Courier("b").Tally.Delivered);
        Assert.EndsWith(" 400", got[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task F8_a_large_record_finds_room_where_the_oldest_may_go()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.MaxBytes = 64 << 20, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await cluster.FillAsync(1, 1370);
        await cluster.TakeAsync(Records.Write("db", $"m v=\"{new string('x', 20_000_000)}\" 1\n"));
    }

    [Fact]
    public async Task F8_a_full_journal_that_refuses_writes_takes_the_statement_that_repairs_what_fills_it()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                options.Journal.MaxBytes = 4 * 1024 * 1024;
                options.Journal.LimitPolicy = LimitPolicy.Reject;
            });
        bool isThere = false;
        cluster.Enter("b", request =>
        {
            isThere |= request.Query is not null;
            return isThere
                ? ScriptedDestination.Accept(request)
                : SentRequest.Response(404, "database not found: \"db\"");
        });
        cluster.Found("a");
        int taken = 0;
        foreach (int size in (int[])[30_000, 3000, 300, 1])
        {
            string filler = new('x', size);
            await cluster.UntilAsync(
                () =>
                {
                    bool isTaken = cluster.Cluster.TryAppend(Records.Write("db", $"m v=\"{filler}\" {taken + 1}\n"));
                    taken += isTaken ? 1 : 0;
                    cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
                    return !isTaken && cluster.Cluster.Journal.Store!.Log.Usage.WaitingBytes == 0;
                },
                "there is no room for one of that size");
        }

        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == taken, "all of it is parked");
        Assert.False(cluster.Cluster.TryAppend(Records.Write("other", "m v=1 1\n")));

        cluster.Statement("CREATE DATABASE db", "db");
        await cluster.QuietAsync();
        await cluster.TakeAsync(Records.Write("other", "m v=1 1\n"));
        await cluster.QuietAsync();
        Assert.Equal(taken + 2, cluster.Courier("b").Tally.Delivered);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F8_who_came_later_confirms_nothing_of_what_was_before()
    {
        await using TestCluster cluster = Small("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        int taken = 0;
        bool Take()
        {
            bool isTaken = cluster.Cluster.TryAppend(Records.Write("db", $"m v=\"{filler}\",i={taken}i {taken + 1}\n"));
            taken += isTaken ? 1 : 0;
            cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
            return isTaken;
        }

        for (int i = 0; i < 60; i++)
            Assert.True(Take());
        cluster.Add("c");
        await cluster.UntilAsync(
            () => Take() && cluster.Courier("a").Tally.Dropped > 100, "what came behind is dropped",
            TimeSpan.FromMilliseconds(20));

        List<string> got = Listen(cluster["a"]);
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has what is left");
        Assert.Equal(
            Enumerable.Range(1, 60).Select(static i => $" {i}"),
            got.Take(60).Select(static line => line[line.LastIndexOf(' ')..]));
        Assert.Equal(taken, got.Count + cluster.Courier("a").Tally.Dropped);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F8_for_a_journal_that_nobody_writes_to_nothing_is_dropped()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        int taken = 0;
        while (cluster.Cluster.TryAppend(Records.Write("db", $"m v=\"{filler}\",i={taken}i {taken + 1}\n")))
        {
            taken++;
            cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
            await cluster.UntilAsync(
                () => cluster.Cluster.Journal.Store!.Log.DurableThrough == cluster.Cluster.Journal.Tail, "it is durable");
        }

        // Housekeeping sees the last of the writes, and later, several times, that one has what the other lacks.
        await PassAsync(TimeSpan.FromSeconds(3));
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");
        await PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(0, cluster.Courier("b").Tally.Dropped);
        List<string> got = Listen(cluster["b"]);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "b has all");
        Assert.Equal(taken, got.Count);
        Assert.False(cluster.Courier("b").NeedsResync);
        cluster.AssertAccounts();

        Task PassAsync(TimeSpan time)
        {
            DateTimeOffset later = cluster.Time.GetUtcNow() + time;
            return cluster.EventuallyAsync(() => cluster.Time.GetUtcNow() > later, "time goes on");
        }
    }

    [Fact]
    public async Task F8_a_statement_that_waits_does_not_keep_what_is_behind_it_from_being_dropped()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.MaxBytes = 4 * 1024 * 1024, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster.Statement("CREATE DATABASE db", "db");
        await cluster.FillAsync(1, 400);

        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 401, "a has them all");
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();
        cluster.AssertAccounts();
        Assert.Contains(cluster["b"].Requests, static request => request.Query == "CREATE DATABASE db");
        Assert.EndsWith(" 400", got[^1], StringComparison.Ordinal);
        Assert.Equal(401, cluster.Courier("b").Tally.Dropped + cluster.Courier("b").Tally.Delivered);
    }

    [Fact]
    public async Task What_a_destination_has_not_taken_for_longer_than_MaxAge_is_dropped_for_it_alone()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => (options.Journal.MaxBytes, options.Journal.MaxAge) = (4 * 1024 * 1024, TimeSpan.FromHours(1)),
            "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await WriteAsync(1, 30);
        // The first of them are in a file that is written no more; their age is that of the last in it.
        await WaitAsync(TimeSpan.FromMinutes(59));
        Assert.Equal(0, cluster.Courier("b").Tally.Dropped);
        await WaitAsync(TimeSpan.FromMinutes(2));
        await WriteAsync(31, 10);

        long dropped = cluster.Courier("b").Tally.Dropped;
        Assert.InRange(dropped, 1, 30);
        Assert.True(cluster.Courier("b").NeedsResync);
        Assert.False(cluster.Courier("a").NeedsResync);
        Assert.NotEmpty(cluster.Log.Of("they are older than Mirror:Journal:MaxAge"));
        Assert.Empty(cluster.Log.Of("near its limit"));
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();
        Assert.Equal(40 - dropped, got.Count);
        Assert.EndsWith(" 40", got[^1], StringComparison.Ordinal);
        cluster.AssertAccounts();

        async Task WriteAsync(int first, int count)
        {
            for (int i = first; i < first + count; i++)
                cluster.Write("db", $"m v=\"{new string('x', 30_000)}\",i={i}i {i}\n");
            cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
            await cluster.UntilAsync(
                () => cluster.Cluster.Journal.Store!.Log.DurableThrough == cluster.Cluster.Journal.Tail, "it is durable");
        }

        Task WaitAsync(TimeSpan time)
        {
            DateTimeOffset later = cluster.Time.GetUtcNow() + time;
            return cluster.UntilAsync(() => cluster.Time.GetUtcNow() > later, "time goes on", TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public async Task F8_a_parked_record_that_nobody_has_does_not_keep_what_is_behind_it_from_being_dropped()
    {
        await using TestCluster cluster = Small("a", "b", "c");
        cluster["a"].Script = cluster["b"].Script = WithoutLost;
        cluster["c"].Script = ScriptedDestination.Absent;
        await cluster.TakeAsync(Records.Write("lost", "l v=1 1\n"));
        await cluster.FillAsync(1, 400);

        await cluster.EventuallyAsync(
            () => cluster.Courier("a").Tally is { Delivered: 400, Parked: 1 }
                && cluster.Courier("b").Tally is { Delivered: 400, Parked: 1 },
            "a and b have all but what they miss a database for");
        await AssertOnlyWhatOthersHaveIsDroppedAsync(cluster, 401, lost: 1);
    }

    [Fact]
    public async Task F8_parked_records_that_nobody_has_stand_everywhere_and_what_is_between_them_is_dropped()
    {
        await using TestCluster cluster = Small("a", "b", "c");
        cluster["a"].Script = cluster["b"].Script = WithoutLost;
        cluster["c"].Script = ScriptedDestination.Absent;
        await cluster.FillAsync(1, 400, lostEach: 5);

        await cluster.EventuallyAsync(
            () => cluster.Courier("a").Tally is { Delivered: 400, Parked: 80 }
                && cluster.Courier("b").Tally is { Delivered: 400, Parked: 80 },
            "a and b have all but what they miss a database for");
        await AssertOnlyWhatOthersHaveIsDroppedAsync(cluster, 480, lost: 80);
    }

    [Fact]
    public async Task F8_what_a_restart_finds_between_parked_records_is_dropped_and_accounted_for_as_well()
    {
        static void Configure(MirrorOptions options) =>
            (options.Journal.MaxBytes, options.Journal.BufferSizeMB) = (4 * 1024 * 1024, 1);
        await using (TestCluster first = TestCluster.OnDisk(Folder, Configure, "a", "b", "c"))
        {
            first["a"].Script = first["b"].Script = WithoutLost;
            first["c"].Script = ScriptedDestination.Absent;
            await first.FillAsync(1, 200, lostEach: 5);
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, Configure);
        second.Enter("a", WithoutLost);
        second.Enter("b", WithoutLost);
        second.Enter("c", ScriptedDestination.Absent);
        second.Found();
        await second.FillAsync(201, 400, lostEach: 5);

        await second.EventuallyAsync(
            () => second.Courier("a").Tally is { Pending: 80, Parked: 80 }
                && second.Courier("b").Tally is { Pending: 80, Parked: 80 },
            "a and b have all but what they miss a database for");
        await AssertOnlyWhatOthersHaveIsDroppedAsync(second, 480, lost: 80);
    }

    /// <summary>
    /// In the end the third destination has all that nobody else had, the newest of what they had, and knows what it
    /// lacks.
    /// </summary>
    private static async Task AssertOnlyWhatOthersHaveIsDroppedAsync(TestCluster cluster, int accepted, int lost)
    {
        // Housekeeping has seen the last of the writes, so that nothing more is dropped when a and b get the rest.
        DateTimeOffset later = cluster.Time.GetUtcNow() + TimeSpan.FromSeconds(60);
        await cluster.EventuallyAsync(() => cluster.Time.GetUtcNow() > later, "time goes on");
        Assert.InRange(cluster.Cluster.Journal.Store!.Log.Usage.SegmentBytes, 0, 4 * 1024 * 1024);
        CourierTally third = cluster.Courier("c").Tally;
        Assert.True(third.Dropped > 100, $"{third.Dropped} dropped");
        Assert.Equal((false, false, true), (
            cluster.Courier("a").NeedsResync, cluster.Courier("b").NeedsResync, cluster.Courier("c").NeedsResync));
        cluster.AssertAccounts();

        string[] names = ["a", "b", "c"];
        List<string>[] got = [.. names.Select(name => Listen(cluster[name]))];
        await cluster.EventuallyAsync(
            () => names.All(name => cluster.Courier(name).Tally.Pending == 0), "everybody has what is left");
        cluster.AssertAccounts();
        Assert.All(names, name => Assert.Equal(accepted, cluster.Courier(name).Tally.Accepted));
        Assert.Equal(accepted, third.Delivered + third.Dropped);
        foreach (List<string> one in got)
            Assert.Equal(lost, one.Count(static line => line.StartsWith('l')));
        Assert.EndsWith(" 400", got[2].FindLast(static line => line.StartsWith('m')), StringComparison.Ordinal);
        Gap gap = Assert.Single(cluster.Cluster.Gaps.List());
        Assert.Equal(("c", "db", third.Dropped), (gap.Destination, gap.Database, gap.Points));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held in memory");
    }

    private static HttpResponseMessage? WithoutLost(SentRequest request) => request.Database == "lost"
        ? SentRequest.Response(404, "database not found: \"lost\"")
        : ScriptedDestination.Accept(request);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task F35_A_jump_of_the_wall_clock_expires_nothing_early_and_keeps_nothing_longer(int hours)
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, Aging, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await FillAsync(cluster, 1, 30);
        cluster.Time.Offset = TimeSpan.FromHours(hours);
        await FillAsync(cluster, 31, 30);
        await cluster.PassAsync(TimeSpan.FromMinutes(28), TimeSpan.FromSeconds(2));
        Assert.Equal(0, cluster.Courier("b").Tally.Dropped);

        await cluster.PassAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(2));
        Assert.InRange(cluster.Courier("b").Tally.Dropped, 31, 60);
        Assert.Equal(cluster.Courier("b").Tally.Dropped, cluster.Courier("b").Tally.DroppedAs(DropCause.Aged));
    }

    [Fact]
    public async Task F35_What_was_there_at_the_start_is_as_old_as_the_wall_clock_said_then_and_ages_steadily()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, Aging, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            await FillAsync(first, 1, 30);
            await first.UntilAsync(() => first.Courier("a").Tally.Pending == 0, "a has them");
        }

        // Ten minutes later, by a clock that is set two hours ahead after the start.
        await using TestCluster second = TestCluster.OnDisk(Folder, Aging, TimeSpan.FromMinutes(10));
        second.Enter("b", ScriptedDestination.Absent);
        second.Found("a");
        second.Time.Offset = TimeSpan.FromHours(2);
        await second.PassAsync(TimeSpan.FromMinutes(18), TimeSpan.FromSeconds(2));
        Assert.Equal(0, second.Courier("b").Tally.Dropped);

        await second.PassAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(2));
        Assert.Equal(30, second.Courier("b").Tally.Dropped);
    }

    [Fact]
    public async Task F35_What_is_read_back_after_a_jump_of_the_wall_clock_is_as_old_as_it_is()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.BufferSizeMB = 1, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await FillAsync(cluster, 1, 800);
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has them");
        await cluster.PassAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(2));
        cluster.Time.Offset = TimeSpan.FromHours(-1);

        cluster["b"].Script = static request => request.Lines[0].EndsWith(" 800", StringComparison.Ordinal)
            ? null : ScriptedDestination.Accept(request);
        cluster.Options.Delivery.MaxBatchKB = 1;
        cluster.Courier("b").Reconfigure();
        cluster.Courier("b").Wake();
        await cluster["b"].NextAsync();
        await cluster.UntilAsync(
            () => cluster.Courier("b").Lag() > TimeSpan.FromMinutes(9), "the last one is ten minutes old",
            TimeSpan.FromMilliseconds(20));
    }

    /// <summary>A journal in small files, of which nothing is kept for longer than half an hour.</summary>
    private static void Aging(MirrorOptions options)
    {
        options.Journal.MaxBytes = 16 * 1024 * 1024;
        options.Journal.MaxAge = TimeSpan.FromMinutes(30);
    }

    private static async Task FillAsync(TestCluster cluster, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            MirroredRecord record = Records.Write("db", $"m v=\"{new string('x', 100_000)}\",i={i}i {i}\n");
            await cluster.TakeAsync(record);
            if (i % 10 == 0)
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(record));
        }
    }

    /// <summary>A journal of 4 MiB, of which one is in memory.</summary>
    private TestCluster Small(params string[] destinations) => TestCluster.OnDisk(
        Folder,
        static options =>
        {
            options.Journal.MaxBytes = 4 * 1024 * 1024;
            options.Journal.BufferSizeMB = 1;
        },
        destinations);
}
