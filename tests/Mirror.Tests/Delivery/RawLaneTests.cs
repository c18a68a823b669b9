using Xunit;

namespace InfluxMirror.Tests.Delivery;

public sealed class RawLaneTests
{
    [Fact]
    public async Task Eight_raw_requests_are_under_way_at_once_and_not_more()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        List<SentRequest> open = [];
        for (int i = 0; i < 8; i++)
        {
            // One after the other: each finds the earlier ones under way.
            cluster.Raw(body: $"r{i}");
            open.Add(await cluster["a"].NextAsync());
        }

        cluster.Raw(body: "r8");
        cluster.Raw(body: "r9");
        Assert.Equal(8, cluster["a"].Requests.Count);

        open[5].Answer(204);
        Assert.Equal("r8", (await cluster["a"].NextAsync()).Body);
        Assert.Equal(8, cluster["a"].MostAtOnce);
    }

    [Fact]
    public async Task A_raw_request_arrives_as_it_was()
    {
        await using TestCluster cluster = new("a");
        cluster.Raw("prom", "\u0001\u0002");
        await cluster.QuietAsync();

        SentRequest sent = Assert.Single(cluster["a"].Requests);
        Assert.Equal("\u0001\u0002", sent.Body);
        Assert.Equal("http://a:8086/api/v1/prom/write?db=prom", sent.Message.RequestUri!.AbsoluteUri);
    }

    [Fact]
    public async Task Raw_requests_are_never_merged()
    {
        await using TestCluster cluster = new("a");
        for (int i = 0; i < 50; i++)
            cluster.Raw(body: $"r{i}");
        await cluster.QuietAsync();

        Assert.Equal(50, cluster["a"].Requests.Count);
        Assert.Equal(
            Enumerable.Range(0, 50).Select(static i => $"r{i}").Order(),
            cluster["a"].Requests.Select(static request => request.Body).Order());
    }

    [Fact]
    public async Task A_read_of_its_database_waits_for_a_raw_write()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Wait;
        Fates raw = cluster.Raw("prom");
        SentRequest request = await cluster["a"].NextAsync();

        Assert.False(cluster.Courier("a").Has("prom", raw.Record.Position, 0));
        Assert.True(cluster.Courier("a").Has("other", raw.Record.Position, 0));

        request.Answer(204);
        await cluster.UntilAsync(() => cluster.Courier("a").Has("prom", raw.Record.Position, 0), "it has the write");
    }
}
