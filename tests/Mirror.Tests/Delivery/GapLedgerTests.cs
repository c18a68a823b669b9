using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What is dropped is known until somebody says that the destination has it.</summary>
public sealed class GapLedgerTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("gap-ledger-");

    private string Folder => Path.Combine(_root.FullName, "journal");

    [Fact]
    public async Task F8_every_dropped_point_is_in_the_ledger_of_its_database_and_retention_policy_across_restarts()
    {
        GapLedger ledger;
        Courier lagging;
        await using (TestCluster first = TestCluster.OnDisk(Folder, Small, "a", "b"))
        {
            await FillAsync(first);
            (ledger, lagging) = (first.Cluster.Gaps, first.Courier("b"));
        }

        // Dropping went on in the background until the cluster was closed: only now are the two of one moment.
        Gap[] gaps = [.. ledger.List()];
        Assert.Equal(["db", "other"], gaps.Select(static gap => gap.Database));
        Assert.Equal([null, "week"], gaps.Select(static gap => gap.RetentionPolicy));
        Assert.All(gaps, static gap => Assert.Equal("b", gap.Destination));
        Assert.Equal(lagging.Tally.Dropped, gaps.Sum(static gap => gap.Points));
        Assert.Equal(gaps.Sum(static gap => gap.Points), gaps.Sum(static gap => gap.Records));
        Assert.All(gaps, static gap => Assert.True(gap.First < gap.Last));

        await using (TestCluster second = TestCluster.OnDisk(Folder, Small, "a", "b"))
        {
            Assert.Equal(gaps, second.Cluster.Gaps.List());
            second.Courier("b").DeclareInSync();
            Assert.Empty(second.Cluster.Gaps.List());
        }

        await using TestCluster third = TestCluster.OnDisk(Folder, Small, "a", "b");
        Assert.Empty(third.Cluster.Gaps.List());
        Assert.False(third.Courier("b").NeedsResync);
    }

    [Theory]
    [InlineData("a_database_")]
    [InlineData("ünicode\"\u0001")]
    [InlineData("longest")]
    public void F6_all_that_is_ever_in_it_finds_its_room_on_a_disk_that_others_fill(string name)
    {
        Directory.CreateDirectory(Folder);
        SizedDisk disk = new(new LinuxDisk(Folder), Folder, 16 << 20);
        GapLedger ledger = GapLedger.Open(disk, TimeSpan.Zero, static save => save(), Assert.Fail);
        ledger.KeepRoom();
        disk.IsTaken = true;
        string longest = name == "longest" ? new string('n', 250) : name;
        for (int i = 0; i < 1100; i++)
            ledger.Note("influxdb2", Records.Write($"{longest}{i}", "m v=1", $"{longest}{i}"));
        // However large its numbers become.
        for (int i = 0; i < 1100; i++)
        {
            MirroredRecord record = Records.Write($"{longest}{i}", "m v=1", $"{longest}{i}");
            record.AcceptedAt = new DateTimeOffset(9999, 12, 31, 23, 59, 59, 999, TimeSpan.Zero).AddTicks(9999);
            ledger.Note("influxdb2", record);
        }

        ledger.Save();

        IReadOnlyList<Gap> saved = GapLedger.Load(new ReadOnlyDisk(Folder), static news => Assert.Fail(news));
        Assert.Equal(2200, saved.Sum(static gap => gap.Points));
        Assert.InRange(saved.Count, 100, 1001);
    }

    [Fact]
    public async Task A_saved_place_never_knows_of_a_drop_that_the_ledger_does_not_know()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, Small, "a", "b");
        await FillAsync(cluster);
        Assert.True(cluster.Courier("b").Save());
        CourierState saved = CourierState.Decode(
            cluster.Cluster.Journal.Store!.Saved("b")!.Extra.Span)!;

        long known = GapLedger.Load(new ReadOnlyDisk(Folder), static news => Assert.Fail(news))
            .Sum(static gap => gap.Points);
        Assert.True(saved.Tally.Dropped > 0);
        Assert.True(known >= saved.Tally.Dropped, $"{known} of {saved.Tally.Dropped}");
    }

    [Fact]
    public async Task With_a_journal_in_memory_the_ledger_is_there_too()
    {
        await using TestCluster cluster = new("a", "b");
        cluster.Options.Journal.BufferSizeMB = 1;
        cluster.Cluster.Reconfigure();
        cluster["b"].Script = ScriptedDestination.Absent;
        for (int i = 1; i <= 100; i++)
        {
            cluster.Write("db", $"m v=\"{new string('x', 30_000)}\" {i}\n");
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == i, "a has it");
        }

        Gap gap = Assert.Single(cluster.Cluster.Gaps.List("B"));
        Assert.Equal(cluster.Courier("b").Tally.Dropped, gap.Points);
        Assert.True(gap.Points > 0);
        cluster.Courier("b").DeclareInSync();
        Assert.Empty(cluster.Cluster.Gaps.List());
    }

    [Fact]
    public async Task F5_a_garbled_ledger_is_reported_and_begins_anew()
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(
            Path.Combine(Folder, GapLedger.FileName), "[]\n00000000\n", TestContext.Current.CancellationToken);
        List<string> news = [];

        Assert.Empty(GapLedger.Load(new ReadOnlyDisk(Folder), news.Add));
        Assert.Contains("damaged", Assert.Single(news), StringComparison.Ordinal);
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a");
        Assert.Empty(cluster.Cluster.Gaps.List());
    }

    [Fact]
    public void The_case_of_letters_in_the_name_of_a_destination_makes_no_difference()
    {
        foreach (string destination in new[] { "bee", "Bee" })
        {
            GapLedger ledger = Open();
            ledger.Note(destination, Records.Write("db", "m v=1 1\n"));
            ledger.Save();
        }

        Gap gap = Assert.Single(Open().List());
        Assert.Equal(("bee", 2), (gap.Destination, gap.Points));
    }

    [Fact]
    public async Task The_names_that_clients_choose_do_not_grow_it_without_bound()
    {
        await using TestCluster cluster = new("a");
        for (int i = 0; i < 1500; i++)
            cluster.Cluster.Gaps.Note("a", Records.Write($"db{i}", "m v=1 1\n"));

        Assert.Equal(1001, cluster.Cluster.Gaps.List().Count);
        Assert.Equal(1500, cluster.Cluster.Gaps.List().Sum(static gap => gap.Points));
        Assert.Contains(cluster.Cluster.Gaps.List(), static gap => gap is { Database: GapLedger.Others, Points: 500 });
    }

    [Fact]
    public async Task It_keeps_no_name_that_is_longer_than_a_server_takes()
    {
        string longest = new('n', 255);
        await using TestCluster cluster = TestCluster.OnDisk(Folder, Small, "a");
        cluster.Cluster.Gaps.Note("a", Records.Write(longest, "m v=1 1\n", longest));
        cluster.Cluster.Gaps.Note("a", Records.Write(longest + "n", "m v=1 1\n", longest + "n"));
        cluster.Cluster.Gaps.Note("a", Records.Write(longest + "nn", "m v=1 1\n", longest + "nn"));

        Assert.Equal(
            [(SharedNames.Long, SharedNames.Long, 2), (longest, longest, 1)],
            cluster.Cluster.Gaps.List().Select(static gap => (gap.Database, gap.RetentionPolicy!, (int)gap.Points)));
    }

    private GapLedger Open() =>
        GapLedger.Open(new LinuxDisk(Folder), TimeSpan.Zero, static save => save(), Assert.Fail);

    public void Dispose() => _root.Delete(recursive: true);

    private static void Small(MirrorOptions options)
    {
        options.Journal.MaxBytes = 4 * 1024 * 1024;
        options.Journal.BufferSizeMB = 1;
    }

    /// <summary>Writes for two, of which one is down, until much is dropped for it.</summary>
    private static async Task FillAsync(TestCluster cluster)
    {
        cluster["b"].Script = ScriptedDestination.Absent;
        string filler = new('x', 30_000);
        for (int i = 1; i <= 300; i++)
        {
            MirroredRecord record = i % 2 == 0
                ? Records.Write("db", $"m v=\"{filler}\" {i}\n")
                : Records.Write("other", $"m v=\"{filler}\" {i}\n", retentionPolicy: "week");
            await cluster.TakeAsync(record);
            await cluster.Cluster.Journal.WaitSafeAsync(record);
        }

        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 300, "a has them all");
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Dropped > 100, "much is dropped for b");
    }
}
