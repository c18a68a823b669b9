using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A refused batch of several clients: everybody gets an answer of their own.</summary>
public sealed class RefusalTests
{
    private const string Unparsable = "unable to parse 'bad': missing fields";

    [Fact]
    public async Task A_refusal_is_attributed_to_one_record_and_all_are_sent_again_in_order()
    {
        for (int bad = 0; bad < 7; bad++)
        {
            await using TestCluster cluster = new("a");
            Fates[] all = await MergedAsync(
                cluster, Enumerable.Range(0, 7).Select(n => n == bad ? "bad" : $"m v={n} {n}"));
            cluster["a"].Script = static request => request.Lines.Contains("bad")
                ? SentRequest.Response(400, Unparsable)
                : ScriptedDestination.Accept(request);
            cluster["a"].Requests[0].Answer(204);
            await cluster.QuietAsync();

            for (int i = 0; i < 7; i++)
                Assert.Equal(i == bad ? "rejected" : "delivered", all[i].EndAt("a"));
            string[] accepted = [.. cluster["a"].Requests.Skip(1)
                .Where(static request => !request.Lines.Contains("bad")).SelectMany(static request => request.Lines)];
            Assert.Equal(Enumerable.Range(0, 7).Where(n => n != bad).Select(static n => $"m v={n} {n}"), accepted);
            DeadLetter letter = Assert.Single(cluster.Cluster.Letters.List());
            Assert.Equal(("a", Unparsable, "bad"), (letter.Destination, letter.Reason, letter.Sample));
            CourierTally tally = cluster.Courier("a").Tally;
            Assert.Equal((8, 7, 1, 0), (tally.Accepted, tally.Delivered, tally.Rejected, tally.Pending));
        }
    }

    [Fact]
    public async Task A_merged_batch_that_is_too_large_is_split_and_a_single_record_is_refused()
    {
        await using TestCluster cluster = new("a");
        Fates[] all = await MergedAsync(cluster, ["m v=1 1", "m v=2 2", "l v=3 3\nl v=4 4\nl v=5 5", "m v=6 6"]);
        cluster["a"].Script = static request => request.Lines.Length > 2
            ? SentRequest.Response(413, "Request Entity Too Large")
            : ScriptedDestination.Accept(request);
        cluster["a"].Requests[0].Answer(204);
        await cluster.QuietAsync();

        Assert.Equal(["delivered", "delivered", "rejected", "delivered"], all.Select(static one => one.EndAt("a")));
        Assert.Equal(3, cluster.Courier("a").Tally.Rejected);
    }

    [Fact]
    public async Task A_partial_write_counts_what_it_dropped_and_the_letter_is_the_whole_record()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(400, "partial write: field type conflict dropped=2");

        Fates fates = cluster.Write("x", "m v=1 1\nm v=2 2\nm v=3 3");
        await cluster.QuietAsync();
        await cluster.UntilAsync(() => cluster.Cluster.Letters.List().Count == 1, "there is a letter");

        CourierTally tally = cluster.Courier("a").Tally;
        Assert.Equal((3, 1, 2), (tally.Accepted, tally.Delivered, tally.Rejected));
        Assert.Equal("rejected", fates.EndAt("a"));
        Assert.Equal("m v=1 1\nm v=2 2\nm v=3 3", Assert.Single(cluster.Cluster.Letters.List()).Sample);
    }

    [Fact]
    public async Task A_partial_write_never_counts_more_than_there_was()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(400, "partial write: something dropped=1000");

        cluster.Write("x", "m v=1 1\nm v=2 2");
        await cluster.QuietAsync();

        Assert.Equal(2, cluster.Courier("a").Tally.Rejected);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task Whoever_was_refused_is_known_for_a_while()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ => SentRequest.Response(400, Unparsable);
        Fates fates = cluster.Write("x", "bad");
        await cluster.QuietAsync();
        WriteTarget target = fates.Record.Target;

        Assert.True(cluster.Cluster.Refused.Contains("10.0.0.1", target));
        Assert.False(cluster.Cluster.Refused.Contains("10.0.0.2", target));
        cluster.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.False(cluster.Cluster.Refused.Contains("10.0.0.1", target));
        Assert.True(cluster.Cluster.Refused.IsEmpty);
    }

    [Fact]
    public void A_refused_client_gets_every_tenth_send_of_a_busy_lane()
    {
        RefusedClients refused = new(new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        WriteTarget target = Records.Write("x", "m v=1").Target;
        refused.Note("c", target);

        long[] allowed = [.. Enumerable.Range(100, 50).Select(static n => (long)n)
            .Where(sends => refused.MaySend("c", target, sends))];

        Assert.Equal([100, 110, 120, 130, 140], allowed);
        Assert.True(refused.MaySend("d", target, 101));
    }

    /// <summary>Records that wait behind a request under way, and so travel together.</summary>
    private static async Task<Fates[]> MergedAsync(TestCluster cluster, IEnumerable<string> bodies)
    {
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "first v=0 0");
        await cluster["a"].NextAsync();
        return [.. bodies.Select(body => cluster.Write("x", body))];
    }
}
