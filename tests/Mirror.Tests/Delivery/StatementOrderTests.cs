using System.Net;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>A statement is a barrier for the databases it names.</summary>
public sealed class StatementOrderTests
{
    [Fact]
    public async Task It_waits_for_the_writes_before_it_and_the_writes_behind_wait_for_it()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;

        cluster.Write("x", "m v=1 1");
        cluster.Statement("DELETE FROM m", "x");
        cluster.Write("x", "m v=2 2");

        SentRequest write = await cluster["a"].NextAsync();
        Assert.Equal(["m v=1 1"], write.Lines);
        Assert.Single(cluster["a"].Requests);
        write.Answer(204);
        SentRequest statement = await cluster["a"].NextAsync();
        Assert.Equal("DELETE FROM m", statement.Query);
        Assert.Equal(2, cluster["a"].Requests.Count);
        statement.Answer(200);
        Assert.Equal(["m v=2 2"], (await cluster["a"].NextAsync()).Lines);
    }

    [Theory]
    [InlineData("""{"results":[{"statement_id":0,"error":"engine is closed"}]}""")]
    [InlineData("""{"results":[{"statement_id":0},{"statement_id":1,"error": "shard is disabled"}]}""")]
    [InlineData("""{"results":[{"error":"max-concurrent-queries limit exceeded(100, 100)"}]}""")]
    public async Task It_is_repeated_when_the_server_answers_200_and_was_not_ready_to_execute_it(string answer)
    {
        await using TestCluster cluster = new("a");
        int left = 2;
        cluster["a"].Script = request => request.Query is not null && left-- > 0
            ? Answer(answer)
            : ScriptedDestination.Accept(request);

        Fates statement = cluster.Statement("DELETE FROM m", "x");
        cluster.Write("x", "m v=2 2");
        await cluster.QuietAsync();

        Assert.Equal("delivered", statement.EndAt("a"));
        Assert.Equal(["DELETE FROM m", "DELETE FROM m", "DELETE FROM m", null],
            cluster["a"].Requests.Select(static request => request.Query));
    }

    [Fact]
    public async Task An_error_that_does_not_pass_is_the_answer_to_it()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => Answer(
            """{"results":[{"error":"user already exists"},{"series":[{"values":[["\"error\":\"engine is closed"]]}]}]}""");
        Fates statement = cluster.Statement("CREATE USER u WITH PASSWORD 'p'");
        await cluster.QuietAsync();

        Assert.Equal("delivered", statement.EndAt("a"));
        Assert.Single(cluster["a"].Requests);
    }

    [Fact]
    public async Task Databases_it_does_not_name_go_on()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static request => request.Query is null ? ScriptedDestination.Accept(request) : null;
        cluster.Statement("CREATE RETENTION POLICY p ON x", "x");
        SentRequest statement = await cluster["a"].NextAsync();

        Fates other = cluster.Write("y", "m v=1 1");
        Fates named = cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => other.EndAt("a") == "delivered", "the other database goes on");

        Assert.Null(named.EndAt("a"));
        Assert.Contains("unavailable", named.At("a"));
        statement.Answer(200);
        await cluster.UntilAsync(() => named.EndAt("a") == "delivered", "the named one follows");
    }

    [Fact]
    public async Task A_statement_for_all_databases_stops_every_lane_and_lanes_that_come_into_being_meanwhile()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        cluster.Write("x", "m v=1 1");
        SentRequest before = await cluster["a"].NextAsync();

        cluster.Statement("CREATE USER u WITH PASSWORD 'p'");
        cluster.Write("new", "m v=2 2");
        cluster.Raw();
        Assert.Single(cluster["a"].Requests);

        before.Answer(204);
        SentRequest statement = await cluster["a"].NextAsync();
        Assert.NotNull(statement.Query);
        cluster.Write("newer", "m v=3 3");
        Assert.Equal(2, cluster["a"].Requests.Count);

        cluster["a"].Script = ScriptedDestination.Accept;
        statement.Answer(200);
        await cluster.QuietAsync();
        Assert.Equal(
            ["m v=2 2", "m v=3 3", "x"], cluster["a"].Requests.Skip(2).SelectMany(static one => one.Lines).Order());
    }

    [Fact]
    public async Task Statements_of_several_databases_run_one_after_the_other_in_journal_order()
    {
        await using TestCluster cluster = new("a");
        List<string> expected = [];
        for (int i = 0; i < 100; i++)
        {
            cluster.Write($"d{i % 5}", $"m v={i} {i}");
            string query = $"DELETE FROM s{i}";
            expected.Add(query);
            if (i % 10 == 9)
                cluster.Statement(query);
            else
                cluster.Statement(query, $"d{i % 5}", $"d{(i + 1) % 5}");
        }

        await cluster.QuietAsync();

        string[] ran = [.. cluster["a"].Requests.Select(static request => request.Query).OfType<string>()];
        // Every two that share a database are in order; neighbours here always do.
        for (int i = 0; i + 1 < 100; i++)
            Assert.True(Array.IndexOf(ran, expected[i]) < Array.IndexOf(ran, expected[i + 1]), expected[i]);
        Assert.Equal(200, cluster.Courier("a").Tally.Delivered);
    }

    [Fact]
    public async Task A_statement_to_a_dead_destination_is_tried_until_it_runs_and_nothing_overtakes_it()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        cluster.Statement("CREATE DATABASE x", "x");
        cluster.Write("x", "m v=1 1");
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 3, "it was tried some times");
        Assert.All(cluster["a"].Requests, static request => Assert.NotNull(request.Query));

        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();

        Assert.Equal(["m v=1 1"], cluster["a"].Requests[^1].Lines);
        Assert.NotNull(cluster["a"].Requests[^2].Query);
    }

    [Fact]
    public async Task What_a_read_must_see_includes_statements()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        Fates statement = cluster.Statement("CREATE DATABASE x", "x");
        long position = statement.Record.Position;
        SentRequest request = await cluster["a"].NextAsync();

        Assert.False(cluster.Courier("a").Has("x", position, 0));
        Assert.False(cluster.Courier("a").Has(null, 0, position));
        Assert.True(cluster.Courier("a").Has("y", position, 0));

        request.Answer(200);
        await cluster.UntilAsync(() => cluster.Courier("a").Has("x", position, position), "it has the statement");
    }

    private static HttpResponseMessage Answer(string body) => new(HttpStatusCode.OK) { Content = new StringContent(body) };
}
