using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Delivery from a journal on disk: across ends of the gateway, and past what memory holds.</summary>
public sealed class DurableDeliveryTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("durable-delivery-");

    private string Folder => Path.Combine(_root.FullName, "journal");

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
    public async Task Parked_records_stay_parked_across_restarts_and_go_out_when_it_is_healed()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = static request => SentRequest.Response(404, "database not found: \"db\"");
            for (int i = 1; i <= 3; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 3, "they are parked");
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();

        Assert.Equal(Enumerable.Range(1, 3).Select(static i => $"m v={i} {i}"), second["b"].Lines);
        Assert.Empty(second["a"].Requests);
        second.AssertAccounts();
    }

    [Fact]
    public async Task Many_parked_records_take_little_memory_and_go_out_in_order_with_what_comes_meanwhile()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.BufferSizeMB = 1, "a", "b");
        string filler = new('x', 30_000);
        bool healed = false;
        List<string> got = [];
        cluster["b"].Script = request =>
        {
            if (request.Database == "db" && !Volatile.Read(ref healed))
                return SentRequest.Response(404, "database not found: \"db\"");
            lock (got)
                got.AddRange(request.Lines);
            return ScriptedDestination.Accept(request);
        };
        for (int i = 1; i <= 1500; i++)
        {
            Fates one = cluster.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
            if (i % 50 == 0)
            {
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(one.Record));
                cluster.Write("other", $"o v={i} {i}\n");
            }
        }

        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 1500, "they are parked");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == 30, "the other database flows on");
        Assert.Equal(30, got.Count);
        got.Clear();
        Assert.InRange(cluster.Cluster.Journal.Bytes, 1, 20_000_000);

        Volatile.Write(ref healed, true);
        cluster.Courier("b").Wake();
        for (int i = 1501; i <= 1600; i++)
        {
            cluster.Write("db", $"m i={i}i {i}\n");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "all went out");
        Assert.Equal(
            Enumerable.Range(1, 1600).Select(static i => $" {i}"),
            got.Select(static line => line[line.LastIndexOf(' ')..]));
        Assert.Equal(0, cluster.Courier("b").Tally.Parked);
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task Parked_records_on_their_way_back_wait_for_a_statement_that_has_begun()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.BufferSizeMB = 1, "a", "b");
        string filler = new('x', 30_000);
        cluster["b"].Script = static _ => SentRequest.Response(404, "database not found: \"db\"");
        for (int i = 1; i <= 1500; i++)
        {
            Fates one = cluster.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
            if (i % 50 == 0)
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(one.Record));
        }

        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 1500, "they are parked");
        int taken = 0;
        cluster["b"].Script = request =>
        {
            if (request.Query is not null)
                return null;
            Interlocked.Add(ref taken, request.Lines.Length);
            return ScriptedDestination.Accept(request);
        };
        cluster.Courier("b").Wake();
        List<Fates> statements = [];
        for (int i = 0; i < 20; i++)
        {
            statements.Add(cluster.Statement($"CREATE RETENTION POLICY r{i}", "db"));
            SentRequest running = await cluster["b"].NextAsync();
            int before = Volatile.Read(ref taken);
            DateTimeOffset later = cluster.Time.GetUtcNow() + TimeSpan.FromSeconds(3);
            await cluster.EventuallyAsync(() => cluster.Time.GetUtcNow() > later, "time goes on");
            Assert.Equal(before, Volatile.Read(ref taken));
            running.Answer(200);
        }

        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "all went out");
        Assert.Equal(1500, taken);
        Assert.All(statements, one => Assert.Equal("delivered", one.EndAt("b")));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_drop_makes_dead_letters_of_parked_records_that_are_on_disk_only()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                options.Journal.BufferSizeMB = 1;
                options.Delivery.DeadLettersMB = 64;
            },
            "a", "b");
        string filler = new('x', 30_000);
        cluster["b"].Script = static request => request.Query is null
            ? SentRequest.Response(404, "database not found: \"db\"")
            : ScriptedDestination.Accept(request);
        for (int i = 1; i <= 600; i++)
            cluster.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 600, "they are parked");

        Fates drop = cluster.Statement("DROP MEASUREMENT m", "db");
        await cluster.EventuallyAsync(() => drop.EndAt("b") == "delivered", "it ran");

        Assert.Equal(600, cluster.Cluster.Letters.List().Count);
        Assert.Equal((0, 600), (cluster.Courier("b").Tally.Parked, cluster.Courier("b").Tally.Rejected));
        cluster.AssertAccounts();
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
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();

        Assert.Equal(Enumerable.Range(1, 6).Select(static i => $"m v={i} {i}"), got);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F8_at_the_limit_the_laggard_loses_what_another_confirmed_and_needs_a_resync()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                options.Journal.MaxBytes = 4 * 1024 * 1024;
                options.Journal.BufferSizeMB = 1;
            },
            "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        int taken = 0;
        for (int i = 1; i <= 400; i++)
        {
            Fates fates = new();
            MirroredRecord record = Records.Write("db", $"m v=\"{filler}\",i={i}i {i}\n", watch: fates);
            await cluster.UntilAsync(
                () => cluster.Cluster.TryAppend(record), "there is room", TimeSpan.FromMilliseconds(20));
            taken++;
            await cluster.Cluster.Journal.WaitSafeAsync(record);
        }

        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == taken, "a has them all");
        Assert.InRange(cluster.Cluster.Journal.Store!.Log.Usage.SegmentBytes, 0, 4 * 1024 * 1024);
        Assert.True(cluster.Courier("b").NeedsResync);
        Assert.True(cluster.Courier("b").Tally.Dropped > 0);
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();
        cluster.AssertAccounts();
        Assert.Equal(400, cluster.Courier("b").Tally.Dropped + cluster.Courier("b").Tally.Delivered);
        Assert.EndsWith(" 400", got[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task F8_who_came_later_confirms_nothing_of_what_was_before()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                options.Journal.MaxBytes = 4 * 1024 * 1024;
                options.Journal.BufferSizeMB = 1;
            },
            "a");
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
        int refused = 0;
        await cluster.EventuallyAsync(() => !Take() && ++refused > 5, "the journal is full");

        Assert.Equal(0, cluster.Courier("a").Tally.Dropped);
        List<string> got = Listen(cluster["a"]);
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");
        Assert.Equal(taken, got.Count);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F8_for_a_journal_that_nobody_writes_to_nothing_is_dropped()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                options.Journal.MaxBytes = 4 * 1024 * 1024;
                options.Journal.BufferSizeMB = 1;
            },
            "a", "b");
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

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");
        // Housekeeping looks several times while one has what the other lacks.
        DateTimeOffset later = cluster.Time.GetUtcNow() + TimeSpan.FromSeconds(10);
        await cluster.EventuallyAsync(() => cluster.Time.GetUtcNow() > later, "time goes on");

        Assert.Equal(0, cluster.Courier("b").Tally.Dropped);
        List<string> got = Listen(cluster["b"]);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "b has all");
        Assert.Equal(taken, got.Count);
        Assert.False(cluster.Courier("b").NeedsResync);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F8_a_statement_that_waits_does_not_keep_what_is_behind_it_from_being_dropped()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.MaxBytes = 4 * 1024 * 1024, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster.Statement("CREATE DATABASE db", "db");
        string filler = new('x', 30_000);
        for (int i = 1; i <= 400; i++)
        {
            MirroredRecord record = Records.Write("db", $"m v=\"{filler}\",i={i}i {i}\n");
            await cluster.UntilAsync(
                () => cluster.Cluster.TryAppend(record), "there is room", TimeSpan.FromMilliseconds(20));
            await cluster.Cluster.Journal.WaitSafeAsync(record);
        }

        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 401, "a has them all");
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();
        cluster.AssertAccounts();
        Assert.Contains(cluster["b"].Requests, static request => request.Query == "CREATE DATABASE db");
        Assert.EndsWith(" 400", got[^1], StringComparison.Ordinal);
        Assert.Equal(401, cluster.Courier("b").Tally.Dropped + cluster.Courier("b").Tally.Delivered);
    }

    public void Dispose() => _root.Delete(recursive: true);

    /// <summary>From now on it takes everything; the lines it took.</summary>
    private static List<string> Listen(ScriptedDestination destination)
    {
        List<string> got = [];
        destination.Script = request =>
        {
            lock (got)
                got.AddRange(request.Lines);
            return ScriptedDestination.Accept(request);
        };
        return got;
    }
}
