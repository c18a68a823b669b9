using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What becomes of a journal whose disk has no space left.</summary>
public sealed class FullDiskTests : DurableTests
{
    private static readonly string Filler = new('x', 30_000);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_full_disk_lets_go_of_what_everybody_has(bool isFullToTheLastBlock)
    {
        SizedDisk disk = null!;
        await using (TestCluster cluster = TestCluster.OnDisk(
            Folder, Large, inner => disk = new SizedDisk(inner, Folder, 40 << 20), "a", "b"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            int taken = await FillAsync(cluster);
            if (isFullToTheLastBlock)
            {
                // What others write while it works at its limit.
                await cluster.EventuallyAsync(
                    () =>
                    {
                        disk.Fill();
                        return cluster.Cluster.Journal.Store!.Log.Usage is { Spares: 0, FreeBytes: 0 };
                    },
                    "it is full");
            }

            cluster["b"].Script = ScriptedDestination.Accept;
            cluster.Courier("b").Wake();
            await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Delivered == taken, "b has everything", 3);
            await cluster.EventuallyAsync(() => cluster.Cluster.TryAppend(Record(1)), "there is space again");
            await cluster.EventuallyAsync(HasRoom, "it is as before");
        }

        await using TestCluster again = TestCluster.OnDisk(Folder, Large, _ => disk, "a", "b");
        await again.QuietAsync();
        Assert.InRange(again["b"].Requests.Count, 0, 1);
        Assert.True(again.Cluster.TryAppend(Record(2)));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(40, false)]
    [InlineData(40, true)]
    public async Task F6_at_the_reserve_the_laggard_loses_the_oldest_that_another_one_has_and_writes_go_on(
        int percent, bool areOthersGreedy)
    {
        SizedDisk disk = null!;
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            options => GivingWay(options, percent),
            inner => disk = new SizedDisk(inner, Folder, 80 << 20), "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await TakeAsync(cluster, 1, 4000);

        long lost = cluster.Courier("b").Tally.Dropped;
        Assert.InRange(lost, 1000, 3500);
        Assert.True(cluster.Courier("b").NeedsResync);
        // What is written anew is beside the old one for a moment, and small.
        await cluster.UntilAsync(
            () => disk.FreeBytes >= (disk.TotalBytes / 100 * percent) - (2 << 20), "what is to be left free is");

        // Others take more than what is to be left free: it goes on with the files it has.
        if (areOthersGreedy)
            disk.IsTaken = true;
        else
            disk.Fill();
        await TakeAsync(cluster, 4001, 6000);

        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 6000, "a has them all");
        Assert.Equal(0, cluster.Courier("a").Tally.Dropped);
        Assert.InRange(cluster.Courier("b").Tally.Dropped - lost, 1000, 3500);
        List<string> got = Listen(cluster["b"]);
        await cluster.QuietAsync();
        Assert.EndsWith(" 6000", got[^1], StringComparison.Ordinal);
        Assert.Equal(6000, cluster.Courier("b").Tally.Dropped + cluster.Courier("b").Tally.Delivered);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F6_there_is_room_to_save_by_before_others_can_have_filled_the_disk()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, Large, "a", "b");

        await cluster.UntilAsync(HasRoom, "it is there, with no time gone by");
    }

    [Fact]
    public async Task F6_at_the_reserve_nothing_is_dropped_that_nobody_has()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options => GivingWay(options, percent: 0),
            inner => new SizedDisk(inner, Folder, 40 << 20), "a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Absent;
        int taken = await FillAsync(cluster);
        for (int i = 0; i < 20; i++)
        {
            await cluster.PassAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100));
            Assert.False(cluster.Cluster.TryAppend(Record(taken)));
        }

        Assert.Equal(0, cluster.Courier("a").Tally.Dropped + cluster.Courier("b").Tally.Dropped);
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(
            () => cluster.Cluster.Couriers.All(one => one.Tally.Delivered == taken), "both have everything");
        cluster.AssertAccounts();
    }

    /// <summary>Others cannot keep the places and the ledger from being saved.</summary>
    private bool HasRoom() => new[] { "a.cursor", "b.cursor", GapLedger.FileName }.All(name =>
        new FileInfo(Path.Combine(Folder, name + ".new")) is { Exists: true, Length: >= 64 * 1024 });

    /// <summary>Writes records as there is room for them.</summary>
    private static async Task TakeAsync(TestCluster cluster, int first, int last)
    {
        for (int i = first; i <= last; i++)
        {
            MirroredRecord record = Record(i);
            await cluster.TakeAsync(record);
            await cluster.Cluster.Journal.WaitSafeAsync(record);
        }
    }

    private static MirroredRecord Record(int number) => Records.Write("db", $"m v=\"{Filler}\" {number}\n");

    /// <summary>Writes until the disk takes no more; how many records it took.</summary>
    private static async Task<int> FillAsync(TestCluster cluster)
    {
        for (int taken = 0; ; taken++)
        {
            MirroredRecord record = Record(taken);
            if (!cluster.Cluster.TryAppend(record))
                return taken;
            await cluster.Cluster.Journal.WaitSafeAsync(record);
            if (taken % 20 == 0)
                cluster.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>A journal that is not at its own limit before the disk is full.</summary>
    private static void Large(MirrorOptions options) =>
        (options.Journal.MaxBytes, options.Journal.LimitPolicy) = (128 << 20, LimitPolicy.Reject);

    /// <summary>The same that gives up what it must, and leaves so much of the disk free.</summary>
    private static void GivingWay(MirrorOptions options, int percent)
    {
        Large(options);
        (options.Journal.LimitPolicy, options.Journal.ReservePercent) = (LimitPolicy.DropOldest, percent);
    }
}
