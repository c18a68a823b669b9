using System.Globalization;
using InfluxMirror.Delivery;
using InfluxMirror.Writes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Alone, since it looks at the memory of the process.</summary>
[CollectionDefinition(nameof(FlatMemoryTests), DisableParallelization = true)]
public sealed class FlatMemoryCollection;

/// <summary>What waits for a destination that is away costs disk and not memory, however small its records are.
/// </summary>
[Collection(nameof(FlatMemoryTests))]
public sealed class FlatMemoryTests(ITestOutputHelper output) : IDisposable
{
    private const long Bound = 100_000_000;

    // Each statement saves two cursors: where the system has a disk in memory, that is as good here.
    private readonly DirectoryInfo _root = Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory(Path.Combine("/dev/shm", $"flat-memory-{Guid.NewGuid():N}"))
        : Directory.CreateTempSubdirectory("flat-memory-");

    [Fact]
    public async Task A_backlog_of_many_tiny_writes_takes_no_more_memory_than_one_of_large_ones()
    {
        const int count = 300_000;
        await using TestCluster cluster = Start();
        long before = Used();
        await FillAsync(cluster, count, static i => Records.Write("db", Line(i)));

        long used = Used() - before;
        output.WriteLine($"{used / 1_000_000} MB for {count} records");
        Assert.InRange(used, long.MinValue, Bound);
        Assert.True(cluster.Courier("b").Tally.PendingBytes > 42L * count);
        List<int> got = [];
        cluster["b"].Script = request =>
        {
            got.AddRange(request.Lines.Select(
                static line => int.Parse(line.AsSpan(13, 6), CultureInfo.InvariantCulture)));
            return ScriptedDestination.Accept(request);
        };
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "b has all", patience: 10);
        Assert.Equal(Enumerable.Range(1, count), got);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_backlog_of_statements_in_the_url_is_bounded_in_memory_and_counted_in_bytes()
    {
        const int count = 100_000;
        await using TestCluster cluster = Start();
        long before = Used();
        await FillAsync(cluster, count, static i => Records.Statement($"DELETE FROM m WHERE t='{i:000000}'", ["db"]));

        long used = Used() - before;
        output.WriteLine($"{used / 1_000_000} MB for {count} records");
        Assert.InRange(used, long.MinValue, Bound);
        Assert.True(cluster.Courier("b").Tally.PendingBytes > 30L * count);
        int next = 0;
        cluster["b"].Script = request =>
        {
            Assert.Equal($"DELETE FROM m WHERE t='{++next:000000}'", request.Query);
            return ScriptedDestination.Accept(request);
        };
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "b has all", patience: 10);
        Assert.Equal((count, 0), (next, cluster.Courier("b").Tally.PendingBytes));
        cluster.AssertAccounts();
    }

    [Theory]
    [InlineData(false, 10_000)]
    [InlineData(true, 4_000)]
    public async Task A_record_counts_about_what_it_takes(bool isStatement, int count)
    {
        // What earlier tests left in pools may go meanwhile, and then the measurement is worth nothing.
        double share = 0;
        for (int round = 0; round < 5 && share is < 0.5 or > 1.1; round++)
            share = await MeasureAsync(isStatement, count, $"round-{round}");
        Assert.InRange(share, 0.5, 1.1);
    }

    public void Dispose() => _root.Delete(recursive: true);

    /// <summary>Bytes that records take, as a share of what they count.</summary>
    private async Task<double> MeasureAsync(bool isStatement, int count, string folder)
    {
        await using TestCluster cluster = Start(folder);
        long before = Used();
        await FillAsync(cluster, count, i =>
        {
            Receipt receipt = new(
                cluster.Cluster, ConsistencyLevel.Any, isStatement, cluster.Time, NullLogger.Instance);
            return isStatement
                ? Records.Statement($"DELETE FROM m WHERE t='{i:000000}'", ["db"], receipt)
                : Records.Write("db", Line(i), watch: receipt);
        });
        long used = Used() - before, counted = cluster.Cluster.Journal.Bytes;
        output.WriteLine($"{used / count} bytes each, counted as {counted / count}");
        return (double)used / counted;
    }

    private static string Line(int i) => $"m,t=abcdef v={i:000000} 1700000{i:000000}000000\n";

    /// <summary>Bytes of objects that are in use.</summary>
    private static long Used() => GC.GetTotalMemory(forceFullCollection: true);

    /// <summary>Two destinations, of which b is away.</summary>
    private TestCluster Start(string folder = "journal")
    {
        TestCluster cluster = TestCluster.OnDisk(
            Path.Combine(_root.FullName, folder), static options => options.Journal.BufferSizeMB = 16, "a", "b");
        foreach (string destination in new[] { "a", "b" })
            cluster[destination].Remembers = false;
        cluster["b"].Script = ScriptedDestination.Absent;
        return cluster;
    }

    private static async Task FillAsync(TestCluster cluster, int count, Func<int, MirroredRecord> make)
    {
        for (int i = 1; i <= count; i++)
        {
            MirroredRecord record = make(i);
            await cluster.TakeAsync(record);
            if (i % 1000 == 0)
                Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(record));
        }

        await cluster.UntilAsync(
            () => cluster.Courier("a").Tally.Pending == 0, "a has all", TimeSpan.FromMilliseconds(20), patience: 10);
    }
}
