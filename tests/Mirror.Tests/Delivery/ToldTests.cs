using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What the log and the status say is what happened.</summary>
public sealed class ToldTests : DurableTests
{
    [Fact]
    public async Task What_waits_on_disk_when_the_gateway_ends_is_said_to_stay_and_not_to_be_removed()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await WriteAsync(cluster);

        await cluster.Cluster.StopAsync(new CancellationToken(canceled: true));

        string said = Assert.Single(cluster.Log.Of("influx/b: 3 point(s) that wait for it stay in the journal"));
        Assert.StartsWith("Information: ", said, StringComparison.Ordinal);
        Assert.Empty(cluster.Log.Of("no longer a destination"));
        Assert.False(cluster.Cluster.TryAppend(Records.Write("db", "m v=4 4\n")));
        Assert.Single(cluster.Log.Of("the journal takes no records now: the gateway ends"));
    }

    [Fact]
    public async Task What_waits_in_memory_when_the_gateway_ends_is_said_to_be_lost()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await WriteAsync(cluster);

        await cluster.Cluster.StopAsync(new CancellationToken(canceled: true));

        Assert.Single(cluster.Log.Of("influx/b: 3 point(s) that waited for it are lost"));
    }

    [Fact]
    public async Task A_destination_that_is_removed_is_said_to_be_none_any_more()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        await WriteAsync(cluster);

        cluster.Remove("b");

        await cluster.UntilAsync(
            () => cluster.Log.Of("influx/b is no longer a destination; 3 point(s)").Length == 1, "it is told");
    }

    [Fact]
    public async Task A_newcomer_lacks_what_was_before_and_after_restarts_too()
    {
        const string lack = "it lacks what others had before it came";
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a"))
        {
            await WriteAsync(cluster);
            cluster.Add("b");
            Assert.Equal(lack, cluster.Courier("b").Lack);
            Assert.Single(cluster.Log.Of($"influx/b: {lack}: it needs a resync"));
        }

        await using TestCluster again = TestCluster.OnDisk(Folder, "a", "b");
        Assert.True(again.Courier("b").NeedsResync);
        Assert.Single(again.Log.Of($"influx/b: {lack}: it needs a resync"));
    }

    [Fact]
    public async Task A_newcomer_lacks_what_was_before_in_memory_too()
    {
        await using TestCluster cluster = new("a");
        cluster.Add("b");
        Assert.Single(cluster.Log.Of("influx/b: it lacks what others had before it came: it needs a resync"));
    }

    [Fact]
    public async Task Who_lost_records_is_not_said_to_have_come_later()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, Small, "a", "b"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            await cluster.FillAsync(1, 300);
            Assert.Equal("records were dropped for it", cluster.Courier("b").Lack);
        }

        await using TestCluster again = TestCluster.OnDisk(Folder, Small, "a", "b");
        Assert.Single(again.Log.Of("influx/b: records were dropped for it: it needs a resync"));
    }

    [Fact]
    public async Task A_dead_letter_of_a_partial_write_is_told_with_what_was_refused_of_it()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["b"].Script = static _ => SentRequest.Response(400, "partial write: field type conflict dropped=1");
        cluster.Write("db", "m v=1 1\nm v=2 2\nm v=3 3\n");

        await cluster.UntilAsync(() => cluster.Log.Of("dead letter").Length == 1, "it is told");

        Assert.Single(cluster.Log.Of("for database 'db', 1 of 3 point(s) not stored: partial write"));
    }

    [Theory]
    [InlineData(404, "database not found: \"db\"", "the database was not there")]
    [InlineData(404, "retention policy not found: rp", "the retention policy was not there")]
    [InlineData(403, "not allowed", "the account was not known or not allowed there")]
    public async Task The_letter_of_what_was_parked_when_its_database_went_says_what_it_waited_for(
        int status, string error, string said)
    {
        await using TestCluster cluster = new("a", "b");
        cluster["b"].Script = request =>
            request.Query is null ? SentRequest.Response(status, error) : SentRequest.Response(200);
        cluster.Write("db", "m v=1 1\n");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 1, "it is parked");

        cluster.Statement("DROP DATABASE db", "db");

        await cluster.UntilAsync(() => cluster.Cluster.Letters.List().Count == 1, "there is a letter");
        Assert.Equal(
            $"{said}, and a statement that drops or deletes came after it", cluster.Cluster.Letters.List()[0].Reason);
    }

    [Fact]
    public async Task A_journal_at_its_limit_says_so_and_so_does_one_in_memory()
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                Small(options);
                options.Journal.LimitPolicy = LimitPolicy.Reject;
            },
            "a");
        cluster["a"].Script = ScriptedDestination.Absent;
        await RefusedAsync(cluster);
        Assert.Equal("the journal is full (Mirror:Journal:MaxBytes)", cluster.Cluster.Obstacle);
        Assert.Single(cluster.Log.Of("takes no records now: the journal is full (Mirror:Journal:MaxBytes); writes"));

        await using TestCluster memory = new("a");
        memory.Options.Journal.BufferSizeMB = 1;
        memory.Cluster.Reconfigure();
        memory["a"].Script = ScriptedDestination.Absent;
        await RefusedAsync(memory);
        Assert.Equal("the journal is full (Mirror:Journal:BufferSizeMB)", memory.Cluster.Obstacle);
    }

    [Fact]
    public async Task A_journal_whose_disk_fails_says_so_until_it_is_well_again()
    {
        HookedDisk disk = null!;
        await using TestCluster cluster = TestCluster.OnDisk(Folder, inner => disk = new HookedDisk(inner), "a");
        cluster["a"].Script = ScriptedDestination.Absent;
        disk.Creating = static () => throw new DiskException(DiskFault.Failed, "Input/output error.");
        await RefusedAsync(cluster);
        Assert.Equal("the journal's disk fails", cluster.Cluster.Obstacle);

        disk.Creating = null;
        await cluster.EventuallyAsync(() => cluster.Cluster.Obstacle is null, "it is over");
    }

    [Fact]
    public async Task Space_that_ends_is_told_once_before_a_write_is_refused_over_it_and_once_when_it_is_back()
    {
        const string warning = "Warning: influx: the journal's disk has no room for another file: ";
        const string again = "Information: influx: the journal's disk has room for more files again: ";
        Space space = new();
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder,
            static options =>
            {
                Small(options);
                options.Journal.ReservePercent = Space.Percent;
            },
            space.Over, "a");
        long file = cluster.Cluster.Journal.Store!.SegmentBytes;
        await PassAsync(cluster);
        Assert.Empty(cluster.Log.Of(warning));

        space.Free = Space.Reserve + file - 1;
        await PassAsync(cluster);
        Assert.Single(cluster.Log.Of($"{warning}{space.Free} bytes are free, a file takes {file}, and {Space.Reserve} "));
        Assert.Null(cluster.Cluster.Obstacle);

        cluster["a"].Script = ScriptedDestination.Absent;
        await RefusedAsync(cluster);
        Assert.Equal(
            "the journal's disk has no room above the reserve (Mirror:Journal:ReservePercent)",
            cluster.Cluster.Obstacle);

        // What one file of its own takes and gives back is no news.
        space.Free += file;
        await PassAsync(cluster);
        Assert.Empty(cluster.Log.Of(again));

        space.Free += file;
        await PassAsync(cluster);
        Assert.Single(cluster.Log.Of(again));
        Assert.Single(cluster.Log.Of(warning));
        await cluster.EventuallyAsync(() => cluster.Cluster.Obstacle is null, "it is over");
    }

    private static Task PassAsync(TestCluster cluster) =>
        cluster.PassAsync(TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(1));

    private static void Small(MirrorOptions options)
    {
        options.Journal.MaxBytes = 4 * 1024 * 1024;
        options.Journal.BufferSizeMB = 1;
    }

    private static async Task WriteAsync(TestCluster cluster)
    {
        for (int i = 1; i <= 3; i++)
            cluster.Write("db", $"m v={i} {i}\n");
        cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
        await cluster.EventuallyAsync(() => cluster.Courier("a").Tally.Delivered == 3, "a has them");
    }

    private static Task RefusedAsync(TestCluster cluster)
    {
        string line = $"m v=\"{new string('x', 30_000)}\" 1\n";
        return cluster.UntilAsync(
            () =>
            {
                MirroredRecord record = Records.Write("db", line);
                bool isTaken = cluster.Cluster.TryAppend(record);
                cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
                return !isTaken && cluster.Cluster.Obstacle is not null;
            },
            "writes are refused");
    }

    /// <summary>What is left of a file system of 50 GB, of which the journal is to leave a part.</summary>
    private sealed class Space
    {
        private const long Total = 50_000_000_000;
        private long _free = Total;

        public const long Reserve = Total / 100 * Percent;

        public const int Percent = 5;

        public long Free
        {
            get => Interlocked.Read(ref _free);
            set => Interlocked.Exchange(ref _free, value);
        }

        public IDisk Over(IDisk disk) => new HookedDisk(disk) { Free = () => Free, Total = Total };
    }
}
