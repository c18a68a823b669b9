using System.Net;
using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace InfluxMirror.Tests.Inputs;

/// <summary>The library in a YARP host that has nothing else of the gateway.</summary>
public sealed class AnyHostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_write_reaches_every_destination()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one"), two = await FakeInflux.StartAsync("two");
        await using WebApplication host = await StartAsync(one.Address, two.Address);
        using HttpClient client = Client(host);

        using HttpResponseMessage answer = await client.PostAsync("/write?db=x&consistency=all", Text("m v=1 1"), End);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(["1.6.7"], answer.Headers.GetValues("X-Influxdb-Version"));
        Assert.Equal(["m v=1 1"], one.Writes);
        Assert.Equal(["m v=1 1"], two.Writes);
    }

    [Fact]
    public async Task Reads_are_balanced_and_say_who_answered()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one"), two = await FakeInflux.StartAsync("two");
        await using WebApplication host = await StartAsync(one.Address, two.Address);
        using HttpClient client = Client(host);
        HashSet<string> by = [];

        for (int i = 0; i < 40; i++)
        {
            using HttpResponseMessage answer = await client.GetAsync("/query?db=x&q=SELECT+*+FROM+m", End);
            string name = Assert.Single(answer.Headers.GetValues("X-Gateway-Destination"));
            Assert.Contains($"\"{name}\"", await answer.Content.ReadAsStringAsync(End), StringComparison.Ordinal);
            by.Add(name);
        }

        Assert.Equal(["one", "two"], by.Order());
        Assert.Equal(40, one.Queries.Count + two.Queries.Count);
    }

    [Fact]
    public async Task A_read_sees_the_writes_answered_before_it()
    {
        TaskCompletionSource slow = new();
        await using FakeInflux one = await FakeInflux.StartAsync("one"), two = await FakeInflux.StartAsync("two");
        two.MayAnswerWrites = slow.Task;
        await using WebApplication host = await StartAsync(one.Address, two.Address);
        using HttpClient client = Client(host);
        (await client.PostAsync("/write?db=x", Text("m v=1 1"), End)).Dispose();

        Assert.Equal(["one"], await AnswersAsync(client, "/query?db=x&q=SELECT+*+FROM+m"));
        Assert.Equal(["one"], await AnswersAsync(client, "/query?q=SELECT+*+FROM+x..m"));
        Assert.Equal(["one", "two"], await AnswersAsync(client, "/query?db=y&q=SELECT+*+FROM+m"));

        slow.SetResult();
        Courier courier = host.Services.GetRequiredService<CourierFleet>().Find("influx")!.Find("two")!;
        await UntilAsync(() => courier.Tally.Delivered == 1);
        Assert.Equal(["one", "two"], await AnswersAsync(client, "/query?db=x&q=SELECT+*+FROM+m"));
    }

    [Fact]
    public async Task A_statement_reaches_every_destination_wherever_it_stands()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one"), two = await FakeInflux.StartAsync("two");
        await using WebApplication host = await StartAsync(one.Address, two.Address);
        using HttpClient client = Client(host);
        using HttpRequestMessage inPart = new(HttpMethod.Get, "/query")
        {
            Content = new MultipartFormDataContent { { new StringContent("CREATE DATABASE c"), "q" } },
        };

        (await client.PostAsync("/query?q=CREATE+DATABASE+a", null, End)).EnsureSuccessStatusCode().Dispose();
        (await client.GetAsync("/query?q=CREATE+DATABASE+b", End)).EnsureSuccessStatusCode().Dispose();
        (await client.SendAsync(inPart, End)).EnsureSuccessStatusCode().Dispose();

        foreach (FakeInflux influx in (FakeInflux[])[one, two])
        {
            await UntilAsync(() => influx.Queries.Count == 3);
            string[] queries = [.. influx.Queries];
            // They concern different databases: one that is slower may run them in another order.
            Assert.Contains("POST CREATE DATABASE a", queries);
            Assert.Contains("GET CREATE DATABASE b", queries);
            Assert.Contains(queries, static query => query.Contains("CREATE DATABASE c", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task With_every_destination_down_writes_are_taken_and_reads_are_503_in_influxdbs_shape()
    {
        await using WebApplication host = await StartAsync("http://127.0.0.1:1", "http://127.0.0.1:2");
        using HttpClient client = Client(host);

        using HttpResponseMessage write = await client.PostAsync("/write?db=x", Text("m v=1 1"), End);
        Assert.Equal(HttpStatusCode.NoContent, write.StatusCode);
        using HttpResponseMessage read = await client.GetAsync("/query?db=x&q=SHOW+MEASUREMENTS", End);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, read.StatusCode);
        Assert.StartsWith("{\"error\":", await read.Content.ReadAsStringAsync(End), StringComparison.Ordinal);
        Assert.NotNull(read.Headers.RetryAfter);
        using HttpResponseMessage one = await client.PostAsync("/write?db=x&consistency=one", Text("m v=1 1"), End);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, one.StatusCode);
    }

    [Fact]
    public async Task A_read_goes_to_the_destination_that_is_left()
    {
        await using FakeInflux two = await FakeInflux.StartAsync("two");
        await using WebApplication host = await StartAsync("http://127.0.0.1:1", two.Address);
        using HttpClient client = Client(host);

        for (int i = 0; i < 10; i++)
        {
            using HttpResponseMessage answer = await client.GetAsync("/query?db=x&q=SHOW+MEASUREMENTS", End);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(["two"], answer.Headers.GetValues("X-Gateway-Destination"));
        }
    }

    [Fact]
    public async Task A_fault_inside_the_mirror_is_500_and_not_a_bad_gateway()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one");
        BreakingClock clock = new();
        await using WebApplication host = await StartAsync(
            [one.Address], services => services.AddSingleton<TimeProvider>(clock));
        using HttpClient client = Client(host);

        // A line without a timestamp asks the clock.
        clock.IsBroken = true;
        using HttpResponseMessage answer = await client.PostAsync("/write?db=x", Text("m v=1"), End);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.StartsWith("{\"error\":", await answer.Content.ReadAsStringAsync(End), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_pipeline_step_the_start_fails_and_says_what_is_missing()
    {
        WebApplicationBuilder builder = Builder(["http://127.0.0.1:1"], null);
        await using WebApplication host = builder.Build();

        Exception fault = Assert.ThrowsAny<Exception>(() =>
        {
            host.MapReverseProxy();
            host.StartAsync(End).GetAwaiter().GetResult();
        });

        Assert.Contains("UseInfluxMirror()", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_registration_the_pipeline_step_says_what_is_missing()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddReverseProxy().LoadFromMemory([], []);
        await using WebApplication host = builder.Build();

        InvalidOperationException fault = Assert.Throws<InvalidOperationException>(
            () => host.MapReverseProxy(static proxy => proxy.UseInfluxMirror()));

        Assert.Contains("AddInfluxMirror()", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task YARP_is_not_asked_to_forward_what_the_mirror_answers()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one");
        RecordingForwarder forwarder = new();
        await using WebApplication host = await StartAsync(
            [one.Address], services => services.AddSingleton<IHttpForwarder>(forwarder));
        using HttpClient client = Client(host);

        using HttpResponseMessage write = await client.PostAsync("/write?db=x", Text("m v=1 1"), End);
        using HttpResponseMessage statement = await client.PostAsync("/query?q=CREATE+DATABASE+x", null, End);
        using HttpResponseMessage read = await client.GetAsync("/query?db=x&q=SELECT+*+FROM+m", End);
        using HttpResponseMessage options = await client.SendAsync(new(HttpMethod.Options, "/write"), End);

        Assert.Equal(HttpStatusCode.NoContent, write.StatusCode);
        Assert.Equal(HttpStatusCode.OK, statement.StatusCode);
        Assert.Equal(["m v=1 1"], one.Writes);
        Assert.Single(one.Queries);
        Assert.Equal(["GET /query", "OPTIONS /write"], forwarder.Forwarded);
    }

    [Fact]
    public async Task A_transform_that_comes_before_the_mirror_may_answer_instead()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one");
        await using WebApplication host = await StartAsync([one.Address], AddRefusing);
        using HttpClient client = Client(host);

        using HttpResponseMessage refused = await client.PostAsync("/write?db=x&refuse", Text("m v=1 1"), End);
        using HttpResponseMessage taken = await client.PostAsync("/write?db=x", Text("m v=2 2"), End);

        Assert.Equal(HttpStatusCode.PaymentRequired, refused.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        Assert.Equal(["m v=2 2"], one.Writes);
    }

    [Fact]
    public async Task The_mirror_has_its_turn_behind_another_transform_when_every_destination_is_down_too()
    {
        await using WebApplication host = await StartAsync(["http://127.0.0.1:1"], AddRefusing);
        using HttpClient client = Client(host);
        IProxyStateLookup lookup = host.Services.GetRequiredService<IProxyStateLookup>();
        await UntilAsync(() => lookup.GetClusters().Single().DestinationsState.AvailableDestinations.Count == 0);

        using HttpResponseMessage write = await client.PostAsync("/write?db=x", Text("m v=1 1"), End);

        Assert.Equal(HttpStatusCode.NoContent, write.StatusCode);
    }

    [Fact]
    public async Task At_the_end_of_the_host_what_is_accepted_is_delivered()
    {
        await using FakeInflux one = await FakeInflux.StartAsync("one");
        WebApplication host = await StartAsync(one.Address);
        using HttpClient client = Client(host);
        for (int i = 0; i < 50; i++)
            (await client.PostAsync("/write?db=x", Text($"m v={i} {i}"), End)).Dispose();
        Courier courier = host.Services.GetRequiredService<CourierFleet>().Find("influx")!.Find("one")!;

        await host.DisposeAsync();

        Assert.Equal((50, 50, 0), (courier.Tally.Accepted, courier.Tally.Delivered, courier.Tally.Pending));
    }

    private static void AddRefusing(IServiceCollection services)
    {
        services.AddSingleton<IProxyConfigFilter, Refusing>();
        services.AddSingleton<ITransformFactory, Refusing>();
    }

    private static CancellationToken End => TestContext.Current.CancellationToken;

    private static StringContent Text(string lines) => new(lines, Encoding.UTF8, "text/plain");

    private static HttpClient Client(WebApplication host) => new() { BaseAddress = new Uri(host.Urls.First()) };

    private static Task<WebApplication> StartAsync(params string[] addresses) => StartAsync(addresses, null);

    private static async Task<WebApplication> StartAsync(string[] addresses, Action<IServiceCollection>? add)
    {
        WebApplication host = Builder(addresses, add).Build();
        host.MapReverseProxy(static proxy =>
        {
            proxy.UseInfluxMirror();
            proxy.UseLoadBalancing();
        });
        await host.StartAsync(End);
        return host;
    }

    private static WebApplicationBuilder Builder(string[] addresses, Action<IServiceCollection>? add)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        add?.Invoke(builder.Services);
        string[] names = ["one", "two"];
        builder.Services.AddReverseProxy()
            .LoadFromMemory(
                [
                    Route("/write", ("Mirror", "LineProtocol"), ("AckTimeout", "00:00:01")),
                    Route("/query", ("Mirror", "InfluxQL")),
                ],
                [
                    new ClusterConfig
                    {
                        ClusterId = "influx",
                        LoadBalancingPolicy = "RoundRobin",
                        Destinations = addresses.Index().ToDictionary(
                            one => names[one.Index], static one => new DestinationConfig { Address = one.Item }),
                    },
                ])
            .AddInfluxMirror(static options => options.Journal.Durability = Durability.Memory);
        return builder;
    }

    private static RouteConfig Route(string path, params (string Key, string Value)[] transform) => new()
    {
        RouteId = path,
        ClusterId = "influx",
        Match = new RouteMatch { Path = path },
        Transforms = [transform.ToDictionary(static one => one.Key, static one => one.Value)],
    };

    /// <summary>Who answers, of some tries.</summary>
    private static async Task<string[]> AnswersAsync(HttpClient client, string path)
    {
        SortedSet<string> by = [];
        for (int i = 0; i < 8; i++)
        {
            using HttpResponseMessage answer = await client.GetAsync(path, End);
            by.Add(Assert.Single(answer.Headers.GetValues("X-Gateway-Destination")));
        }

        return [.. by];
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource late = new(Patience);
        while (!condition())
        {
            Assert.False(late.IsCancellationRequested, "waited in vain");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    /// <summary>Ticks, but once broken does not know what time it is.</summary>
    private sealed class BreakingClock : TimeProvider
    {
        public bool IsBroken { get; set; }

        public override DateTimeOffset GetUtcNow() =>
            IsBroken ? throw new InvalidOperationException("no time") : base.GetUtcNow();
    }

    /// <summary>A host's own forwarder.</summary>
    private sealed class RecordingForwarder : IHttpForwarder
    {
        public List<string> Forwarded { get; } = [];

        public ValueTask<ForwarderError> SendAsync(
            HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient,
            ForwarderRequestConfig requestConfig, HttpTransformer transformer)
        {
            Forwarded.Add($"{context.Request.Method} {context.Request.Path}");
            return new(ForwarderError.None);
        }
    }

    /// <summary>
    /// Has each route begin with a transform that refuses what has the parameter <c>refuse</c>, and each cluster be
    /// probed.
    /// </summary>
    private sealed class Refusing : RequestTransform, IProxyConfigFilter, ITransformFactory
    {
        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            if (context.HttpContext.Request.Query.ContainsKey("refuse"))
                context.HttpContext.Response.StatusCode = StatusCodes.Status402PaymentRequired;
            return ValueTask.CompletedTask;
        }

        public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel) =>
            new(cluster with
            {
                HealthCheck = new HealthCheckConfig
                {
                    AvailableDestinationsPolicy = "HealthyAndUnknown",
                    Active = new ActiveHealthCheckConfig
                    {
                        Enabled = true,
                        Interval = TimeSpan.FromMilliseconds(100),
                        Policy = "Influx",
                        Path = "/ping",
                    },
                },
            });

        public ValueTask<RouteConfig> ConfigureRouteAsync(
            RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) =>
            new(route with { Transforms = [new Dictionary<string, string> { ["Refuse"] = "" }, .. route.Transforms!] });

        public bool Validate(
            TransformRouteValidationContext context, IReadOnlyDictionary<string, string> transformValues) =>
            transformValues.ContainsKey("Refuse");

        public bool Build(TransformBuilderContext context, IReadOnlyDictionary<string, string> transformValues)
        {
            if (!transformValues.ContainsKey("Refuse"))
                return false;
            context.RequestTransforms.Add(this);
            return true;
        }
    }
}
