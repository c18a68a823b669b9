using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Parked records with a journal on disk.</summary>
public sealed class ParkedOnDiskTests : DurableTests
{
    [Fact]
    public async Task Parked_records_stay_parked_across_restarts_and_go_out_when_it_is_healed()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = static request => SentRequest.Response(404, "database not found: \"db\"");
            for (int i = 1; i <= 3; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(
                () => first.Courier("b").Tally.Parked == 3 && first.Courier("a").Tally.Pending == 0, "they are parked");
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.EventuallyAsync(() => second.Courier("b").Tally.Pending == 0, "they went out");

        Assert.Equal(Enumerable.Range(1, 3).Select(static i => $"m v={i} {i}"), second["b"].Lines);
        Assert.Empty(second["a"].Requests);
        second.AssertAccounts();
    }

    [Fact]
    public async Task What_was_parked_before_a_restart_is_parked_at_once_and_is_no_backlog()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = WithoutDb;
            for (int i = 1; i <= 3; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 3, "they are parked");
            // Waits for its database, but was not parked.
            first["b"].Script = ScriptedDestination.Absent;
            first.Write("other", "o v=1 1\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Pending == 0, "a has all");
        }

        await using TestCluster second = TestCluster.OnDisk(Folder);
        List<string> got = [];
        second.Enter("b", request =>
        {
            if (request.Database == "db")
                return null;
            lock (got)
                got.AddRange(request.Lines);
            return ScriptedDestination.Accept(request);
        });
        second.Found("a");
        Courier courier = second.Courier("b");
        Assert.Equal((true, false), (courier.IsParked("db"), courier.IsParked("other")));

        // The first of them is under way, to find out whether it still has to wait.
        SentRequest trial = await second["b"].NextAsync();
        await second.UntilAsync(
            () => courier.Tally is { Delivered: 1, Parked: 3 }, "the other database flows, and its answer is counted");
        Assert.Equal(["o v=1 1"], got);
        second.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((true, TimeSpan.Zero), (courier.IsParked("db"), courier.Lag()));
        Assert.Equal(["m v=1 1"], trial.Lines);
        second["b"].Script = WithoutDb;
        trial.Answer(404, "database not found: \"db\"");
        await second.UntilAsync(() => courier.Parked() is [{ Records: 3 }], "it is parked again");
        Assert.Equal(TimeSpan.Zero, courier.Lag());

