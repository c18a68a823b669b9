using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using InfluxMirror.Tests.Writes;
using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A courier that ends while something is under way, its journal on disk.</summary>
public sealed class EndedCourierTests : DurableTests
{
    /// <summary>It takes a while to end, and clients write on.</summary>
    [Fact]
    public async Task What_comes_while_a_removed_destination_ends_is_in_its_account_when_it_is_back()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        using ManualResetEventSlim ends = new();
        cluster["b"].Script = request =>
        {
            ends.Wait();
            return ScriptedDestination.Accept(request);
        };
        cluster.Write("db", "m v=1 1\n");
        await cluster.UntilAsync(() => cluster["b"].Requests.Count == 1, "b has been asked");
        Courier removed = cluster.Courier("b");
        cluster.Remove("b");
        Fates later = cluster.Write("db", "m v=2 2\n");
        Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(later.Record));
        ends.Set();
        await cluster.UntilAsync(() => removed.HasEnded, "it has ended");

        cluster.Add("b");
        await cluster.QuietAsync();

        CourierTally tally = cluster.Courier("b").Tally;
        await cluster.UntilAsync(() => tally.Delivered == 2, "b has both");
        Assert.True(cluster.Courier("b").Save());
        Assert.Equal((2, 0), (tally.Accepted, tally.Dropped));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_parked_record_that_is_withdrawn_when_its_courier_has_ended_is_let_go_of_once()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        cluster["b"].Script = ScriptedDestination.Wait;
        Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.Any);
        Courier removed = cluster.Courier("a");
        await cluster.UntilAsync(() => removed.Tally.Parked == 1, "a has parked it");
        cluster.Remove("a");
        await cluster.UntilAsync(() => removed.HasEnded, "a has ended");

        (await cluster["b"].NextAsync()).Answer(404, "database not found: 'x'");

        Assert.Equal(WriteOutcome.Refused, (await write).Outcome);
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
    }

    [Fact]
    public async Task A_courier_ends_while_the_disk_does_not_take_that_a_statement_is_done()
    {
        HookedDisk disk = null!;
        await using TestCluster cluster = TestCluster.OnDisk(Folder, inner => disk = new HookedDisk(inner), "a");
        Fates first = cluster.Write("db", "m v=1 1\n");
        await cluster.UntilAsync(() => first.EndAt("a") is not null, "a has it");
        disk.Creating = static () => throw new DiskException(DiskFault.Failed, "The disk fails.");
        Courier removed = cluster.Courier("a");
        Fates statement = cluster.Statement("DROP MEASUREMENT m", "db");
        await cluster.UntilAsync(() => statement.EndAt("a") is not null, "a has executed it");

        cluster.Remove("a");

        await cluster.UntilAsync(() => removed.HasEnded, "it has ended");
        disk.Creating = null;
    }

    [Fact]
    public async Task A_new_destination_needs_a_resync_though_only_the_cursors_of_others_were_saved_before_a_kill()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a"))
        {
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            Assert.True(first.Courier("a").Save());
            first.Add("b");
            Assert.True(first.Courier("a").Save());
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");

        Assert.True(second.Courier("b").NeedsResync);
    }

    [Fact]
    public async Task F29_Who_was_there_needs_no_resync_though_only_the_cursor_of_a_new_one_was_saved_before_a_kill()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            first.Add("c");
            image = CopyTo("image");
        }

        File.Delete(Path.Combine(image, "a.cursor"));
        File.Delete(Path.Combine(image, "b.cursor"));
        await using TestCluster second = TestCluster.OnDisk(image, "a", "b", "c");

        Assert.Equal(
            ["c"],
            second.Cluster.Couriers.Where(static one => one.NeedsResync).Select(static one => one.Destination));
    }

    /// <summary>Only its name in a cursor that was saved long ago tells that there was such a destination.</summary>
    [Fact]
    public async Task A_destination_without_a_cursor_that_was_none_for_a_while_needs_a_resync()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b", "c"))
        {
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            foreach (string destination in new[] { "b", "c" })
            {
                Courier removed = first.Courier(destination);
                first.Remove(destination);
                await first.UntilAsync(() => removed.HasEnded, "it has ended");
            }

            File.Delete(Path.Combine(Folder, "c.cursor"));
            Assert.True(first.Courier("a").Save());
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b", "c");

        Assert.True(second.Courier("c").NeedsResync);
    }
}
