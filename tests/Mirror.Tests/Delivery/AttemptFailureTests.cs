using System.Net;
using System.Net.Sockets;
using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Whatever an attempt meets, the lane goes on.</summary>
public sealed class AttemptFailureTests : DurableTests
{
    [Theory]
    [InlineData("write")]
    [InlineData("statement")]
    [InlineData("raw")]
    public async Task A_connection_that_takes_too_long_is_tried_again(string kind)
    {
        // As SocketsHttpHandler ends a connection attempt after its ConnectTimeout.
        TaskCanceledException failure = new(
            "A connection could not be established within the configured ConnectTimeout.", new TimeoutException());
        await AssertTriedAgainAsync(failure, cluster => kind switch
        {
            "write" => cluster.Write("x", "m v=1 1"),
            "statement" => cluster.Statement("CREATE DATABASE x", "x"),
            _ => cluster.Raw(),
        });
    }

    [Fact]
    public async Task A_fault_of_ours_is_tried_again_like_any_failure() => await AssertTriedAgainAsync(
        new InvalidOperationException("a fault"), static cluster => cluster.Write("x", "m v=1 1"));

    [Fact]
    public async Task A_destination_that_does_not_answer_in_time_is_tried_again()
    {
        await using TestCluster cluster = new("a");
        cluster.Options.Delivery.Timeout = TimeSpan.FromSeconds(10);
        cluster.Courier("a").Reconfigure();
        cluster["a"].Script = ScriptedDestination.Wait;
        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster["a"].NextAsync();
        cluster.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(cluster.Courier("a").IsFailing);

        cluster["a"].Script = ScriptedDestination.Accept;
        cluster.Time.Advance(TimeSpan.FromSeconds(2));
        await cluster.UntilAsync(() => cluster.Courier("a").Counters.NoAnswer == 1, "the time is up");
        await cluster.QuietAsync();

        Assert.Equal("delivered", fates.EndAt("a"));
        Assert.Equal(["m v=1 1", "m v=1 1"], cluster["a"].Lines);
    }

    /// <summary>What SocketsHttpHandler throws, rarely: it is no reason to give up a record.</summary>
    public static TheoryData<HttpRequestException> Rare { get; } =
    [
        new HttpRequestException(
            "Error while copying content to a stream.", new ObjectDisposedException("the connection")),
        new HttpRequestException("Error while copying content to a stream.", new SocketException()),
        new HttpRequestException("An error occurred while sending the request.", new InvalidOperationException()),
        new HttpRequestException(HttpRequestError.ConfigurationLimitExceeded, "The headers are too long."),
    ];

    [Theory]
    [MemberData(nameof(Rare), DisableDiscoveryEnumeration = true)]
    public async Task A_connection_that_fails_in_a_way_that_tells_nothing_of_the_record_is_tried_again(
        HttpRequestException failure) =>
        await AssertTriedAgainAsync(failure, static cluster => cluster.Write("x", "m v=1 1"));

    [Fact]
    public async Task A_header_that_http_cannot_carry_is_known_for_that()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using HttpMessageInvoker invoker = new(new SocketsHttpHandler());
        using HttpRequestMessage request = new(HttpMethod.Post, $"http://{listener.LocalEndpoint}/write?db=x");
        Assert.True(request.Headers.TryAddWithoutValidation("Authorization", "Token \u00e9"));
        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(
            () => invoker.SendAsync(request, TestContext.Current.CancellationToken));

