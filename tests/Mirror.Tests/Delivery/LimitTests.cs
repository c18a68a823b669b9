using System.Diagnostics;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Writes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A full journal.</summary>
public sealed class LimitTests
{
    private const int RecordBytes = 30_000;

    [Fact]
    public async Task The_oldest_that_another_destination_has_is_dropped_for_the_one_that_lags()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = ScriptedDestination.Absent;
        List<Fates> all = [];
        for (int i = 0; i < 100; i++)
        {
            all.Add(cluster.Write("x", Line(i)));
            await cluster.UntilAsync(() => all[^1].EndAt("b") == "delivered", "b has it");
        }

        CourierTally tally = cluster.Courier("a").Tally;
        Assert.True(tally.Dropped > 30, $"{tally.Dropped} dropped");
        Assert.True(cluster.Courier("a").NeedsResync);
        Assert.False(cluster.Courier("b").NeedsResync);
        Assert.Equal((100, 0), (cluster.Courier("b").Tally.Delivered, cluster.Courier("b").Tally.Dropped));
        Assert.True(cluster.Cluster.Journal.Bytes <= cluster.Cluster.Journal.LimitBytes);
        cluster.AssertAccounts();

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.Equal(100, tally.Delivered + tally.Dropped);
        cluster.Courier("a").DeclareInSync();
        Assert.False(cluster.Courier("a").NeedsResync);
    }

    [Fact]
    public async Task A_parked_record_that_waits_for_its_trial_does_not_keep_those_behind_it_from_being_dropped()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["b"].Script = static request => request.RetentionPolicy switch
        {
            "late" => SentRequest.Response(404, "retention policy not found: late"),
            "slow" => null,
            _ => SentRequest.Response(204),
        };
        async Task WriteAsync(string line, string policy)
        {
            Fates fates = cluster.Write("x", line, policy);
            await cluster.UntilAsync(() => fates.EndAt("a") == "delivered", "a has it");
        }

        for (int i = 0; i < 5; i++)
            await WriteAsync(Line(i), "late");
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 5, "all are parked");
        await WriteAsync("m v=1 1", "slow");
        SentRequest slow = await cluster["b"].NextAsync();
        // The trial has to wait for its lane, which is under way.
        cluster.Time.Advance(cluster.Options.Delivery.ParkedRetryInterval);

        for (int i = 5; i < 60; i++)
            await WriteAsync(Line(i), "late");

        CourierTally tally = cluster.Courier("b").Tally;
        Assert.True(tally.Dropped > 0);
        cluster["b"].Script = ScriptedDestination.Accept;
        slow.Answer(204);
        await cluster.EventuallyAsync(() => tally.Pending == 0, "the trial was held, and the others follow");
        Assert.Equal(61, tally.Delivered + tally.Dropped);
    }

    [Fact]
    public async Task What_nobody_has_is_never_dropped()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Absent;
        int accepted = 0;
        while (cluster.Cluster.TryAppend(Records.Write("x", Line(accepted))))
            accepted++;

        Assert.InRange(accepted, 10, 100);
        Assert.All(cluster.Cluster.Couriers, courier =>
        {
            Assert.Equal((accepted, 0), (courier.Tally.Pending, courier.Tally.Dropped));
            Assert.False(courier.NeedsResync);
        });
    }

    [Fact]
    public async Task What_another_one_refused_is_not_confirmed_and_never_dropped()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = ScriptedDestination.Absent;
        cluster["b"].Script = static _ => SentRequest.Response(400, "field type conflict");
        int accepted = 0;
        while (cluster.Cluster.TryAppend(Records.Write("x", Line(accepted))))
        {
            accepted++;
            await cluster.UntilAsync(() => cluster.Courier("b").Tally.Rejected == accepted, "b refused it");
        }

        Assert.InRange(accepted, 10, 100);
        Assert.Equal((accepted, 0), (cluster.Courier("a").Tally.Pending, cluster.Courier("a").Tally.Dropped));
        Assert.False(cluster.Courier("a").NeedsResync);
    }

    [Fact]
    public async Task What_was_refused_and_told_so_makes_room_for_others()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = ScriptedDestination.Absent;
        cluster["b"].Script = static _ => SentRequest.Response(400, "field type conflict");
        for (int i = 0; i < 100; i++)
        {
            Receipt receipt = new(
                cluster.Cluster, ConsistencyLevel.Any, statement: false, cluster.Time, NullLogger.Instance);
            MirroredRecord record = Records.Write("x", Line(i), watch: receipt);
            record.Hold();
            Assert.True(cluster.Cluster.TryAppend(record));
            await cluster.EventuallyAsync(() => receipt.IsAnswered, "its client is told");
            Assert.Equal(Ruling.Refuse, (await receipt.Reply).Ruling);
            record.LetGo();
        }

        Assert.True(cluster.Courier("a").Tally.Dropped > 30);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_full_journal_refuses_without_looking_through_its_backlog_each_time()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Absent;
        while (cluster.Cluster.TryAppend(Records.Write("x", "m v=1 1\n")))
        {
        }

        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < 20_000; i++)
            Assert.False(cluster.Cluster.TryAppend(Records.Write("x", "m v=1 1\n")));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_refused_append_leaves_no_trace()
    {
        await using TestCluster cluster = Small("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        int accepted = 0;
        while (cluster.Cluster.TryAppend(Records.Write("x", Line(accepted))))
            accepted++;

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();

        Assert.Equal(accepted, cluster.Courier("a").Tally.Delivered);
        Assert.Equal(0, cluster.Cluster.Journal.Bytes);
        Assert.True(cluster.Cluster.TryAppend(Records.Write("x", Line(1))));
    }

    [Fact]
    public async Task With_the_policy_Reject_nothing_is_dropped()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster.Options.Journal.LimitPolicy = LimitPolicy.Reject;
        cluster["a"].Script = ScriptedDestination.Absent;
        int accepted = 0;
        while (cluster.Cluster.TryAppend(Records.Write("x", Line(accepted))))
        {
            accepted++;
            await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == accepted, "b has it");
        }

        Assert.Equal((accepted, 0), (cluster.Courier("a").Tally.Pending, cluster.Courier("a").Tally.Dropped));
        Assert.False(cluster.Courier("a").NeedsResync);
    }

    [Fact]
    public async Task Statements_are_never_dropped()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = ScriptedDestination.Absent;
        Fates statement = cluster.Statement("CREATE DATABASE x", "x");
        await cluster.UntilAsync(() => statement.EndAt("b") == "delivered", "b has it");
        for (int accepted = 1; accepted <= 100; accepted++)
        {
            Assert.True(cluster.Cluster.TryAppend(Records.Write("x", Line(accepted))));
            await cluster.UntilAsync(() => cluster.Courier("b").Tally.Delivered == accepted + 1, "b has it");
        }

        Assert.True(cluster.Courier("a").Tally.Dropped > 30, "records behind the statement make room");
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.Equal("delivered", statement.EndAt("a"));
    }

    [Fact]
    public async Task Giving_up_many_parked_records_takes_time_for_each_and_not_for_each_pair()
    {
        const int count = 100_000;
        await using TestCluster cluster = new();
        cluster.Options.Journal.BufferSizeMB = 512;
        cluster.Found("a", "b");
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        cluster["a"].Remembers = cluster["b"].Remembers = false;
        // The first is on trial, so that those behind it stay parked.
        for (int i = 0; i < count; i++)
            Assert.True(cluster.Cluster.TryAppend(Records.Write("x", "m v=1 1\n")));
        await cluster.UntilAsync(
            () => cluster.Courier("a").Tally.Parked == count && cluster.Courier("b").Tally.Pending == 0,
            "they are parked");

        Stopwatch watch = Stopwatch.StartNew();
        Assert.True(cluster.Courier("a").DropOldest(long.MaxValue) > 0);
        Assert.Equal(count, cluster.Courier("a").Tally.Dropped);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Parked_records_that_another_destination_has_make_room_too()
    {
        await using TestCluster cluster = Small("a", "b");
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'x'");
        for (int i = 0; i < 100; i++)
        {
            Fates fates = cluster.Write("x", Line(i));
            await cluster.UntilAsync(
                () => fates.EndAt("b") == "delivered" && cluster.Courier("a").Lag() == TimeSpan.Zero,
                "b has it and a has parked it");
        }

        CourierTally tally = cluster.Courier("a").Tally;
        Assert.True(tally.Dropped > 30, $"{tally.Dropped} dropped");
        Assert.Equal(tally.Pending, tally.Parked);
        Assert.True(cluster.Courier("a").NeedsResync);
        cluster.AssertAccounts();

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.EventuallyAsync(() => tally.Pending == 0, "what is left is delivered");
        Assert.Equal(100, tally.Delivered + tally.Dropped);
        Assert.Equal(0, cluster.Cluster.Journal.Bytes);
    }

    private static TestCluster Small(params string[] destinations)
    {
        TestCluster cluster = new();
        cluster.Options.Journal.BufferSizeMB = 1;
        cluster.Found(destinations);
        return cluster;
    }

    private static string Line(int i) => $"m s=\"{new string('x', RecordBytes)}\" {i}";
}
