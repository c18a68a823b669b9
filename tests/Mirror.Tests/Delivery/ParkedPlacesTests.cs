using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Many places that records are parked for, of most of which nothing is in memory.</summary>
public sealed class ParkedPlacesTests : DurableTests
{
    [Fact]
    public async Task F36_parked_records_take_little_memory_whatever_the_number_of_their_places()
    {
        const int databases = 40;
        string large = new('x', 700_000);
        await using TestCluster cluster = TestCluster.OnDisk(Folder);
        cluster.Enter("b", static request => SentRequest.Response(404, $"database not found: \"{request.Database}\""));
        cluster.Found("a");
        for (int i = 0; i < databases; i++)
            await cluster.TakeAsync(Records.Write($"db{i}", $"m v=\"{large}\" 1\n"));
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Parked == databases, "they are parked");
        // While each of them is tried, too: what is on trial has 4 MiB more, and one record beyond that.
        long most = 0;
        DateTimeOffset later = cluster.Time.GetUtcNow() + TimeSpan.FromMinutes(1);
        await cluster.EventuallyAsync(
            () =>
            {
                most = Math.Max(most, cluster.Courier("b").Tally.ParkedBytes);
                return cluster.Time.GetUtcNow() > later;
            },
            "some time goes by");
        Assert.InRange(most, 1, 14_000_000);

        cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => cluster.Courier("b").Tally.Pending == 0, "they went out");
        Assert.Equal(databases, cluster.Courier("b").Tally.Delivered);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F36_of_a_place_whose_records_are_all_on_disk_one_is_tried_each_time()
    {
        const int databases = 130, each = 3;
        string large = new('x', 60_000);
        await using TestCluster cluster = TestCluster.OnDisk(Folder);
        cluster.Enter("b", static request => SentRequest.Response(404, $"database not found: \"{request.Database}\""));
        cluster.Found("a");
        Courier b = cluster.Courier("b");
        for (int i = 1; i <= each; i++)
        {
            for (int database = 0; database < databases; database++)
                await cluster.TakeAsync(Records.Write($"db{database}", $"m v=\"{large}\" {i}\n"));
        }

        await cluster.EventuallyAsync(() => b.Tally.Parked == databases * each, "they are parked");
        int before = cluster["b"].Requests.Count;
        await cluster.EventuallyAsync(
            () => cluster["b"].Requests.Skip(before).Select(static one => one.Database).Distinct().Count() == databases,
            "each place was tried again");
        Assert.All(cluster["b"].Requests.Skip(before), static request => Assert.Single(request.Lines));
        Assert.InRange(b.Tally.ParkedBytes, 1, 10_000_000);
        Assert.Equal(databases * each, b.Tally.Parked);

        List<string> got = [];
        cluster["b"].Script = request =>
        {
            lock (got)
                got.AddRange(request.Lines.Select(line => request.Database + line[line.LastIndexOf(' ')..]));
            return ScriptedDestination.Accept(request);
        };
        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "they went out");
        Assert.Equal(databases * each, got.Count);
        Assert.All(
            got.GroupBy(static one => one.Split(' ')[0]),
            static one => Assert.Equal(["1", "2", "3"], one.Select(static text => text.Split(' ')[1])));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task F8_what_a_full_journal_takes_of_parked_records_is_in_the_ledger_with_its_times()
    {
        string filler = new('x', 30_000);
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.MaxBytes = 8 * 1024 * 1024, "a", "b");
        cluster["b"].Script = static request => SentRequest.Response(404, $"database not found: '{request.Database}'");
        Courier b = cluster.Courier("b");
        DateTimeOffset began = cluster.Time.GetUtcNow();
        int taken = 0;
        await cluster.UntilAsync(
            () =>
            {
                MirroredRecord record = Records.Write(taken % 3 == 0 ? "db" : "other", $"m v=\"{filler}\" {taken + 1}\n");
                taken += cluster.Cluster.TryAppend(record) ? 1 : 0;
                cluster.Cluster.Journal.DemandDurable(cluster.Cluster.Journal.Tail);
                return b.Tally.DroppedAs(DropCause.Full) > 200;
            },
            "some are dropped", TimeSpan.FromMilliseconds(20));
        DateTimeOffset ended = cluster.Time.GetUtcNow();
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Pending == 0, "a has all");

        IReadOnlyList<Gap> gaps = cluster.Cluster.Gaps.List("b");
        Assert.Equal(["db", "other"], gaps.Select(static gap => gap.Database));
        Assert.All(gaps, gap => Assert.True(began <= gap.First && gap.First < gap.Last && gap.Last < ended));
        Assert.InRange(b.ParkedFor(), TimeSpan.FromMilliseconds(1), ended - gaps.Min(static gap => gap.Last));

        cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "the others went out");
        long dropped = b.Tally.DroppedAs(DropCause.Full);
        Assert.Equal(dropped, cluster.Cluster.Gaps.List("b").Sum(static gap => gap.Points));
        Assert.Equal((taken, dropped), (b.Tally.Delivered + dropped, b.Tally.Dropped));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_place_whose_records_are_all_on_disk_is_tried_once_more_when_a_statement_may_have_repaired_it()
    {
        string large = new('x', 60_000);
        await using TestCluster cluster = TestCluster.OnDisk(Folder);
        HashSet<string> there = [];
        cluster.Enter("b", request =>
        {
            lock (there)
            {
                if (request.Query is not null)
                    there.Add(request.Query["CREATE DATABASE ".Length..]);
                return request.Query is not null || there.Contains(request.Database)
                    ? ScriptedDestination.Accept(request)
                    : SentRequest.Response(404, $"database not found: \"{request.Database}\"");
            }
        });
        cluster.Found("a");
        MirroredRecord[] records =
            [.. Enumerable.Range(0, 200).Select(database => Records.Write($"db{database}", $"m v=\"{large}\" 1\n"))];
        foreach (MirroredRecord record in records)
            await cluster.TakeAsync(record);
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 200, "they are parked");
        Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(records[^1]));

        // Without any time that goes by.
        cluster.Statement("CREATE DATABASE db199", "db199");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 199, "that place is free");
        Assert.False(cluster.Courier("b").IsParked("db199"));
        cluster.AssertAccounts();
    }
}
