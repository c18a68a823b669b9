using System.Text;
using System.Text.Json;
using InfluxMirror;

namespace Gateway.SystemTests.Durability;

/// <summary>MaxBytes is reached while a destination is down.</summary>
public sealed class FullJournalTests(ITestOutputHelper output)
{
    private const int RecordBytes = 200_000;

    // Half as much again as the journal takes.
    private const int Writes = 500;

    [Fact]
    public async Task F8_DropOldest_takes_every_write_drops_for_the_laggard_only_and_asks_for_a_resync()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small.Journal(64) });
        lab.B.Kill();
        DateTimeOffset began = DateTimeOffset.UtcNow;
        await lab.Client.MustQueryAsync("CREATE DATABASE kept");
        int refused = 0;
        for (int number = 0; number < Writes; number++)
            refused += await TakeAsync(lab, "db1", Small.Padded(number, RecordBytes));

        await lab.Gateway.AssertAccountingAsync();
        Assert.InRange(new JournalFiles(lab.Gateway.JournalFolder).Segments.Sum(
            file => new FileInfo(file).Length), 1, 64 * 1024 * 1024);
        await lab.B.RestartAsync();
        await lab.Gateway.SettledAsync(TimeSpan.FromSeconds(60));
        MetricsPage page = await lab.Gateway.MetricsAsync();
        int dropped = (int)page.Of(MetricNames.Dropped, "b");
        output.WriteLine($"{dropped} dropped, {refused} times told to come again");
        Assert.InRange(dropped, Writes / 5, Writes - 100);
        // Room is made before it is needed: a refusal is the exception.
        Assert.InRange(refused, 0, Writes / 4);
        Assert.Equal(0, page.Of(MetricNames.Dropped, "a"));
        Assert.Equal((0, 1), (page.Of(MetricNames.NeedsResync, "a"), page.Of(MetricNames.NeedsResync, "b")));
        Assert.Equal(Writes, (await lab.A.PointsAsync("db1")).Count);
        PointDump held = await lab.B.PointsAsync("db1");
        Assert.Equal(Writes - dropped, held.Count);
        Assert.Contains(held.Points, point => point.Contains($"number{Writes - 1:00000}"));
        Assert.Contains("kept", await ServerSchema.DatabasesAsync(lab.B.Client));
        await lab.Gateway.AssertAccountingAsync();
        await AssertGapAsync(lab, dropped, began);

        // A restart does not make it whole. Progress is saved once a second; what is not is done once more.
        await Eventually.TrueAsync("it is saved what was dropped", () =>
            new MirrorJournalView(lab.Gateway.JournalFolder).Cursors
                .Single(static cursor => cursor.Destination == "b").Dropped == dropped);
        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        page = await lab.Gateway.MetricsAsync();
        Assert.Equal((dropped, 1), ((int)page.Of(MetricNames.Dropped, "b"), page.Of(MetricNames.NeedsResync, "b")));
        for (int read = 0; read < 10; read++)
            Assert.Equal("a", (await lab.Client.GetQueryAsync("SELECT count(v) FROM padded", "db1")).Destination);
        await lab.Gateway.AssertAccountingAsync();

        // Nor does it forget what is missing, until the operator has brought it there.
        await AssertGapAsync(lab, dropped, began);
        string all = string.Join('\n', Enumerable.Range(0, Writes).Select(Small.Line));
        (await lab.B.WriteAsync("db1", all)).MustBe(204);
        (await lab.Gateway.Management.SendAsync(HttpMethod.Post, "/destinations/b/sync-done")).MustBe(204);
        await AssertNoGapAsync(lab, dropped);
        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        await AssertNoGapAsync(lab, dropped);
        await Eventually.TrueAsync("b serves reads again", async () =>
            (await lab.Client.GetQueryAsync("SELECT count(v) FROM padded", "db1")).Destination == "b");
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F8_what_is_parked_for_long_takes_its_own_space_only_whatever_the_gateway_meets()
    {
        const int rounds = 120, bodies = 4, bodyBytes = 500_000;
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            Databases = ["db1", "late"],
            Configuration = Small.Journal(64),
        });
        await lab.B.Client.MustQueryAsync("DROP DATABASE late");
        List<string> expected = [];
        long most = 0;
        for (int round = 1; round <= rounds; round++)
        {
            await TakeAsync(lab, "late", Encoding.ASCII.GetBytes($"m v={round}i {round}"));
            expected.Add($"autogen m {round} v={round}");
            await Parallel.ForAsync(0, bodies, async (body, _) =>
                await TakeAsync(lab, "db1", Small.Padded((round * bodies) + body, bodyBytes)));
            if (round % 40 == 17)
            {
                lab.Gateway.Kill();
                await lab.Gateway.RestartAsync();
            }

            if (round > rounds / 2)
                most = Math.Max(most, new JournalFiles(lab.Gateway.JournalFolder).Segments.Sum(Length));
        }

        output.WriteLine($"{rounds * bodies * bodyBytes / 1_000_000} MB taken, {most / 1_000_000} MB on disk at most");
        Assert.InRange(most, 1, 64 * 1024 * 1024);
        await lab.Client.MustQueryAsync("CREATE DATABASE late");
        await lab.AssertConvergedAsync();
        Assert.Equal(expected.Order(StringComparer.Ordinal), (await lab.B.PointsAsync("late")).Points);
        await lab.AssertWholeAsync();
        await lab.Gateway.AssertAccountingAsync();

        static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;
    }

    [Theory]
    [InlineData("Reject", false)]
    [InlineData("DropOldest", true)]
    public async Task F8_Where_nothing_may_be_dropped_writes_get_503_and_nothing_is_lost(string policy, bool allDown)
    {
        GatewayConfiguration configuration = Small.Journal(64, $$""", "LimitPolicy": "{{policy}}" """);
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        lab.B.Kill();
        if (allDown)
            lab.A.Kill();
        List<int> accepted = [];
        int refused = 0;
        for (int number = 0; refused < 10; number++)
        {
            Assert.True(number < 1000, "nothing was refused");
            Answer answer = await lab.Client.WriteAsync("db1", Small.Padded(number, RecordBytes));
            if (answer.Status == 204)
            {
                accepted.Add(number);
                continue;
            }

            answer.MustBeRefusal();
            refused++;
        }

        Answer ping = (await lab.Client.SendAsync(HttpMethod.Get, "/ping")).MustBeRefusal();
        Assert.Contains("the journal is full (Mirror:Journal:MaxBytes)", ping.Body);
        // Housekeeping sees the last of the writes: for a journal that is written to, whoever comes second is a laggard.
        await Eventually.PauseAsync(TimeSpan.FromSeconds(3));
        if (allDown)
            await lab.A.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(accepted.Count, (await lab.B.PointsAsync("db1")).Count);
        await lab.AssertWholeAsync();
        // There is room again.
        await Eventually.TrueAsync("writes are taken again", async () =>
            (await lab.Client.WriteAsync("db1", Small.Padded(9999, RecordBytes))).Status == 204);
        await lab.AssertConvergedAsync();
    }

    /// <summary>What b lacks is known everywhere, and of a nothing is missing.</summary>
    private static async Task AssertGapAsync(Lab lab, int dropped, DateTimeOffset began)
    {
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, dropped), (page.Of(MetricNames.GapPoints, "a"), page.Of(MetricNames.GapPoints, "b")));
        JsonElement b = await lab.Gateway.StatusAsync("b");
        Assert.True(b.GetProperty("needsResync").GetBoolean());
        Assert.Equal(0, (await lab.Gateway.StatusAsync("a")).GetProperty("gaps").GetArrayLength());
        JsonElement gap = Assert.Single(b.GetProperty("gaps").EnumerateArray().ToArray());
        Assert.Equal("db1", gap.GetProperty("database").GetString());
        Assert.Equal(dropped, gap.GetProperty("points").GetInt32());
        Assert.Equal(dropped, gap.GetProperty("records").GetInt32());
        DateTimeOffset first = gap.GetProperty("first").GetDateTimeOffset();
        DateTimeOffset last = gap.GetProperty("last").GetDateTimeOffset();
        Assert.InRange(first, began, last);
        Assert.InRange(last, first, DateTimeOffset.UtcNow);
        string line = $"b  db=db1 rp=(default)  {dropped} point(s) in {dropped} record(s) accepted ";
        await Eventually.TrueAsync("it is saved, as once a second, what was dropped", async () =>
        {
            string printed = await lab.Gateway.CommandAsync(0, "journal", "gaps", lab.Gateway.JournalFolder);
            return printed.Contains("influxdb: gaps: 1", StringComparison.Ordinal)
                && printed.Contains(line, StringComparison.Ordinal);
        });
    }

    private static async Task AssertNoGapAsync(Lab lab, int dropped)
    {
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((0, 0), (page.Of(MetricNames.GapPoints, "b"), page.Of(MetricNames.NeedsResync, "b")));
        // What happened is not undone.
        Assert.Equal(dropped, page.Of(MetricNames.Dropped, "b"));
        JsonElement b = await lab.Gateway.StatusAsync("b");
        Assert.False(b.GetProperty("needsResync").GetBoolean());
        Assert.Equal(0, b.GetProperty("gaps").GetArrayLength());
        Assert.Contains(
            "gaps: 0", await lab.Gateway.CommandAsync(0, "journal", "gaps", lab.Gateway.JournalFolder));
    }

    /// <summary>
    /// Writes until it is taken. Room is made once a second: a client that is faster than that is told to come again,
    /// so many times.
    /// </summary>
    private static async Task<int> TakeAsync(Lab lab, string database, byte[] body)
    {
        for (int refused = 0; ; refused++)
        {
            int status = (await lab.Client.WriteAsync(database, body)).Status;
            if (status == 204)
                return refused;
            Assert.Equal(503, status);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
