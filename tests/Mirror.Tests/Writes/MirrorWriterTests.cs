using InfluxMirror.Delivery;
using InfluxMirror.Tests.Delivery;
using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Writes;

/// <summary>The promise to a client, with destinations that are quick, slow or gone.</summary>
public sealed class MirrorWriterTests
{
    [Fact]
    public async Task The_first_confirmation_is_the_answer_and_the_slow_destination_gets_it_later()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["b"].Script = ScriptedDestination.Wait;

        WriteResult result = await cluster.WriteAsync(ConsistencyLevel.Any);

        Assert.Equal((WriteOutcome.Accepted, 204), (result.Outcome, result.Answer!.Status));
        (await cluster["b"].NextAsync()).Answer(204);
        await cluster.QuietAsync();
        Assert.Equal(1, cluster.Courier("b").Tally.Delivered);
    }

    [Fact]
    public async Task With_every_destination_down_any_is_accepted_at_once_and_the_others_are_kept()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Absent;

        // The clock stands: nobody waits for anything.
        Assert.Equal(new WriteResult(WriteOutcome.Accepted, null), await cluster.WriteAsync(ConsistencyLevel.Any));
        Assert.Equal(new WriteResult(WriteOutcome.Accepted, null), await cluster.WriteAsync(ConsistencyLevel.Any));

        ConsistencyLevel[] others = [ConsistencyLevel.One, ConsistencyLevel.Quorum, ConsistencyLevel.All];
        foreach (ConsistencyLevel level in others)
        {
            Task<WriteResult> write = cluster.WriteAsync(level);
            await cluster.EventuallyAsync(() => write.IsCompleted, "the client is told");
            Assert.Equal(new WriteResult(WriteOutcome.Kept, null), await write);
        }

        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.All(cluster.Cluster.Couriers, static courier => Assert.Equal(5, courier.Tally.Delivered));
    }

    [Fact]
    public async Task Destinations_that_hang_cost_a_client_no_more_than_its_patience()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Wait;

        Task<WriteResult> any = cluster.WriteAsync(ConsistencyLevel.Any);
        cluster.Time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(any.IsCompleted);
        cluster.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(WriteOutcome.Accepted, (await any).Outcome);

        Task<WriteResult> one = cluster.WriteAsync(ConsistencyLevel.One, database: "y");
        cluster.Time.Advance(WriterBench.AckTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(one.IsCompleted);
        cluster.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(WriteOutcome.Kept, (await one).Outcome);
    }

    [Fact]
    public async Task All_waits_for_all()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["b"].Script = ScriptedDestination.Wait;
        Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.All);
        SentRequest request = await cluster["b"].NextAsync();
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");
        Assert.False(write.IsCompleted);

        request.Answer(204);

        Assert.Equal(WriteOutcome.Accepted, (await write).Outcome);
    }

    [Fact]
    public async Task The_answer_of_a_kept_write_comes_too_late_and_changes_nothing()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.One);
        SentRequest request = await cluster["a"].NextAsync();
        cluster.Time.Advance(WriterBench.AckTimeout);
        Assert.Equal(WriteOutcome.Kept, (await write).Outcome);
        Assert.Equal(0, cluster.Cluster.Answered.Of("x"));

        request.Answer(204);
        await cluster.QuietAsync();

        Assert.Equal(1, cluster.Courier("a").Tally.Delivered);
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
    }

    [Fact]
    public async Task What_was_accepted_is_what_later_reads_must_see()
    {
        await using TestCluster cluster = new("a");
        await cluster.WriteAsync(ConsistencyLevel.Any);
        Assert.Equal(1, cluster.Cluster.Answered.Of("x"));

        cluster["a"].Script = static _ => SentRequest.Response(400, "no");
        await cluster.WriteAsync(ConsistencyLevel.Any);
        Assert.Equal(1, cluster.Cluster.Answered.Of("x"));
    }

    [Fact]
    public async Task Without_room_or_destination_a_write_is_not_taken()
    {
        await using TestCluster none = new();
        Assert.Equal(WriteOutcome.NoDestination, (await none.WriteAsync(ConsistencyLevel.Any)).Outcome);

        await using TestCluster full = new("a");
        full["a"].Script = ScriptedDestination.Absent;
        full.Cluster.Journal.LimitBytes = 1;
        Assert.Equal(WriteOutcome.Accepted, (await full.WriteAsync(ConsistencyLevel.Any)).Outcome);
        Assert.Equal(WriteOutcome.Full, (await full.WriteAsync(ConsistencyLevel.Any)).Outcome);
        Assert.Equal(1, full.Courier("a").Tally.Accepted);
    }

    [Fact]
    public async Task A_destination_that_goes_while_a_client_waits_does_not_keep_it_waiting_for_ever()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Wait;
        Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.All);
        await cluster["a"].NextAsync();
        SentRequest request = await cluster["b"].NextAsync();
        cluster.Remove("a");
        request.Answer(204);

        await cluster.EventuallyAsync(() => write.IsCompleted, "the client is told");
        Assert.Equal(WriteOutcome.Kept, (await write).Outcome);
    }

    [Fact]
    public async Task A_statement_answers_with_the_first_result_and_counts_different_ones()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Wait;
        Task<WriteResult> execution = cluster.ExecuteAsync();
        (await cluster["b"].NextAsync()).Answer(200, "policy already exists");
        WriteResult result = await execution;
        Assert.Equal((WriteOutcome.Accepted, "policy already exists"), (result.Outcome, result.Answer!.Error));

        (await cluster["a"].NextAsync()).Answer(200);
        await cluster.UntilAsync(() => cluster.Courier("a").Counters.Divergences == 1, "it is counted");
        Assert.Equal(1, cluster.Cluster.Answered.Statement);
    }

    [Fact]
    public async Task A_statement_nobody_runs_in_time_is_kept_and_runs_later()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        Task<WriteResult> execution = cluster.ExecuteAsync();
        await cluster.EventuallyAsync(() => execution.IsCompleted, "the client is told");
        Assert.Equal(WriteOutcome.Kept, (await execution).Outcome);

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.Equal(1, cluster.Courier("a").Tally.Delivered);
    }

    [Fact]
    public async Task A_refused_client_waits_its_turn_in_a_busy_lane_only()
    {
        await using TestCluster cluster = new("a");
        MirrorWriter writer = cluster.Writer();
        WriteTarget target = Records.Write("x", "m v=1").Target;
        Assert.False(writer.MustWait(cluster.Cluster, "c", target, out bool alone));
        Assert.False(alone);

        cluster.Cluster.Refused.Note("c", target);
        Assert.False(writer.MustWait(cluster.Cluster, "c", target, out alone));
        Assert.True(alone);

        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        await cluster["a"].NextAsync();
        Assert.False(writer.MustWait(cluster.Cluster, "c", target, out _));
        Assert.True(writer.MustWait(cluster.Cluster, "c", target, out _));
        Assert.False(writer.MustWait(cluster.Cluster, "d", target, out _));
    }
}
