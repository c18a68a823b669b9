using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>
/// The order of what is parked and comes back with what came after it, where little memory makes both go by the disk.
/// A record takes about 1,200 bytes, a statement 2,500.
/// </summary>
public sealed class ParkedOrderTests : DurableTests
{
    [Fact]
    public async Task A_raw_request_that_is_parked_first_does_not_keep_what_came_before_it_from_coming_back()
    {
        await using TestCluster cluster = Start(new() { LookAhead = 3000, Loaded = 2000, Parked = 4200 });
        Courier b = await ParkAsync(cluster, 4);
        cluster["b"].Script = static request =>
            request.Query is not null || request.Lines is ["m v=1 1" or "m v=2 2" or "m v=3 3" or "m v=4 4"]
                ? null
                : ScriptedDestination.Accept(request);

        cluster.Statement("CREATE DATABASE db", "db");
        SentRequest create = await cluster["b"].NextAsync();
        await WriteAsync(cluster, 6);
        cluster.Raw("db", "m v=7 7");
        create.Answer(200);
        SentRequest trial = await cluster["b"].NextAsync();
        await cluster.UntilAsync(() => b.Tally.Parked == 5, "the raw one is parked, and the other waits");
        trial.Answer(204);
        SentRequest second = await cluster["b"].NextAsync();
        await cluster.UntilAsync(() => b.Tally.Parked == 1, "the others are on their way");
        second.Answer(204);
        // While the clock stands still nothing more is read back: there was no room.
        (await cluster["b"].NextAsync()).Answer(204);
        (await cluster["b"].NextAsync()).Answer(204);
        await cluster.UntilAsync(() => b.Tally.Parked != 1, "the other waits with the raw one");
        for (int i = 8; i <= 12; i++)
            await WriteAsync(cluster, i);

        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "all went out");
        AssertOrder(cluster, 1, 2, 3, 4, 6, 8, 9, 10, 11, 12);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task What_is_read_back_for_its_lane_meanwhile_stays_behind_what_was_parked()
    {
        await using TestCluster cluster = Start(new() { LookAhead = 3000, Standing = 0, Parked = 100_000 });
        Courier b = await ParkAsync(cluster, 3);
        cluster["b"].Script = ScriptedDestination.Wait;

        cluster.Statement("CREATE DATABASE db", "db");
        SentRequest create = await cluster["b"].NextAsync();
        for (int i = 5; i <= 7; i++)
            await WriteAsync(cluster, i);
        await cluster.EventuallyAsync(() => !b.IsBehind, "what stands is left to the disk");
        create.Answer(200);
        SentRequest trial = await cluster["b"].NextAsync();
        await WriteAsync(cluster, 8);
        await cluster.EventuallyAsync(() => b.Tally.TakenBytes > 4000, "it is read back");
        cluster["b"].Script = ScriptedDestination.Accept;
        trial.Answer(204);

        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "all went out");
        AssertOrder(cluster, 1, 2, 3, 5, 6, 7, 8);
        cluster.AssertAccounts();
    }

    [Fact]
    public async Task What_waits_for_its_policy_stays_before_what_comes_back_when_its_database_is_there()
    {
        await using TestCluster cluster = Start(new() { Parked = 4200 });
        Courier b = await ParkAsync(cluster, 4, "week");
        bool hasPolicy = false;
        cluster["b"].Script = request =>
        {
            if (request.Query is not null || hasPolicy)
                return ScriptedDestination.Accept(request);
            // Somebody creates it right after this.
            hasPolicy = true;
            return SentRequest.Response(500, "retention policy not found: week");
        };

        cluster.Statement("CREATE DATABASE db", "db");
        await cluster.EventuallyAsync(
            () => b.Parked() is [{ RetentionPolicy: "week", Records: 4 }] || b.Tally.Delivered > 1, "all wait for it");
        cluster.Statement("CREATE RETENTION POLICY week ON db DURATION INF REPLICATION 1", "db");

        await cluster.EventuallyAsync(() => b.Tally.Pending == 0, "all went out");
        AssertOrder(cluster, 1, 2, 3, 4);
        cluster.AssertAccounts();
    }

    private TestCluster Start(DeliveryMemory memory) => TestCluster.OnDisk(
        Folder,
        options =>
        {
            options.Delivery.Memory = memory;
            options.Delivery.ParkedRetryInterval = TimeSpan.FromDays(1);
        },
        "a", "b");

    /// <summary>The first records are parked at b, which has no such database.</summary>
    private static async Task<Courier> ParkAsync(TestCluster cluster, int count, string? policy = null)
    {
        cluster["b"].Script = static _ => SentRequest.Response(404, "database not found: \"db\"");
        for (int i = 1; i <= count; i++)
            await WriteAsync(cluster, i, policy);
        Courier b = cluster.Courier("b");
        await cluster.UntilAsync(() => b.Tally.Parked == count, "they are parked");
        return b;
    }

    private static async Task WriteAsync(TestCluster cluster, int number, string? policy = null)
    {
        Fates one = cluster.Append(
            watch => Records.Write("db", $"m v={number} {number}\n", policy, alone: true, watch: watch));
        Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(one.Record));
    }

    /// <summary>The order in which they came at last.</summary>
    private static void AssertOrder(TestCluster cluster, params int[] numbers)
    {
        List<int> last = [];
        foreach (string line in cluster["b"].Requests
            .Where(static request => request.Path == "/write").SelectMany(static request => request.Lines))
        {
            int number = int.Parse(line[(line.LastIndexOf(' ') + 1)..], provider: null);
            last.Remove(number);
            last.Add(number);
        }

        Assert.Equal(numbers, last);
    }
}