        Assert.Null(TransportFailure.HowFar(failure));
        await using TestCluster cluster = new("a");
        cluster["a"].Script = _ => throw failure;
        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster.EventuallyAsync(() => fates.EndAt("a") is not null, "it has its fate");
        Assert.Equal("rejected", fates.EndAt("a"));
    }

    [Theory]
    [InlineData("write")]
    [InlineData("statement")]
    public async Task A_connection_that_fails_just_as_the_time_is_up_is_tried_again(string kind)
    {
        await using TestCluster cluster = new("a");
        cluster.Options.Delivery.Timeout = TimeSpan.FromSeconds(10);
        cluster.Courier("a").Reconfigure();
        int failures = 0;
        cluster["a"].Script = request =>
        {
            if (Interlocked.Increment(ref failures) > 3)
                return ScriptedDestination.Accept(request);
            cluster.Time.Advance(TimeSpan.FromHours(2));
            throw failures % 2 == 0 ? ScriptedDestination.Lost() : ScriptedDestination.NotConnected();
        };
        Fates fates = kind == "write" ? cluster.Write("x", "m v=1 1") : cluster.Statement("CREATE DATABASE x", "x");
        await cluster.EventuallyAsync(() => fates.EndAt("a") is not null, "it has its fate");

        Assert.Equal("delivered", fates.EndAt("a"));
    }

    [Fact]
    public async Task A_connection_that_fails_just_as_the_gateway_ends_is_no_refusal()
    {
        using ManualResetEventSlim isUnderWay = new();
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a"))
        {
            Courier courier = first.Courier("a");
            first["a"].Script = _ =>
            {
                isUnderWay.Set();
                SpinWait.SpinUntil(() => courier.Stopping.IsCancellationRequested, TimeSpan.FromSeconds(20));
                throw ScriptedDestination.NotConnected();
            };
            first.Write("x", "m v=1 1\n");
            Assert.True(await Task.Run(() => isUnderWay.Wait(TimeSpan.FromSeconds(20))));
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a");
        await second.EventuallyAsync(() => second.Courier("a").Tally.Delivered == 1, "it is there");
        Assert.Equal((1, 0), (second["a"].Lines.Count(), second.Courier("a").Tally.Rejected));
        second.AssertAccounts();
    }

    [Fact]
    public async Task A_statement_may_take_long()
    {
        await using TestCluster cluster = new("a");
        cluster.Options.Delivery.Timeout = TimeSpan.FromSeconds(10);
        cluster.Courier("a").Reconfigure();
        cluster["a"].Script = ScriptedDestination.Wait;
        Fates fates = cluster.Statement("DELETE FROM m", "x");
        SentRequest request = await cluster["a"].NextAsync();

        cluster.Time.Advance(TimeSpan.FromMinutes(59));
        request.Answer(200);
        await cluster.QuietAsync();

        Assert.Equal("delivered", fates.EndAt("a"));
        Assert.Single(cluster["a"].Requests);
    }

    [Fact]
    public async Task Being_woken_ends_the_wait_before_the_next_try()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = ScriptedDestination.Absent;
        Fates fates = cluster.Write("x", "m v=1 1");
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 6, "it was tried some times");
        cluster["a"].Script = ScriptedDestination.Accept;

        // The clock stands: only the word that the destination is back can end the wait.
        await cluster.UntilAsync(
            () =>
            {
                cluster.Courier("a").Wake();
                return fates.EndAt("a") == "delivered";
            },
            "it is delivered");
    }

    [Fact]
    public async Task What_waits_before_another_try_goes_by_the_delays_that_are_configured_meanwhile()
    {
        await using TestCluster cluster = new("a");
        cluster.Options.Delivery.InitialDelayInterval = TimeSpan.FromMinutes(1);
        cluster.Options.Delivery.MaxDelayInterval = TimeSpan.FromHours(1);
        cluster.Courier("a").Reconfigure();
        cluster["a"].Script = ScriptedDestination.Absent;
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster["a"].Requests.Count == 1, "it was tried");

        cluster.Options.Delivery.InitialDelayInterval = TimeSpan.FromMilliseconds(500);
        cluster.Options.Delivery.MaxDelayInterval = TimeSpan.FromSeconds(1);
        cluster.Courier("a").Reconfigure();
        DateTimeOffset soon = cluster.Time.GetUtcNow() + TimeSpan.FromSeconds(45);
        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 8, "it is tried each second");
        Assert.True(cluster.Time.GetUtcNow() < soon);
    }

    [Fact]
    public async Task A_destination_may_ask_to_be_left_alone_for_a_while()
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = static _ =>
        {
            HttpResponseMessage response = SentRequest.Response(503, "busy");
            response.Headers.RetryAfter = new(TimeSpan.FromSeconds(8));
            return response;
        };
        cluster.Write("x", "m v=1 1");
        await cluster.UntilAsync(() => cluster.Courier("a").Counters.Sends == 1, "the answer is in");
        long answered = cluster.Time.GetTimestamp();

        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count == 2, "it is tried again");

        // By itself it would have come back within a second.
        Assert.True(cluster.Time.GetElapsedTime(answered) >= TimeSpan.FromSeconds(8));
    }

    private static async Task AssertTriedAgainAsync(Exception failure, Func<TestCluster, Fates> send)
    {
        await using TestCluster cluster = new("a");
        cluster["a"].Script = _ => throw failure;
        Fates fates = send(cluster);

        await cluster.EventuallyAsync(() => cluster["a"].Requests.Count > 2, "it was tried again");
        cluster["a"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();

        Assert.Equal("delivered", fates.EndAt("a"));
    }
}
