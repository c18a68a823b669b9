using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What becomes of records whose file is gone while the gateway runs.</summary>
public sealed class UnreadableJournalTests : DurableTests
{
    private static readonly string Filler = new('x', 30_000);

    [Fact]
    public async Task A_backlog_loses_what_the_file_held_and_nothing_else_and_that_is_counted()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await FillAsync(cluster, 1500);
        LoseOne();

        int got = 0;
        cluster["b"].Script = request =>
        {
            Interlocked.Add(ref got, request.Lines.Length);
            return ScriptedDestination.Accept(request);
        };
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "nothing waits");

        CourierTally tally = cluster.Courier("b").Tally;
        Assert.InRange(tally.Dropped, 1, 300);
        Assert.Equal(tally.Dropped, tally.DroppedAs(DropCause.Damaged));
        Assert.Equal((1500, got), (tally.Delivered + tally.Dropped, tally.Delivered));
        Assert.True(cluster.Courier("b").NeedsResync);
        Assert.Equal(1500, cluster.Courier("a").Tally.Delivered);
        cluster.AssertAccounts();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_disk_that_fails_for_some_seconds_costs_nothing(bool areParked)
    {
        await using TestCluster cluster = Small("a", "b");
        Courier b = cluster.Courier("b");
        if (areParked)
        {
            await ParkAsync(cluster, 1500);
        }
        else
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            await FillAsync(cluster, 1500);
        }

        // What is opened as a file, and cannot be read.
        string file = OneInTheMiddle();
        File.Move(file, file + ".away");
        Directory.CreateDirectory(file);
        cluster["b"].Script = ScriptedDestination.Accept;
        b.Wake();
        await cluster.EventuallyAsync(() => b.Tally.Delivered > 100, "it is on its way");
        await cluster.PassAsync(TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(250));
        Assert.InRange(b.Tally.Delivered, 100, 1400);
        Directory.Delete(file);
        File.Move(file + ".away", file);
        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "nothing waits");

        Assert.Equal((1500, 0, false), (b.Tally.Delivered, b.Tally.Dropped, b.NeedsResync));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_backlog_survives_a_start_at_which_the_disk_does_not_give_it()
    {
        await using (TestCluster first = Small("a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            await FillAsync(first, 500);
        }

        FailingDisk failing = null!;
        await using (TestCluster second = TestCluster.OnDisk(
            Folder, disk => failing = new FailingDisk(disk) { Bad = Path.GetFileName(OneInTheMiddle()) }))
        {
            second.Enter("b", ScriptedDestination.Absent);
            second.Found("a");
            await second.PassAsync(TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(100));
            failing.Bad = null;
        }

        await using TestCluster third = Small("a", "b");
        await third.EventuallyAsync(() => third.Courier("b").Tally.Pending == 0, "nothing waits");
        Assert.Equal((500, 0, false), (
            third.Courier("b").Tally.Delivered, third.Courier("b").Tally.Dropped, third.Courier("b").NeedsResync));
        third.AssertAccounts();
    }

    [Fact]
    public async Task A_disk_that_goes_on_to_fail_costs_what_it_does_not_give()
    {
        await using TestCluster cluster = Small("a", "b");
        Courier b = cluster.Courier("b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await FillAsync(cluster, 1500);
        string file = OneInTheMiddle();
        File.Delete(file);
        Directory.CreateDirectory(file);
        cluster["b"].Script = ScriptedDestination.Accept;
        DateTimeOffset began = cluster.Time.GetUtcNow();
        b.Wake();
        await cluster.EventuallyAsync(() => b.NeedsResync, "it is given up");
        Assert.True(cluster.Time.GetUtcNow() - began >= ReadPatience.Limit);
        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "nothing waits");

        Assert.InRange(b.Tally.DroppedAs(DropCause.Damaged), 1, 300);
        Assert.Equal(1500, b.Tally.Delivered + b.Tally.Dropped);
        cluster.AssertAccounts();
        Directory.Delete(file);
    }

    [Fact]
    public async Task Parked_records_go_out_but_for_those_the_file_held()
    {
        await using TestCluster cluster = Small("a", "b");
        await ParkAsync(cluster, 1000);
        LoseOne();

        cluster["b"].Script = ScriptedDestination.Accept;
        cluster.Courier("b").Wake();
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "nothing waits");

        CourierTally tally = cluster.Courier("b").Tally;
        Assert.Equal((1000, 0), (tally.Delivered + tally.Dropped, tally.Parked));
        Assert.InRange(tally.Delivered, 500, 1000);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task What_is_lost_among_parked_records_is_counted_once_when_the_others_have_left()
    {
        await using TestCluster cluster = Small("a", "b");
        Courier b = cluster.Courier("b");
        await ParkAsync(cluster, 1500);
        LoseOne();

        // The database is there for a while, and gone again: some of them are back, and some are lost.
        cluster["b"].Script = request => b.NeedsResync
            ? SentRequest.Response(404, "database not found: \"db\"")
            : ScriptedDestination.Accept(request);
        b.Wake();
        await cluster.EventuallyAsync(() => b.NeedsResync && b.Tally.WaitingRecords == 0, "it is gone again");
        Assert.True(b.Save());
        Assert.Equal((0, true), (b.Tally.Dropped, b.Tally.Parked > 0));
        cluster.Write("db", "m v=1 2000\n");
        cluster.Write("other", "m v=1 1\n");
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");
        Assert.Equal(1502, b.Tally.Delivered + b.Tally.Pending);

        cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "nothing waits");
        Assert.True(b.Save());
        Assert.InRange(b.Tally.DroppedAs(DropCause.Damaged), 1, 300);
        Assert.Equal((1502, 0), (b.Tally.Delivered + b.Tally.Dropped, b.Tally.Parked));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_drop_has_its_way_with_parked_records_that_cannot_be_read()
    {
        await using TestCluster cluster = Small("a", "b");
        await ParkAsync(cluster, 1000);
        foreach (string file in Directory.GetFiles(Folder, "*.seg"))
            File.Delete(file);

        cluster["b"].Script = static request => request.Query is null
            ? SentRequest.Response(404, "database not found: \"db\"")
            : ScriptedDestination.Accept(request);
        Fates drop = cluster.Statement("DROP MEASUREMENT m", "db");
        await cluster.EventuallyAsync(() => drop.EndAt("b") == "delivered", "it ran");

        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "every record has its fate");
        CourierTally tally = cluster.Courier("b").Tally;
        Assert.Equal((0, 1001), (tally.Parked, tally.Delivered + tally.Rejected + tally.Dropped));
        Assert.True(cluster.Courier("b").NeedsResync);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task What_waits_on_disk_behind_a_long_statement_goes_out_but_for_what_the_file_held()
    {
        await using TestCluster cluster = Small("a", "b");
        int got = 0;
        cluster["b"].Script = request =>
        {
            if (request.Query is not null)
                return null;
            Interlocked.Add(ref got, request.Lines.Length);
            return ScriptedDestination.Accept(request);
        };
        cluster.Statement("DELETE FROM m", "db");
        await FillAsync(cluster, 1500);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.TakenBytes < 16_000_000
            && cluster.Courier("a").Tally.Pending == 0, "it is left to the disk");
        LoseOne();
        (await cluster["b"].NextAsync()).Answer(200);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "nothing waits");

        CourierTally tally = cluster.Courier("b").Tally;
        Assert.InRange(tally.Dropped, 1, 300);
        Assert.Equal((1501, got + 1), (tally.Delivered + tally.Dropped, tally.Delivered));
        Assert.True(cluster.Courier("b").NeedsResync);
        cluster.AssertAccounts();
    }

    private TestCluster Small(params string[] destinations) => TestCluster.OnDisk(
        Folder,
        static options =>
        {
            options.Journal.MaxBytes = 64 * 1024 * 1024;
            options.Journal.BufferSizeMB = 1;
            options.Delivery.DeadLettersMB = 64;
        },
        destinations);

    private static async Task FillAsync(TestCluster cluster, int records)
    {
        for (int i = 1; i <= records; i++)
        {
            Fates one = cluster.Write("db", $"m v=\"{Filler}\",i={i}i {i}\n");
            if (i % 50 == 0)
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(one.Record));
        }

        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");
    }

    private static async Task ParkAsync(TestCluster cluster, int records)
    {
        cluster["b"].Script = static _ => SentRequest.Response(404, "database not found: \"db\"");
        await FillAsync(cluster, records);
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == records, "they are parked");
    }

    /// <summary>A file in the middle of what waits: the oldest may be in memory.</summary>
    private void LoseOne() => File.Delete(OneInTheMiddle());

    private string OneInTheMiddle()
    {
        string[] segments = [.. Directory.GetFiles(Folder, "*" + SegmentFormat.Segment).Order(StringComparer.Ordinal)];
        return segments[segments.Length / 2];
    }
}
