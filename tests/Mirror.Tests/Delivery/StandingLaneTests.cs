using System.Globalization;
using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A database that stands still at a destination, with more behind it than is taken ahead in memory.</summary>
public sealed class StandingLaneTests : DurableTests
{
    private const int Large = 200_000;

    private static readonly string s_filler = new('x', Large);

    [Fact]
    public async Task The_others_flow_on_while_a_statement_runs_for_long_and_order_is_kept()
    {
        await using TestCluster cluster = Start(out List<string> standing, out List<string> other);
        cluster.Statement("DELETE FROM m", "db");
        await WriteAsync(cluster, 1, 300);

        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Delivered == 300, "the other database is there");
        Assert.InRange(cluster.Courier("b").Tally.TakenBytes, 0, 17_000_000);
        Assert.Empty(standing);
        Assert.Equal(Numbers(1, 300), other.Select(Number));

        (await cluster["b"].NextAsync()).Answer(200);
        await WriteAsync(cluster, 301, 310);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "all went out");
        Assert.Equal(Numbers(1, 310), standing.Select(Number));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task Statements_among_what_waits_on_disk_keep_their_place()
    {
        await using TestCluster cluster = Start(out List<string> standing, out _);
        cluster.Statement("DELETE FROM m", "db");
        await WriteAsync(cluster, 1, 120);
        cluster.Statement("DELETE FROM n", "db");
        cluster.Statement("CREATE USER x WITH PASSWORD 'y'");
        await WriteAsync(cluster, 121, 240);
        (await cluster["b"].NextAsync()).Answer(200);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "all went out");

        Assert.Equal(Numbers(1, 240), standing.Select(Number));
        string[] sent = [.. cluster["b"].Requests.Where(static request => request.Database != "other")
            .Select(static request => request.Query ?? "")];
        string[] between = [.. sent.Where(static query => query.Length > 0)];
        Assert.Equal(["DELETE FROM m", "DELETE FROM n", "CREATE USER x WITH PASSWORD 'y'"], between);
        int second = Array.IndexOf(sent, "DELETE FROM n");
        int before = cluster["b"].Requests.Where(static request => request.Database != "other").Take(second)
            .Sum(static request => request.Lines.Count());
        Assert.Equal(120, before);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_restart_in_the_middle_goes_on_with_all_of_it_in_order()
    {
        await using (TestCluster first = Start(out _, out _))
        {
            first.Statement("DELETE FROM m", "db");
            await WriteAsync(first, 1, 200);
            await first.EventuallyAsync(() => first.Courier("b").Tally.Delivered == 200, "the other database is there");
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        List<string> got = Listen(second["b"]);
        await second.QuietAsync();
        Assert.Equal(Numbers(1, 200), got.Select(Number));
        second.AssertAccounts();
    }

    [Fact]
    public async Task What_a_full_journal_gives_up_of_it_is_counted_and_not_sent()
    {
        await using TestCluster cluster = Start(
            out List<string> standing, out _, static options => options.Journal.MaxBytes = 64 * 1024 * 1024);
        cluster.Statement("DELETE FROM m", "db");
        for (int first = 1; first <= 600; first += 50)
        {
            int last = first + 49;
            await WriteAsync(cluster, first, last);
            await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Delivered == last, "the other one keeps up");
        }

        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Dropped > 0, "something was given up");
        (await cluster["b"].NextAsync()).Answer(200);
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "the rest went out");

        Assert.True(cluster.Courier("b").NeedsResync);
        Assert.Equal(1201, cluster.Courier("b").Tally.Dropped + cluster.Courier("b").Tally.Delivered);
        // Also of records that are known by their place only.
        Gap gap = Assert.Single(cluster.Cluster.Gaps.List("b"));
        Assert.Equal(("db", null), (gap.Database, gap.RetentionPolicy));
        Assert.Equal(cluster.Courier("b").Tally.Dropped, gap.Points);
        int[] numbers = [.. standing.Select(Number)];
        Assert.Equal(numbers.Order(), numbers);
        cluster.AssertAccounts();
    }

    /// <summary>A cluster of which b leaves the first DELETE to the test, and takes everything else.</summary>
    private TestCluster Start(
        out List<string> standing, out List<string> other, Action<MirrorOptions>? configure = null)
    {
        TestCluster cluster = TestCluster.OnDisk(Folder, options =>
        {
            options.Journal.BufferSizeMB = 1;
            configure?.Invoke(options);
        }, "a", "b");
        List<string> inDatabase = standing = [], inOther = other = [];
        cluster["b"].Script = request =>
        {
            if (request.Query == "DELETE FROM m")
                return null;
            List<string> got = request.Database == "other" ? inOther : inDatabase;
            if (request.Query is null)
            {
                lock (got)
                    got.AddRange(request.Lines);
            }

            return ScriptedDestination.Accept(request);
        };
        return cluster;
    }

    /// <summary>So many large records for the one database, and a small one for the other after each.</summary>
    private static async Task WriteAsync(TestCluster cluster, int first, int last)
    {
        for (int i = first; i <= last; i++)
        {
            await AppendAsync(cluster, Records.Write("db", $"m v=\"{s_filler}\",i={i}i {i}\n"));
            await AppendAsync(cluster, Records.Write("other", $"o v={i} {i}\n"));
        }
    }

    private static async Task AppendAsync(TestCluster cluster, MirroredRecord record)
    {
        await cluster.TakeAsync(record);
        if (record.Position % 20 == 0)
            Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(record));
    }

    private static int Number(string line) =>
        int.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);

    private static IEnumerable<int> Numbers(int first, int last) => Enumerable.Range(first, last - first + 1);
}
