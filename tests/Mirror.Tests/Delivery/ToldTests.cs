using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What the log and the status say is what happened.</summary>
public sealed class ToldTests
{
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
}
