using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>The gateway is killed at a known moment: the next one begins with a copy of its journal.</summary>
public sealed class KilledTests : DurableTests
{
    [Fact]
    public async Task What_was_durable_when_the_gateway_was_killed_reaches_everybody()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            Fates last = null!;
            for (int i = 1; i <= 20; i++)
                last = first.Write("db", $"m v={i} {i}\n");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(last.Record));
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();

        Assert.Equal(Enumerable.Range(1, 20).Select(static i => $"m v={i} {i}"), second["b"].Lines);
        second.AssertAccounts();
        Assert.Equal(20, second.Courier("b").Tally.Delivered);
    }

    /// <summary>From the moment that it is decided: what comes behind it may be everywhere before it is written.
    /// </summary>
    [Fact]
    public async Task What_is_to_be_written_in_any_case_may_be_sent_again_from_then_on()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        SegmentLog log = cluster.Cluster.Journal.Store!.Log;
        cluster["b"].Script = ScriptedDestination.Wait;
        Fates overtakes = cluster.Write("db", "m v=1 1\n");
        Assert.False(log.MayRepeat);
        overtakes.Record.Keep();
        Assert.True(log.MayRepeat);
    }

    /// <summary>The first to begin saves at once that it needs a resync: that makes no newcomer of the other.</summary>
    [Fact]
    public async Task F5_When_all_cursors_are_lost_everybody_gets_what_is_there()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            await first.UntilAsync(() => Directory.GetFiles(Folder, "*.cursor").Length == 2, "places are saved");
            await first.PassAsync(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100));
            for (int i = 1; i <= 5; i++)
            {
                Fates everywhere = first.Write("db", $"m v={i} {i}\n");
                Assert.True(await first.Cluster.Journal.WaitSafeAsync(everywhere.Record));
            }

            await first.QuietAsync(TimeSpan.Zero);
            first["a"].Script = first["b"].Script = ScriptedDestination.Absent;
            Fates last = first.Write("db", "m v=6 6\n");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(last.Record));
            image = CopyTo("image");
        }

        foreach (string cursor in Directory.GetFiles(image, "*.cursor"))
            File.Delete(cursor);

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();

        foreach (string destination in new[] { "a", "b" })
            Assert.Equal("m v=6 6", second[destination].Lines.LastOrDefault());
        second.AssertAccounts();
    }

    [Fact]
    public async Task What_no_disk_had_yet_when_the_gateway_was_killed_is_not_missed()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            first["a"].Script = ScriptedDestination.Wait;
            first["b"].Script = ScriptedDestination.Wait;
            Fates last = first.Write("db", "m v=2 2\n");
            await first["a"].NextAsync();
            await first["b"].NextAsync();
            Assert.True(first.Cluster.Journal.Store!.Log.DurableThrough < last.Record.Position);
            Assert.All(first.Cluster.Couriers, static courier => Assert.True(courier.Save()));
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();
        Assert.All(second.Cluster.Couriers, static courier => Assert.True(courier.Save()));

        Assert.All(second.Cluster.Couriers, static courier => Assert.False(courier.NeedsResync));
        Assert.All(second.Cluster.Couriers, static courier => Assert.Equal(0, courier.Tally.Dropped));
        Assert.All(second.Cluster.Couriers, static courier => Assert.Equal(1, courier.Tally.Accepted));
        second.AssertAccounts();
    }

    /// <summary>
    /// The older one is not done while its client may be told of the refusal, or it is parked, and is written; the newer
    /// one is everywhere before it is.
    /// </summary>
    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    public async Task What_is_sent_again_after_a_kill_amid_a_refusal_is_no_older_value_without_the_newer_one(int status)
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            // That b has the newer one is not saved: it may take the older one another time, and refused it before.
            JournalStore store = first.Cluster.Journal.Store!;
            await first.UntilAsync(
                () => store.Saved("a") is not null && store.Saved("b") is not null, "where they begin is saved");
            first["b"].Script = request => request.Lines.Contains("m v=1 1")
                ? SentRequest.Response(status, "refused")
                : ScriptedDestination.Accept(request);
            MirroredRecord older = Records.Write(
                "db", "m v=1 1\n", alone: true, user: "reader", watch: new Undecided());
            Assert.True(first.Cluster.TryAppend(older));
            await first.UntilAsync(
                () => first["b"].Requests.Count == 1 && first.Courier("a").Tally.Delivered == 1, "both have had it");
            Fates newer = first.Write("db", "m v=2 1\n");
            await first.UntilAsync(
                () => newer.EndAt("a") == "delivered" && newer.EndAt("b") == "delivered", "both have the newer one");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(newer.Record));
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(older));
            image = CopyTo("image");
        }

        await AssertNewestIsLastAsync(image, "m v=2 1");
    }

    /// <summary>
    /// The older one is on disk and is sent again, as nobody saved that it arrived; the newer one was everywhere before
    /// it was written.
    /// </summary>
    [Fact]
    public async Task What_is_sent_again_after_a_kill_is_no_older_value_without_the_newer_one()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Wait;
            Fates older = first.Write("db", "m v=1 1\n");
            SentRequest request = await first["b"].NextAsync();
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(older.Record));
            first["b"].Script = ScriptedDestination.Accept;
            request.Answer(204);
            await first.QuietAsync(TimeSpan.Zero);
            Fates newer = first.Write("db", "m v=2 1\n");
            await first.QuietAsync(TimeSpan.Zero);
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(newer.Record));
            image = CopyTo("image");
        }

        await AssertNewestIsLastAsync(image, "m v=2 1");
    }

    [Fact]
    public async Task A_statement_that_ran_does_not_run_again_after_a_kill_though_what_follows_does()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a"))
        {
            first["a"].Script = static request => request.Query is null ? null : ScriptedDestination.Accept(request);
            Fates statement = first.Statement("DROP MEASUREMENT m", "db");
            Fates write = first.Write("db", "m v=1 1\n");
            await first["a"].NextAsync();
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(statement.Record));
            first.Cluster.Journal.DemandDurable(write.Record.Position);
            await first.UntilAsync(
                () => first.Cluster.Journal.Store!.Log.DurableThrough >= write.Record.Position, "the write is durable");
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a");
        await second.QuietAsync();

        Assert.Equal("m v=1 1", Assert.Single(second["a"].Lines));
        Assert.DoesNotContain(second["a"].Requests, static request => request.Query is not null);
    }

    /// <summary>
    /// The deletion of a file that nobody needs is not on disk yet when the power goes, and what came behind it was
    /// everywhere and never written.
    /// </summary>
    [Fact]
    public async Task Who_was_removed_needs_a_resync_though_a_power_cut_brings_back_the_file_that_it_lacked()
    {
        string image;
        await using (TestCluster first = Small(Folder, "a", "b"))
        {
            JournalStore store = first.Cluster.Journal.Store!;
            await first.FillAsync(1, 10);
            await first.QuietAsync();
            first.Remove("b");
            await first.UntilAsync(() => store.Saved("b")?.LowWaterMark == 10, "its place is saved");
            await first.FillAsync(11, 11);
            string oldest = store.Log.Segments[0].Name;
            byte[] content = [];
            for (int i = 12; File.Exists(Path.Combine(Folder, oldest)); i++)
            {
                content = await File.ReadAllBytesAsync(
                    Path.Combine(Folder, oldest), TestContext.Current.CancellationToken);
                await first.FillAsync(i, i);
                await first.PassAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100));
            }

            await first.EventuallyAsync(() => !store.HasAbsent, "nothing more is written for b");
            first.Write("db", "m v=1 1\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Pending == 0, "everybody has it");
            image = CopyTo("image");
            await File.WriteAllBytesAsync(
                Path.Combine(image, oldest), content, TestContext.Current.CancellationToken);
        }

        await using TestCluster second = Small(image, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").NeedsResync);
        Assert.False(second.Courier("a").NeedsResync);
        second.AssertAccounts();
    }

    /// <summary>
    /// Who comes back when a file is gone never gets what was in it, nor after a power cut that brings the file back:
    /// its account goes as far, and says nothing of that.
    /// </summary>
    [Fact]
    public async Task A_file_that_a_power_cut_brings_back_is_in_no_account()
    {
        string image, gone;
        int written = 1;
        Dictionary<string, byte[]> files = [];
        await using (TestCluster first = Small(Folder, "a", "b"))
        {
            JournalStore store = first.Cluster.Journal.Store!;
            await first.QuietAsync();
            first.Remove("b");
            await first.UntilAsync(() => store.Saved("b") is not null, "its place is saved");
            await GoOnUntilAsync(first, () => store.First > 1);
            // It waits at the beginning of the log from now on, so that files go from behind it.
            first["a"].Script = static request => request.Database == "lost"
                ? SentRequest.Response(404, "database not found: \"lost\"")
                : ScriptedDestination.Accept(request);
            await first.TakeAsync(Records.Write("lost", "l v=1 1\n"));
            files.Clear();
            await GoOnUntilAsync(first, () => Gone().Length > 0);
            gone = Gone();

            first.Add("b", ScriptedDestination.Absent);
            await first.UntilAsync(() => first.Courier("b").Save(), "it is saved");
            Assert.True(first.Courier("b").NeedsResync);
            image = CopyTo("image");
            await File.WriteAllBytesAsync(
                Path.Combine(image, gone), files[gone], TestContext.Current.CancellationToken);

            string Gone() => files.Keys.FirstOrDefault(name => !File.Exists(Path.Combine(Folder, name)), "");
        }

        await using TestCluster second = Small(image, "a", "b");
        Assert.Contains(second.Cluster.Journal.Store!.Log.Segments, segment => segment.Name == gone);
        await second.QuietAsync();
        Assert.True(second.Courier("b").Save());
        Assert.Equal(0, second.Courier("b").Tally.Dropped);
        second.AssertAccounts();

        async Task GoOnUntilAsync(TestCluster cluster, Func<bool> isSo)
        {
            for (; !isSo(); written++)
            {
                foreach (string file in Directory.GetFiles(Folder, "*.seg"))
                {
                    files[Path.GetFileName(file)] =
                        await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
                }

                await cluster.FillAsync(written, written);
                await cluster.PassAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100));
            }
        }
    }

    /// <summary>A second before a crash is in no account, so that nothing is counted as lost.</summary>
    [Fact]
    public async Task F4_Whoever_lacks_what_was_in_a_file_that_is_gone_needs_a_resync_though_no_account_had_it()
    {
        string image;
        await using (TestCluster first = Small(Folder, "a", "b"))
        {
            await first.QuietAsync();
            first["b"].Script = ScriptedDestination.Absent;
            Assert.True(first.Courier("a").Save() && first.Courier("b").Save());
            await first.FillAsync(1, 30);
            image = CopyTo("image");
            Assert.Equal(0, CourierState.Decode(first.Cluster.Journal.Store!.Saved("b")!.Extra.Span)!.Through);
            File.Delete(Path.Combine(image, first.Cluster.Journal.Store!.Log.Segments[1].Name));
        }

        await using TestCluster second = Small(image, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").NeedsResync);
        second.AssertAccounts();
    }

    [Fact]
    public async Task F41_A_place_that_no_disk_had_yet_is_given_to_another_record_without_its_history()
    {
        string image;
        using ManualResetEventSlim disk = new();
        await using (TestCluster first = TestCluster.OnDisk(Folder, Slow, "a", "b"))
        {
            first["a"].Script = ScriptedDestination.Wait;
            first["b"].Script = VanishesOnce();
            first.Write("db", "m v=1 1\n");
            await first.EventuallyAsync(
                () => first.Cluster.Journal.Store!.Saved("b") is { } saved
                    && CourierState.Decode(saved.Extra.Span)?.Vanished is [1],
                "it is noted that b vanished");
            image = CopyTo("image");
            disk.Set();
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        second["b"].Script = VanishesOnce();
        Fates other = second.Write("db", "m v=2 2\n");
        await second.QuietAsync();

        Assert.Equal(1, other.Record.Position);
        Assert.Empty(second.Cluster.Letters.List());
        Assert.Equal((1, 0), (second.Courier("b").Tally.Delivered, second.Courier("b").Tally.Rejected));

        HookedDisk Slow(IDisk over) => new(over)
        {
            Renaming = file =>
            {
                if (file.EndsWith(".seg", StringComparison.Ordinal))
                    disk.Wait();
            },
        };

        static Func<SentRequest, HttpResponseMessage?> VanishesOnce()
        {
            int requests = 0;
            return request => Interlocked.Increment(ref requests) switch
            {
                1 => throw ScriptedDestination.Lost(),
                2 or 3 => throw ScriptedDestination.NotConnected(),
                _ => ScriptedDestination.Accept(request),
            };
        }
    }

    /// <summary>Whatever both are sent again, the newest value comes last; they may be sent nothing.</summary>
    private static async Task AssertNewestIsLastAsync(string image, string newest)
    {
        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();
        foreach (string destination in new[] { "a", "b" })
            Assert.Equal(newest, second[destination].Lines.LastOrDefault(newest));
        second.AssertAccounts();
    }

    /// <summary>A journal of 4 MiB.</summary>
    private static TestCluster Small(string folder, params string[] destinations) => TestCluster.OnDisk(
        folder, static options => options.Journal.MaxBytes = 4 * 1024 * 1024, destinations);

    /// <summary>A client that may still be told of a refusal.</summary>
    private sealed class Undecided : DeliveryWatch
    {
        public override bool IsAnswered => false;

        public override void Delivered(Courier courier, MirroredRecord record, DestinationAnswer answer)
        {
        }

        public override bool Refused(Courier courier, MirroredRecord record, DestinationAnswer answer, bool parked) =>
            false;

        public override void Unavailable(Courier courier, MirroredRecord record)
        {
        }
    }
}
