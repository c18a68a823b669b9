using System.Net;
using System.Text.Json.Nodes;
using Gateway.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace InfluxMirror.Tests.Host;

public sealed class RateLimitTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("?u=ann&p=x", "Basic Ym9iOng=", "ann")]
    [InlineData("", "Basic Ym9iOng=", "bob")]
    [InlineData("", "Token carl:secret", "carl")]
    [InlineData("", "", "")]
    public void A_user_is_found_where_influxd_finds_it(string query, string header, string user) =>
        Assert.Equal(user, RequestPartition.Of(Request(query, header), RateLimitPartitioning.User));

    [Theory]
    [InlineData("Token s3cret-token")]
    [InlineData("Bearer s3cret-token")]
    [InlineData("Basic s3cret-token")]
    [InlineData("s3cret-token")]
    public void A_token_never_becomes_a_name(string header)
    {
        string user = RequestPartition.Of(Request("", header), RateLimitPartitioning.User);

        Assert.NotEmpty(user);
        Assert.DoesNotContain("s3cret", user, StringComparison.Ordinal);
        Assert.Equal(user, RequestPartition.Of(Request("", header), RateLimitPartitioning.User));
    }

    [Theory]
    [InlineData("?db=one", "one")]
    [InlineData("?bucket=one/autogen", "one")]
    [InlineData("?bucket=one", "one")]
    [InlineData("", "")]
    public void A_database_is_found_in_both_APIs(string query, string database) =>
        Assert.Equal(database, RequestPartition.Of(Request(query), RateLimitPartitioning.Database));

    [Fact]
    public void Names_stay_small_and_apart()
    {
        string first = RequestPartition.Of(Request("?db=" + new string('x', 5000)), RateLimitPartitioning.Database);
        string second = RequestPartition.Of(Request("?db=" + new string('x', 5001)), RateLimitPartitioning.Database);

        Assert.InRange(first.Length, 1, 128);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void One_client_is_one_client_by_both_address_families()
    {
        HttpContext mapped = Request("");
        mapped.Connection.RemoteIpAddress = IPAddress.Parse("::ffff:10.1.2.3");

        Assert.Equal("10.1.2.3", RequestPartition.Of(mapped, RateLimitPartitioning.Client));
    }

    [Fact]
    public void A_full_roster_puts_newcomers_together_until_somebody_leaves()
    {
        FakeTimeProvider time = new();
        PartitionRoster roster = new(time);
        TimeSpan idle = TimeSpan.FromMinutes(1);
        Assert.Equal("a", roster.Admit("a", 2, idle));
        Assert.Equal("b", roster.Admit("b", 2, idle));
        Assert.Equal(PartitionRoster.Overflow, roster.Admit("c", 2, idle));

        time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal("b", roster.Admit("b", 2, idle));
        time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal("c", roster.Admit("c", 2, idle));
        Assert.Equal("b", roster.Admit("b", 2, idle));
        Assert.Equal(PartitionRoster.Overflow, roster.Admit("a", 2, idle));
    }

    [Fact]
    public async Task A_roster_never_holds_more_than_its_limit_however_many_come_at_once()
    {
        PartitionRoster roster = new(TimeProvider.System);
        string[][] admitted = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
            Enumerable.Range(0, 5000).Select(i => roster.Admit($"{(i * 7) + worker}", 100, TimeSpan.FromHours(1))).ToArray())));

        Assert.InRange(admitted.SelectMany(names => names).Where(name => name != PartitionRoster.Overflow).Distinct().Count(), 90, 100);
    }

    [Theory]
    [InlineData("TokenBucket")]
    [InlineData("FixedWindow")]
    [InlineData("SlidingWindow")]
    public async Task A_client_above_its_limit_gets_503_as_InfluxDB_would_say_it(string algorithm)
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(Limited(server, 3)
            .With("RateLimiting:Policies:few:Algorithm", algorithm));
        for (int i = 0; i < 3; i++)
            await ExpectAsync(gateway, HttpStatusCode.OK);

        using HttpResponseMessage refused = await gateway.Clients.GetAsync("/query", Stop);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3600);
        Assert.Contains("rate limit exceeded", Assert.Single(refused.Headers.GetValues("X-Influxdb-Error")), StringComparison.Ordinal);
        Assert.StartsWith("{\"error\":\"rate limit exceeded", await refused.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Equal(3, server.Requests);
        Assert.Contains("gateway_rate_limited_requests{policy=\"few\"} 1\n",
            await gateway.Management.GetStringAsync("/metrics", Stop), StringComparison.Ordinal);
        using HttpResponseMessage ping = await gateway.Clients.GetAsync("/ping", Stop);
        Assert.Equal(HttpStatusCode.NoContent, ping.StatusCode);
    }

    [Fact]
    public async Task A_changed_limit_holds_from_the_next_request_on()
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(Limited(server, 1));
        await ExpectAsync(gateway, HttpStatusCode.OK);
        await ExpectAsync(gateway, HttpStatusCode.ServiceUnavailable);

        gateway.Write(Limited(server, 2).With("RateLimiting:RejectionStatusCode", 429).ToJsonString());
        Assert.Empty(await gateway.ReloadAsync());

        await ExpectAsync(gateway, HttpStatusCode.OK);
        await ExpectAsync(gateway, HttpStatusCode.OK);
        await ExpectAsync(gateway, HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Databases_have_limits_of_their_own_up_to_the_cap()
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(Limited(server, 1)
            .With("RateLimiting:Policies:few:Partition", "Database").With("RateLimiting:MaxPartitions", 2));

        await ExpectAsync(gateway, HttpStatusCode.OK, "?db=a");
        await ExpectAsync(gateway, HttpStatusCode.ServiceUnavailable, "?db=a");
        await ExpectAsync(gateway, HttpStatusCode.OK, "?db=b");
        await ExpectAsync(gateway, HttpStatusCode.OK, "?db=c");
        await ExpectAsync(gateway, HttpStatusCode.ServiceUnavailable, "?db=d");
    }

    [Theory]
    [InlineData("TokenBucket", "00:00:00.100", 1_000_000_000)]
    [InlineData("FixedWindow", "1.00:00:00", 1)]
    [InlineData("SlidingWindow", "00:00:00.100", 1)]
    [InlineData("Concurrency", "00:00:01", 1_000_000_000)]
    public async Task No_valid_policy_makes_the_limiter_throw(string algorithm, string window, int permits)
    {
        await using StubServer server = await StubServer.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(Limited(server, permits)
            .With("RateLimiting:Policies:few:Algorithm", algorithm).With("RateLimiting:Policies:few:Window", window)
            .With("RateLimiting:Policies:few:SegmentsPerWindow", 100).With("RateLimiting:Policies:few:QueueLimit", 100_000));

        await ExpectAsync(gateway, HttpStatusCode.OK);
    }

    private static JsonObject Limited(StubServer server, int permits)
    {
        JsonObject file = HostConfiguration.Valid(first: server.Address)
            .With("ReverseProxy:Routes:rest:RateLimiterPolicy", "few")
            .With("RateLimiting:Policies:few:PermitLimit", permits)
            .With("RateLimiting:Policies:few:Window", "01:00:00");
        file["ReverseProxy"]!["Clusters"]!["influx"]!["Destinations"]!.AsObject().Remove("b");
        return file;
    }

    private static async Task ExpectAsync(TestGateway gateway, HttpStatusCode status, string query = "")
    {
        using HttpResponseMessage answer = await gateway.Clients.GetAsync("/query" + query, Stop);
        Assert.Equal(status, answer.StatusCode);
    }

    private static DefaultHttpContext Request(string query, string authorization = "")
    {
        DefaultHttpContext context = new();
        context.Request.QueryString = new QueryString(query);
        if (authorization.Length > 0)
            context.Request.Headers.Authorization = authorization;
        return context;
    }
}
