using System.Net;
using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.Tests.Delivery;
using InfluxMirror.Tests.Inputs;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;
using Yarp.ReverseProxy.Configuration;

namespace InfluxMirror.Tests.Writes;

/// <summary>Clients that wait for a destination while the program ends.</summary>
public sealed class LastCallTests : DurableTests
{
    [Theory]
    [InlineData(true, WriteOutcome.Kept)]
    [InlineData(false, WriteOutcome.NotSafe)]
    public async Task Who_waits_then_is_told_whether_the_write_outlives_the_program(bool onDisk, WriteOutcome outcome)
    {
        await using TestCluster cluster = onDisk ? TestCluster.OnDisk(Folder, "a", "b") : new("a", "b");
        using CancellationTokenSource lastCall = new();
        cluster["b"].Script = ScriptedDestination.Wait;
        Task<WriteResult> write = cluster.WriterUntil(lastCall.Token).WriteAsync(
            cluster.Cluster, ConsistencyLevel.All, WriterBench.AckTimeout,
            static watch => Records.Write("x", "m v=1 1", watch: watch)).AsTask();
        await cluster["b"].NextAsync();
        await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");
        Assert.False(write.IsCompleted);

        await lastCall.CancelAsync();

        await cluster.UntilAsync(() => write.IsCompleted, "the client is told");
        Assert.Equal(outcome, (await write).Outcome);
    }

    [Fact]
    public async Task A_client_is_answered_before_the_host_closes_its_connection()
    {
        TaskCompletionSource frozen = new();
        await using FakeInflux one = await FakeInflux.StartAsync("one"), two = await FakeInflux.StartAsync("two");
        two.MayAnswerWrites = frozen.Task;
        await using WebApplication host = await StartAsync(one.Address, two.Address);
        using HttpClient client = new() { BaseAddress = new Uri(host.Urls.First()) };
        Task<HttpResponseMessage> write = client.PostAsync(
            "/write?db=x&consistency=all", new StringContent("m v=1 1", Encoding.UTF8), CancellationToken.None);
        CourierFleet fleet = host.Services.GetRequiredService<CourierFleet>();
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(20));
        while (fleet.Find("influx")?.Find("one")?.Tally.Delivered is not 1)
            await Task.Delay(5, late.Token);

        Task stop = host.StopAsync(CancellationToken.None);
        using HttpResponseMessage answer = await write;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        frozen.SetResult();
        await stop;
    }

    private async Task<WebApplication> StartAsync(string one, string two)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        RouteConfig route = new()
        {
            RouteId = "write",
            ClusterId = "influx",
            Match = new RouteMatch { Path = "/write" },
            Transforms = [new Dictionary<string, string> { ["Mirror"] = "LineProtocol" }],
        };
        ClusterConfig cluster = new()
        {
            ClusterId = "influx",
            Destinations = new Dictionary<string, DestinationConfig>
            {
                ["one"] = new() { Address = one },
                ["two"] = new() { Address = two },
            },
        };
        builder.Services.AddReverseProxy().LoadFromMemory([route], [cluster])
            .AddInfluxMirror(options => options.Journal.Directory = Folder);
        WebApplication host = builder.Build();
        host.MapReverseProxy(static proxy =>
        {
            proxy.UseInfluxMirror();
            proxy.UseLoadBalancing();
        });
        await host.StartAsync(CancellationToken.None);
        return host;
    }
}