        second["b"].Script = ScriptedDestination.Accept;
        await second.EventuallyAsync(() => courier.Tally.Pending == 0, "all went out");
        Assert.Equal(
            Enumerable.Range(1, 3).Select(static i => $"m v={i} {i}"),
            second["b"].Lines.Where(static line => line.StartsWith('m')).TakeLast(3));
        Assert.False(courier.IsParked("db"));
        second.AssertAccounts();
    }

    [Theory]
    [InlineData(404, "database not found: \"db\"")]
    [InlineData(500, "retention policy not found: week")]
    [InlineData(401, "authorization failed")]
    public async Task A_restart_knows_for_what_records_were_parked_and_keeps_no_secret_for_it(int status, string error)
    {
        HttpResponseMessage? Refuse(SentRequest request) => request.RetentionPolicy == "week"
            ? SentRequest.Response(status, error)
            : ScriptedDestination.Accept(request);
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = Refuse;
            first.Write("db", "m v=1 1\n", "week", "s3cret");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 1, "it is parked");
        }

        string saved = await File.ReadAllTextAsync(
            Path.Combine(Folder, "b.cursor"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("s3cret", saved, StringComparison.Ordinal);
        await using TestCluster second = TestCluster.OnDisk(Folder);
        second.Enter("b", Refuse);
        second.Found("a");
        Assert.True(second.Courier("b").IsParked("db"));
        await second.UntilAsync(
            () => second.Courier("b").Parked() is [{ Records: 1 }] && second["b"].Requests.Count == 1, "it was tried");
        Fates other = second.Write("db", "m v=2 2\n", "day", "eve");
        await second.UntilAsync(
            () => status == 404 ? second.Courier("b").Tally.Parked == 2 : other.EndAt("b") == "delivered",
            "others wait for a database only");
        second.AssertAccounts();
    }

    [Fact]
    public async Task Nothing_is_parked_any_more_when_all_is_read_and_nothing_parked_was_found()
    {
        string image = Path.Combine(Folder, "..", "image");
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = WithoutDb;
            first.Write("db", "m v=1 1\n");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 1, "it is parked");
            first["b"].Script = ScriptedDestination.Absent;
            Fates last = first.Write("other", "o v=1 1\n");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(last.Record));
            Assert.True(first.Courier("b").Save());
            Directory.CreateDirectory(image);
            foreach (string file in Directory.GetFiles(Folder).Where(static file => !file.EndsWith("lock")))
                File.Copy(file, Path.Combine(image, Path.GetFileName(file)));
        }

        // As if its bytes were damaged: nothing is found of what the state calls parked.
        LinuxDisk disk = new(image);
        CursorState state = CursorFile.LoadAll(disk, Assert.Fail).Single(static one => one.Key == "b").Value;
        new CursorFile(disk, "b").Save(state with { LowWaterMark = 1, Completed = [] });
        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.UntilAsync(() => second["b"].Lines.Contains("o v=1 1"), "the other one is there");
        await second.UntilAsync(() => !second.Courier("b").IsParked("db"), "nothing is parked");
        Fates next = second.Write("db", "m v=2 2\n");
        await second.UntilAsync(() => next.EndAt("b") == "delivered", "it flows");
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
    public async Task How_long_the_oldest_has_been_parked_is_known_also_while_it_is_tried_and_after_a_restart()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = Missing;
            first.Write("db", "m v=1 1\n");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 1, "it is parked");
            await first.PassAsync(TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(500));
            first.Write("other", "m v=1 1\n");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 2, "another one is");
            first["b"].Script = ScriptedDestination.Wait;
            first.Courier("b").Wake();
            SentRequest trial = await first["b"].NextAsync();
            Assert.InRange(first.Courier("b").ParkedFor(), TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(5));
            Assert.Equal(TimeSpan.Zero, first.Courier("a").ParkedFor());
            trial.Answer(404, "database not found");
        }

        await using TestCluster second = TestCluster.OnDisk(
            Folder, static _ => { }, TimeSpan.FromMinutes(30));
        second.Enter("b", Missing);
        second.Found("a");
        second.Courier("b").Wake();
        await second.EventuallyAsync(
            () => second.Courier("b").ParkedFor() >= TimeSpan.FromMinutes(27), "they are as old as they are");
        second["b"].Script = ScriptedDestination.Accept;
        await second.EventuallyAsync(() => second.Courier("b").Tally.Pending == 0, "they are there");
        Assert.Equal(TimeSpan.Zero, second.Courier("b").ParkedFor());

        static HttpResponseMessage? Missing(SentRequest request) =>
            SentRequest.Response(404, $"database not found: '{request.Database}'");
    }

    [Fact]
    public async Task F8_what_is_parked_for_long_does_not_hold_what_came_beside_it()
    {
        const int rounds = 60, others = 40;
        static void Configure(MirrorOptions options) => options.Journal.MaxBytes = 8 * 1024 * 1024;
        string filler = new('x', 30_000);
        await using (TestCluster first = TestCluster.OnDisk(Folder, Configure, "a", "b"))
        {
            first["b"].Script = static request => request.Database == "db"
                ? SentRequest.Response(404, "database not found: \"db\"")
                : ScriptedDestination.Accept(request);
            for (int i = 1; i <= rounds; i++)
            {
                await first.TakeAsync(Records.Write("db", $"m v={i} {i}\n"));
                for (int j = 1; j < others; j++)
                    await first.TakeAsync(Records.Write("other", $"m v=\"{filler}\" {(i * others) + j}\n"));
                MirroredRecord last = Records.Write("other", $"m v=\"{filler}\" {(i + 1) * others}\n");
                await first.TakeAsync(last);
                Assert.True(await first.Cluster.Journal.WaitSafeAsync(last));
                // For who lags beside that, a full journal may drop.
                await first.EventuallyAsync(
                    () => first.Courier("b").Tally.Delivered == i * others && first.Courier("b").Tally.Parked == i,
                    "all but the parked ones are there");
            }

            await first.EventuallyAsync(
                () => first.Cluster.Journal.Store!.Log.Usage.SegmentBytes < 4 * 1024 * 1024, "there is room again");
            Assert.Equal((0, false), (first.Courier("b").Tally.Dropped, first.Courier("b").NeedsResync));
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, Configure, "a", "b");
        await second.QuietAsync();
        Assert.Equal(Enumerable.Range(1, rounds).Select(static i => $"m v={i} {i}"), second["b"].Lines);
        Assert.False(second.Courier("b").NeedsResync);
        second.AssertAccounts();
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

    private static HttpResponseMessage? WithoutDb(SentRequest request) => request.Database == "db"
        ? SentRequest.Response(404, "database not found: \"db\"")
        : ScriptedDestination.Accept(request);
}
