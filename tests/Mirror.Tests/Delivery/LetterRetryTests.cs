using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Dead letters that are sent once more: in their turn, with the account following what is on disk.</summary>
public sealed class LetterRetryTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("letter-retry-");

    public static TheoryData<bool> OnDisk => [false, true];

    [Theory]
    [MemberData(nameof(OnDisk))]
    public async Task A_delivered_letter_is_gone_and_its_points_move_from_rejected_to_delivered(bool onDisk)
    {
        await using TestCluster cluster = Make(onDisk, "a", "b");
        cluster["b"].Script = Refuse("field type conflict");
        cluster.Write("db", "m v=1 1\nm v=2 2\n");
        DeadLetter letter = await LetterAsync(cluster);
        Assert.Equal(2, cluster.Courier("b").Tally.Rejected);
        int before = cluster["a"].Requests.Count;

        cluster["b"].Script = ScriptedDestination.Accept;
        Assert.Equal((RetryOutcome.Delivered, null), await RetryAsync(cluster, letter.Id));

        Assert.Equal(["m v=1 1", "m v=2 2"], cluster["b"].Requests[^1].Lines);
        Assert.Equal(before, cluster["a"].Requests.Count);
        Assert.Empty(cluster.Cluster.Letters.List());
        CourierTally tally = cluster.Courier("b").Tally;
        Assert.Equal((2, 2, 0, 0), (tally.Accepted, tally.Delivered, tally.Rejected, tally.Pending));
        Assert.Equal(RetryOutcome.Missing, (await RetryAsync(cluster, letter.Id)).Outcome);
        cluster.AssertAccounts();
    }

    [Theory]
    [MemberData(nameof(OnDisk))]
    public async Task A_letter_that_is_refused_again_stays_with_the_new_reason(bool onDisk)
    {
        await using TestCluster cluster = Make(onDisk, "a");
        cluster["a"].Script = Refuse("field type conflict");
        cluster.Write("db", "m v=1 1\n");
        long id = (await LetterAsync(cluster)).Id;

        cluster["a"].Script = Refuse("points beyond retention policy");
        Assert.Equal(
            (RetryOutcome.Refused, "points beyond retention policy"), await RetryAsync(cluster, id));
        cluster["a"].Script = static _ => SentRequest.Response(404, "database not found: 'db'");
        Assert.Equal(RetryOutcome.Refused, (await RetryAsync(cluster, id)).Outcome);

        Assert.Equal("database not found: 'db'", Assert.Single(cluster.Cluster.Letters.List()).Reason);
        CourierTally tally = cluster.Courier("a").Tally;
        Assert.Equal((1, 0, 0), (tally.Rejected, tally.Pending, tally.Parked));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task What_is_tried_beside_a_suspect_letter_is_not_there_before_its_answer()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("no");
        cluster.Write("db", "m v=1 1\n");
        long id = (await LetterAsync(cluster)).Id;

        // Nothing but server errors: whatever comes next tells whether it is the letter.
        cluster["a"].Script = static request => request.Lines[0] == "m v=1 1"
            ? SentRequest.Response(500, "panic")
            : ScriptedDestination.Wait(request);
        var retry = RetryAsync(cluster, id);
        await cluster.UntilAsync(() => cluster["a"].Requests.Count >= 2, "the letter is sent");
        Fates next = cluster.Write("db", "m v=2 2\n");
        await cluster.EventuallyAsync(() => cluster["a"].HasOpen, "the next one is tried");

        Assert.False(cluster.Courier("a").Has("db", next.Record.Position, 0));

        (await cluster["a"].NextAsync()).Answer(204);
        Assert.Equal(RetryOutcome.Refused, (await retry).Outcome);
        await cluster.EventuallyAsync(() => cluster.Courier("a").Has("db", next.Record.Position, 0), "it is there");
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_letter_that_is_refused_again_is_not_held_against_its_client()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("no");
        MirroredRecord record = cluster.Write("db", "m v=1 1\n").Record;
        long id = (await LetterAsync(cluster)).Id;
        Assert.True(cluster.Cluster.Refused.Contains(record.Client, record.Target));
        cluster.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(cluster.Cluster.Refused.Contains(record.Client, record.Target));

        Assert.Equal(RetryOutcome.Refused, (await RetryAsync(cluster, id)).Outcome);

        Assert.False(cluster.Cluster.Refused.Contains(record.Client, record.Target));
    }

    [Fact]
    public async Task A_retry_goes_behind_what_waits_for_its_database_and_holds_up_nothing_else()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("no");
        cluster.Write("db", "m v=1 1\n");
        long id = (await LetterAsync(cluster)).Id;

        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("db", "m v=2 2\n");
        SentRequest running = await cluster["a"].NextAsync();
        cluster.Write("db", "m v=3 3\n");
        var retry = RetryAsync(cluster, id);
        cluster["a"].Script = ScriptedDestination.Accept;
        int before = cluster["a"].Requests.Count;
        cluster.Write("other", "m v=9 9\n");
        await cluster.UntilAsync(() => cluster["a"].Requests.Count == before + 1, "another database flows on");
        running.Answer(204);

        Assert.Equal(RetryOutcome.Delivered, (await retry).Outcome);
        await cluster.QuietAsync();
        Assert.Equal(["m v=3 3", "m v=1 1"], cluster["a"].Requests.Skip(before + 1).SelectMany(static one => one.Lines));
    }

    [Fact]
    public async Task A_retry_while_the_destination_is_down_waits_costs_no_lag_and_outlives_a_restart_as_a_letter()
    {
        long id;
        await using (TestCluster first = Make(onDisk: true, "a"))
        {
            first["a"].Script = Refuse("no");
            first.Write("db", "m v=1 1\n");
            id = (await LetterAsync(first)).Id;
            first["a"].Script = ScriptedDestination.Absent;
            (RetryOutcome outcome, LetterRetry? retry) = await LetterRetry.BeginAsync(first.Cluster, id);
            Assert.Equal(RetryOutcome.UnderWay, outcome);
            Assert.Equal(RetryOutcome.UnderWay, (await LetterRetry.BeginAsync(first.Cluster, id)).Outcome);
            await first.UntilAsync(() => first.Courier("a").IsFailing, "it was tried");
            Assert.Equal((TimeSpan.Zero, 0), (first.Courier("a").Lag(), first.Courier("a").Tally.Pending));
            Assert.False(retry!.Outcome.IsCompleted);
        }

        await using TestCluster second = Make(onDisk: true, "a");
        Assert.Equal(id, Assert.Single(second.Cluster.Letters.List()).Id);
        Assert.Equal((1, 0), (second.Courier("a").Tally.Rejected, second.Courier("a").Tally.Pending));
        Assert.Equal(RetryOutcome.Delivered, (await RetryAsync(second, id)).Outcome);
        Assert.Equal((0, 1), (second.Courier("a").Tally.Rejected, second.Courier("a").Tally.Delivered));
    }

    [Fact]
    public async Task A_letter_under_way_again_hides_nothing_of_what_its_database_has()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("no");
        cluster.Write("db", "m v=1 1\n");
        cluster.Statement("CREATE USER u WITH PASSWORD 'p'");
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 2, "the letters are filed");
        cluster["a"].Script = ScriptedDestination.Accept;
        Fates after = cluster.Write("db", "m v=2 2\n");
        await cluster.QuietAsync();
        Courier courier = cluster.Courier("a");
        Assert.True(courier.Has("db", after.Record.Position, after.Record.Position));

        cluster["a"].Script = ScriptedDestination.Wait;
        List<SentRequest> open = [];
        foreach (DeadLetter letter in cluster.Cluster.Letters.List())
        {
            Assert.NotNull((await LetterRetry.BeginAsync(cluster.Cluster, letter.Id)).Retry);
            if (open.Count == 0)
                open.Add(await cluster["a"].NextAsync());
            Assert.True(courier.Has("db", after.Record.Position, after.Record.Position));
            Assert.True(courier.Has(null, after.Record.Position, after.Record.Position));
        }

        // What comes behind them is not there, and that shows.
        Fates later = cluster.Write("db", "m v=3 3\n");
        Assert.False(courier.Has("db", later.Record.Position, 0));
        cluster["a"].Script = ScriptedDestination.Accept;
        open[0].Answer(204);
        await cluster.UntilAsync(() => courier.Has("db", later.Record.Position, 0), "all is there");
    }

    [Fact]
    public async Task Of_a_partial_write_only_the_refused_points_are_redeemed()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("partial write: field type conflict dropped=2");
        cluster.Write("db", "m v=1 1\nm v=2 2\nm v=3 3\n");
        DeadLetter letter = await LetterAsync(cluster);
        Assert.Equal((3, 2), (letter.Points, letter.Rejected));

        cluster["a"].Script = Refuse("partial write: field type conflict dropped=1");
        Assert.Equal(RetryOutcome.Refused, (await RetryAsync(cluster, letter.Id)).Outcome);
        CourierTally tally = cluster.Courier("a").Tally;
        Assert.Equal((2, 1), (tally.Delivered, tally.Rejected));

        cluster["a"].Script = ScriptedDestination.Accept;
        Assert.Equal(RetryOutcome.Delivered, (await RetryAsync(cluster, letter.Id)).Outcome);
        Assert.Equal((3, 0), (tally.Delivered, tally.Rejected));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task After_which_letter_the_destination_vanished_is_held_against_no_other_one()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("no");
        cluster.Write("x", "m v=1 1\n");
        cluster.Write("y", "m v=2 2\n");
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 2, "the letters are filed");
        await cluster.QuietAsync();

        foreach (DeadLetter letter in cluster.Cluster.Letters.List())
        {
            int attempt = 0;
            cluster["a"].Script = request => Interlocked.Increment(ref attempt) switch
            {
                1 => throw ScriptedDestination.Lost(),
                2 => throw ScriptedDestination.NotConnected(),
                _ => ScriptedDestination.Accept(request),
            };
            Assert.Equal((RetryOutcome.Delivered, null), await RetryAsync(cluster, letter.Id));
            Assert.True(attempt > 2);
        }
    }

    [Theory]
    [InlineData(false, 2, 0)]
    [InlineData(true, 1, 1)]
    public async Task A_letter_that_goes_for_newer_ones_while_it_is_sent_counts_as_what_came_of_it(
        bool isPartial, int delivered, int rejected)
    {
        await using TestCluster cluster = TestCluster.OnDisk(
            Path.Combine(_root.FullName, "journal"), static options => options.Delivery.DeadLettersMB = 1, "a", "b");
        string filler = new('x', 300_000);
        cluster["b"].Script = Refuse("no");
        cluster.Write("x", $"m v=\"{filler}\" 1\nm v=2 2\n");
        DeadLetter letter = await LetterAsync(cluster);

        cluster["b"].Script = request => request.Database == "x" ? null : SentRequest.Response(400, "no");
        LetterRetry retry = (await LetterRetry.BeginAsync(cluster.Cluster, letter.Id)).Retry!;
        SentRequest sent = await cluster["b"].NextAsync();
        for (int i = 1; i <= 4; i++)
            cluster.Write("y", $"m v=\"{filler}\" {i}\n");
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Find(letter.Id) is null, "it is thrown away");
        if (isPartial)
            sent.Answer(400, "partial write: field type conflict dropped=1");
        else
            sent.Answer(204);
        await cluster.UntilAsync(() => retry.Outcome.IsCompleted, "the retry has ended");

        Assert.Equal(isPartial ? RetryOutcome.Refused : RetryOutcome.Delivered, (await retry.Outcome).Outcome);
        await cluster.UntilAsync(() => cluster.Courier("b").Tally.Pending == 0, "nothing is pending");
        CourierTally tally = cluster.Courier("b").Tally;
        Assert.Equal((delivered, rejected + 4), (tally.Delivered, tally.Rejected));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_statement_is_retried_as_a_barrier_and_once()
    {
        await using TestCluster cluster = Make(onDisk: true, "a");
        cluster["a"].Script = Refuse("not now");
        cluster.Statement("CREATE DATABASE db", "db");
        long id = (await LetterAsync(cluster)).Id;
        int before = cluster["a"].Requests.Count;

        cluster["a"].Script = ScriptedDestination.Accept;
        Assert.Equal(RetryOutcome.Delivered, (await RetryAsync(cluster, id)).Outcome);
        cluster.Write("db", "m v=1 1\n");
        await cluster.QuietAsync();

        Assert.Equal(
            ["CREATE DATABASE db", null], cluster["a"].Requests.Skip(before).Select(static request => request.Query));
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task A_destination_that_is_gone_gets_no_retry_and_keeps_its_letters()
    {
        await using TestCluster cluster = Make(onDisk: true, "a", "b");
        cluster["b"].Script = Refuse("no");
        cluster.Write("db", "m v=1 1\n");
        long id = (await LetterAsync(cluster)).Id;
        cluster.Remove("b");

        Assert.Equal(RetryOutcome.NoDestination, (await RetryAsync(cluster, id)).Outcome);
        Assert.Single(cluster.Cluster.Letters.List());
    }

    public void Dispose() => _root.Delete(recursive: true);

    private TestCluster Make(bool onDisk, params string[] destinations) =>
        onDisk ? TestCluster.OnDisk(Path.Combine(_root.FullName, "journal"), destinations) : new(destinations);

    private static Func<SentRequest, HttpResponseMessage?> Refuse(string error) =>
        _ => SentRequest.Response(400, error);

    /// <summary>The one letter there is, once everything has its fate.</summary>
    private static async Task<DeadLetter> LetterAsync(TestCluster cluster)
    {
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 1, "the letter is filed");
        await cluster.QuietAsync();
        return Assert.Single(cluster.Cluster.Letters.List());
    }

    private static async Task<(RetryOutcome Outcome, string? Reason)> RetryAsync(TestCluster cluster, long id)
    {
        (RetryOutcome outcome, LetterRetry? retry) = await LetterRetry.BeginAsync(cluster.Cluster, id);
        if (retry is null)
            return (outcome, null);
        await cluster.EventuallyAsync(() => retry.Outcome.IsCompleted, "the retry has ended");
        return await retry.Outcome;
    }
}
