namespace Gateway.SystemTests.Limits;

/// <summary>What a full buffer does (Durability Memory).</summary>
public sealed class BufferLimitTests
{
    private const int BodySize = 20_000;

    private static GatewayConfiguration Small(string policy) => new GatewayConfiguration().With(
        $$"""
        { "Mirror": { "Journal": { "Durability": "Memory", "BufferSizeMB": 1, "LimitPolicy": "{{policy}}" } } }
        """);

    [Fact]
    public async Task F8_DropOldest_drops_only_for_the_lagging_destination_counts_it_and_asks_for_a_resync()
    {
        const int writes = 200;
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small("DropOldest") });
        lab.B.Kill();
        await lab.Client.MustQueryAsync("CREATE DATABASE kept");
        for (int number = 0; number < writes; number++)
        {
            await lab.WriteAsync("db1", Padded(number), "consistency=one");
            // A full journal that makes room by itself takes writes, and says so to whoever moves the clients.
            (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBe(204);
            (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/health/ready")).MustBe(200);
        }

        await lab.Gateway.AssertAccountingAsync();
        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync();

        MetricsPage page = await lab.Gateway.MetricsAsync();
        int dropped = (int)page.Of(MetricNames.Dropped, "b");
        Assert.InRange(dropped, writes / 2, writes - 10);
        Assert.Equal(0, page.Of(MetricNames.Dropped, "a"));
        Assert.Equal(writes, (await lab.A.PointsAsync("db1")).Count);
        Assert.Equal(writes - dropped, (await lab.B.PointsAsync("db1")).Count);
        // The oldest went; the newest, and a statement older than all, did not.
        Assert.Contains($"autogen m {writes - 1} v={writes - 1}", (await lab.B.PointsAsync("db1")).Lines);
        Assert.Contains("kept", await ServerSchema.DatabasesAsync(lab.B.Client));
        await lab.Gateway.AssertAccountingAsync();

        Assert.Equal(1, page.Of(MetricNames.NeedsResync, "b"));
        await Eventually.PauseAsync(TimeSpan.FromSeconds(1.5));
        page = await lab.Gateway.MetricsAsync();
        Assert.Equal((1, 0), (page.Of(MetricNames.Fit, "a"), page.Of(MetricNames.Fit, "b")));
        for (int read = 0; read < 30; read++)
        {
            Answer answer = (await lab.Client.GetQueryAsync("SELECT count(v) FROM m", "db1")).MustBe(200);
            Assert.Equal("a", answer.Destination);
        }
    }

    [Fact]
    public async Task F8_Reject_refuses_what_does_not_fit_and_loses_nothing()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small("Reject") });
        lab.B.Kill();
        List<int> accepted = await FillAsync(lab, "consistency=one");
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(accepted.Count, (await lab.B.PointsAsync("db1")).Count);
        await AssertNothingDroppedAsync(lab);
        // There is room again.
        await lab.WriteAsync("db1", Padded(9999), "consistency=all");
    }

    [Theory]
    [InlineData("DropOldest")]
    [InlineData("Reject")]
    public async Task F8_What_no_destination_confirmed_is_never_dropped(string policy)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small(policy) });
        lab.A.Kill();
        lab.B.Kill();
        List<int> accepted = await FillAsync(lab, "consistency=any");
        Assert.Contains("full", (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBeRefusal().Body);
        Answer ready = (await lab.Gateway.Management.SendAsync(HttpMethod.Get, "/health/ready")).MustBe(503);
        Assert.Contains("the journal is full (Mirror:Journal:BufferSizeMB)", ready.Body);
        await lab.A.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(accepted.Count, (await lab.A.PointsAsync("db1")).Count);
        await AssertNothingDroppedAsync(lab);
    }

    /// <summary>Telegraf makes its database whenever it starts; that must not turn drops into refusals.</summary>
    [Fact]
    public async Task F8_A_statement_that_waits_does_not_keep_the_writes_behind_it_from_being_dropped()
    {
        const int writes = 200;
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small("DropOldest") });
        lab.B.Kill();
        await lab.Client.MustQueryAsync("CREATE DATABASE db1");
        await lab.Client.MustQueryAsync("CREATE RETENTION POLICY rp ON db1 DURATION INF REPLICATION 1");
        for (int number = 0; number < writes; number++)
            await lab.WriteAsync("db1", Padded(number), "consistency=one");
        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync();
        Assert.Equal(await ServerSchema.ReadAsync(lab.A.Client), await ServerSchema.ReadAsync(lab.B.Client));
        double dropped = (await lab.Gateway.MetricsAsync()).Of(MetricNames.Dropped, "b");
        Assert.Equal(writes - dropped, (await lab.B.PointsAsync("db1")).Count);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F8_Parked_writes_that_fill_the_buffer_do_not_keep_others_out()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small("DropOldest") });
        await lab.A.Client.MustQueryAsync("CREATE DATABASE late");
        for (int number = 0; number < 200; number++)
        {
            await lab.WriteAsync("late", Padded(number), "consistency=one");
            await lab.WriteAsync("db1", $"m v={number} {number}", "consistency=one");
        }

        Assert.Equal(200, (await lab.A.PointsAsync("late")).Count);
        await Eventually.TrueAsync("db1 is whole on b", async () => (await lab.B.PointsAsync("db1")).Count == 200);
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F36_Memory_stays_bounded_while_500_MB_are_written_with_one_destination_down()
    {
        const int megabytes = 500;
        GatewayConfiguration configuration = new GatewayConfiguration().With(
            """{ "Mirror": { "Journal": { "Durability": "Memory", "BufferSizeMB": 64 } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        await lab.WriteAsync("db1", Padded(0));
        await lab.Gateway.SettledAsync();
        lab.B.Kill();
        long before = ProcessReading.MemoryMB(lab.Gateway.Pid);
        // One point behind a comment: the bytes are the gateway's burden, and hardly the server's.
        byte[] comment = new byte[1_000_000];
        comment.AsSpan().Fill((byte)'x');
        comment[0] = (byte)'#';
        await Parallel.ForEachAsync(
            Enumerable.Range(1, megabytes), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (number, _) =>
            {
                byte[] line = System.Text.Encoding.ASCII.GetBytes($"\nm v={number} {number}");
                (await lab.Client.WriteAsync("db1", [.. comment, .. line])).MustBe(204);
            });
        long peak = ProcessReading.PeakMemoryMB(lab.Gateway.Pid);
        TestContext.Current.TestOutputHelper?.WriteLine($"{before} MB before, {peak} MB at most");
        Assert.InRange(peak - before, 0, 300);
        await lab.Gateway.SettledAsync(null, "a");
        Assert.Equal(megabytes + 1, (await lab.A.PointsAsync("db1")).Count);
        await lab.Gateway.AssertAccountingAsync();
    }

    /// <summary>Writes until the buffer refused ten times; returns the numbers that were not refused.</summary>
    private static async Task<List<int>> FillAsync(Lab lab, string more)
    {
        List<int> accepted = [];
        int refused = 0;
        for (int number = 0; refused < 10; number++)
        {
            Assert.True(number < 300, "the buffer never refused anything");
            Answer answer = await lab.Client.WriteAsync("db1", Padded(number), more);
            if (answer.Status == 204)
            {
                accepted.Add(number);
                continue;
            }

            Assert.Contains("full", answer.MustBeRefusal().Body);
            refused++;
        }

        Assert.InRange(accepted.Count, 10, 60);
        return accepted;
    }

    private static async Task AssertNothingDroppedAsync(Lab lab)
    {
        MetricsPage page = await lab.Gateway.MetricsAsync();
        foreach (string destination in new[] { "a", "b" })
        {
            Assert.Equal(0, page.Of(MetricNames.Dropped, destination));
            Assert.Equal(0, page.Of(MetricNames.NeedsResync, destination));
        }
    }

    /// <summary>One point and a comment, so that a small buffer is soon full.</summary>
    private static string Padded(int number) => $"m v={number} {number}\n#{new string('x', BodySize)}";
}
