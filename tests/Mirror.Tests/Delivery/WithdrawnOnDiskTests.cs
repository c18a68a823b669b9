using InfluxMirror.Delivery;
using InfluxMirror.Tests.Writes;
using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Withdrawn records that are in memory no more when somebody reads them.</summary>
public sealed class WithdrawnOnDiskTests : DurableTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_its_client_was_told_is_refused_is_not_sent_to_who_was_away(bool isPlaceParked)
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, static options => options.Journal.BufferSizeMB = 1, "a", "b");
        cluster["a"].Script = Wrong;
        if (isPlaceParked)
        {
            // Others are parked there, with which it would wait.
            cluster["b"].Script = Wrong;
            cluster["a"].Script = ScriptedDestination.Accept;
            cluster.Write("x", "wrong v=0 0", user: "wrong");
            await cluster.UntilAsync(() => cluster.Courier("b").Tally.Parked == 1, "its place is parked");
            cluster["a"].Script = Wrong;
        }

        cluster["b"].Script = ScriptedDestination.Absent;
        await cluster.FillAsync(1, 700);
        WriteResult told = await cluster.Writer().WriteAsync(
            cluster.Cluster, ConsistencyLevel.Any, WriterBench.AckTimeout,
            static watch => Records.Write("x", "wrong v=1 1", user: "wrong", watch: watch));
        Assert.Equal((WriteOutcome.Refused, 401), (told.Outcome, told.Answer!.Status));
        await cluster.FillAsync(701, 800);

        cluster["b"].Script = isPlaceParked ? Wrong : ScriptedDestination.Accept;
        await cluster.QuietAsync();

        Assert.DoesNotContain("wrong v=1 1", cluster["b"].Lines);
        CourierTally tally = cluster.Courier("b").Tally;
        Assert.Equal((1, isPlaceParked ? 1 : 0), (tally.Rejected, tally.Parked));
        Assert.Equal(1, cluster.Courier("b").Counters.Withdrawn);
        cluster.AssertAccounts();

        static HttpResponseMessage? Wrong(SentRequest request) => request.Message.Headers.Contains("Authorization")
            ? SentRequest.Response(401, "authorization failed")
            : ScriptedDestination.Accept(request);
    }

    [Fact]
    public void What_nobody_reads_any_more_is_forgotten()
    {
        WithdrawnPositions withdrawn = new();
        withdrawn.Note(5, doneThrough: 0);
        withdrawn.Note(9, doneThrough: 4);
        Assert.Equal([false, true, true], new long[] { 4, 5, 9 }.Select(withdrawn.Contains));

        withdrawn.Note(12, doneThrough: 9);
        Assert.Equal([false, false, true, false], new long[] { 5, 9, 12, 13 }.Select(withdrawn.Contains));
    }
}
