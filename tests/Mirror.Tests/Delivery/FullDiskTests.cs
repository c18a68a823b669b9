using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
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
            await cluster.EventuallyAsync(
                () => File.Exists(Path.Combine(Folder, Ballast.FileName)), "it is as before");
        }

        await using TestCluster again = TestCluster.OnDisk(Folder, Large, _ => disk, "a", "b");
        await again.QuietAsync();
        Assert.InRange(again["b"].Requests.Count, 0, 1);
        Assert.True(again.Cluster.TryAppend(Record(2)));
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

    private static void Large(MirrorOptions options) => options.Journal.MaxBytes = 128 << 20;
}
