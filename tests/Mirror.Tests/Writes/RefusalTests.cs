using InfluxMirror.Delivery;
using InfluxMirror.Tests.Delivery;
using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Writes;

/// <summary>Destinations that refuse, all of them or some, in time or late.</summary>
public sealed class RefusalTests
{
    private const string NoDatabase = "database not found: 'x'";

    [Fact]
    public async Task A_unanimous_404_is_the_answer_and_nobody_gets_the_record_later()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = static _ => SentRequest.Response(404, NoDatabase);

        WriteResult result = await cluster.WriteAsync(ConsistencyLevel.Any);
        Assert.Equal(
            (WriteOutcome.Refused, 404, NoDatabase), (result.Outcome, result.Answer!.Status, result.Answer.Error));
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");

        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Accept;
        cluster.Statement("CREATE DATABASE x", "x");
        await cluster.QuietAsync();
        Assert.Single(cluster["a"].Lines);
        Assert.Single(cluster["b"].Lines);
        Assert.All(cluster.Cluster.Couriers, static courier => Assert.Equal(
            (2, 1, 1, 0),
            (courier.Tally.Accepted, courier.Tally.Delivered, courier.Tally.Rejected, courier.Tally.Pending)));
    }

    [Fact]
    public async Task A_404_while_the_other_is_down_is_the_answer_and_the_other_does_not_get_it_either()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = static _ => SentRequest.Response(404, NoDatabase);
        cluster["b"].Script = ScriptedDestination.Absent;

        WriteResult result = await cluster.WriteAsync(ConsistencyLevel.Any);
        Assert.Equal((WriteOutcome.Refused, 404), (result.Outcome, result.Answer!.Status));

        await cluster.UntilAsync(
            () => cluster.Courier("b").Counters.Sends == cluster["b"].Requests.Count, "no try is under way");
        int before = cluster["b"].Requests.Count;
        cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.Equal(before, cluster["b"].Requests.Count);
        Assert.Equal(1, cluster.Courier("b").Tally.Rejected);
    }

    [Fact]
    public async Task A_404_of_one_is_outvoted_and_parked_there()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = static _ => SentRequest.Response(404, NoDatabase);

        WriteResult result = await cluster.WriteAsync(ConsistencyLevel.Any);

        Assert.Equal((WriteOutcome.Accepted, 204), (result.Outcome, result.Answer!.Status));
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Parked == 1, "it is parked at a");
        Assert.Empty(cluster.Cluster.Letters.List());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refusal_of_the_minority_is_a_dead_letter_and_a_divergence(bool refusalFirst)
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Wait;
        Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.Any);
        SentRequest refused = await cluster["a"].NextAsync(), accepted = await cluster["b"].NextAsync();
        Action[] answers = [() => refused.Answer(400, "field type conflict"), () => accepted.Answer(204)];
        answers[refusalFirst ? 0 : 1]();
        await cluster.UntilAsync(
            () => cluster.Cluster.Couriers.Sum(static one => one.Tally.Delivered + one.Tally.Rejected) == 1,
            "the first is counted");
        answers[refusalFirst ? 1 : 0]();

        Assert.Equal((WriteOutcome.Accepted, 204), ((await write).Outcome, (await write).Answer!.Status));
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 1, "the letter is filed");
        DeadLetter letter = cluster.Cluster.Letters.List()[0];
        Assert.Equal(("a", "field type conflict"), (letter.Destination, letter.Reason));
        Assert.Equal(1, cluster.Courier("a").Counters.Divergences);
        await cluster.UntilAsync(() => cluster.Cluster.Journal.Bytes == 0, "nothing is held");
    }

    [Fact]
    public async Task A_refusal_of_all_is_the_clients_answer_and_no_letter()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = static _ => SentRequest.Response(400, "unable to parse 'm'");

        WriteResult result = await cluster.WriteAsync(ConsistencyLevel.Any);

        Assert.Equal((WriteOutcome.Refused, "unable to parse 'm'"), (result.Outcome, result.Answer!.Error));
        await cluster.QuietAsync();
        Assert.Empty(cluster.Cluster.Letters.List());
        Assert.All(cluster.Cluster.Couriers, static courier => Assert.Equal(1, courier.Tally.Rejected));
    }

    [Fact]
    public async Task A_refusal_after_the_client_was_told_that_all_is_well_is_a_letter_of_each()
    {
        await using TestCluster cluster = new("a", "b");
        cluster["a"].Script = cluster["b"].Script = ScriptedDestination.Absent;
        Assert.Equal(WriteOutcome.Accepted, (await cluster.WriteAsync(ConsistencyLevel.Any)).Outcome);

        cluster["a"].Script = cluster["b"].Script = static _ => SentRequest.Response(400, "field type conflict");
        await cluster.QuietAsync();

        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 2, "both letters are filed");
        Assert.Equal(["a", "b"], cluster.Cluster.Letters.List().Select(static one => one.Destination).Order());
    }

    [Fact]
    public async Task A_destination_that_came_while_the_record_was_appended_gets_a_letter_for_its_refusal()
    {
        await using TestCluster cluster = new("a");
        Receipt receipt = new(
            cluster.Cluster, ConsistencyLevel.Any, statement: false, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        cluster.Add("b");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster["b"].Script = static _ => SentRequest.Response(400, "field type conflict");

        cluster.Cluster.TryAppend(Records.Write("x", "m v=1 1", watch: receipt));
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Rejected == 1, "b has refused it");

        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 1, "the letter is filed");
        Assert.Equal("b", cluster.Cluster.Letters.List()[0].Destination);
    }
}
