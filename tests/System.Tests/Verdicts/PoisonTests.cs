namespace Gateway.SystemTests.Verdicts;

/// <summary>Writes that a server cannot survive, or never accepts.</summary>
public sealed class PoisonTests
{
    /// <summary>Ends an influxd 1.6.7: a field key ending in two backslashes with the string value <c>=</c>.</summary>
    private const string Killer = """m \\="=" """;

    [Theory]
    [InlineData("alone")]
    [InlineData("among good lines")]
    [InlineData("compressed")]
    public async Task F41_A_line_that_would_end_influxd_is_refused_at_the_door(string how)
    {
        await using Lab lab = await Lab.StartAsync();
        string line = Killer.TrimEnd();
        Answer answer = how switch
        {
            "alone" => await lab.Client.WriteAsync("db1", line),
            "compressed" => await lab.Client.WriteGzipAsync("db1", line),
            _ => await lab.Client.WriteAsync("db1", $"m v=1 1\n{line} 5\nm v=2 2"),
        };
        answer.MustBe(400);
        Assert.Contains("\"error\"", answer.Body);
        await lab.WriteAsync("db1", "m v=3 3", "consistency=all");
        Assert.True(lab.A.IsRunning, "a ended");
        Assert.True(lab.B.IsRunning, "b ended");
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task F41_A_record_after_which_a_destination_vanished_twice_is_set_aside()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        // A dead process refuses connections; the proxy before it has to do so in its place.
        Fault death = new() { First = () => { lab.B.Kill(); lab.ProxyB.Refuse(); }, CutAfter = 0 };
        FaultRule poison = lab.ProxyB.On(request => request.IsWrite && request.Text.Contains("poison"), death);
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.WriteAsync("db1", "poison v=1 1");
        for (int number = 2; number < 22; number++)
            await lab.WriteAsync("db1", $"m v={number} {number}");

        // An operator, or systemd, starts it again whenever it died.
        await Eventually.ReasonGoneAsync("the other points reach b", async () =>
        {
            if (!lab.B.IsRunning)
            {
                await lab.B.RestartAsync();
                lab.ProxyB.Accept();
            }

            int count = (await lab.B.PointsAsync("db1")).Count;
            return count == 21 ? null : $"{count} are there after {poison.Hits} deaths\n{lab.Gateway.LogTail()}";
        }, TimeSpan.FromSeconds(40));
        await lab.Gateway.SettledAsync();
        await lab.RejectedAsync("b", 1);
        Assert.InRange(poison.Hits, 2, 6);
        await lab.AssertSamePointsAsync(line => line.Contains(" poison "));
        await lab.Gateway.AssertAccountingAsync();
    }

    [Fact]
    public async Task F42_A_write_that_is_always_answered_500_is_set_aside_and_others_flow()
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Proxied = true, Databases = ["db1", "db2"] });
        await lab.WriteAsync("db1", "m v=0 0");
        string tags = string.Concat(Enumerable.Range(0, 100).Select(number => $",t{number:000}=x"));
        Task<Answer> bad = lab.Client.WriteAsync("db1", $"always500{tags} v=1 1");
        await WriteOthersAsync(lab);

        Answer answer = await Eventually.WithinAsync(TimeSpan.FromSeconds(10), "an answer to the bad write", bad);
        Assert.True(answer.Status is 204 or 400 or 500 or 503, answer.ToString());
        await lab.AssertConvergedAsync();
        Assert.Equal(21, (await lab.B.PointsAsync("db1")).Count);
        Assert.Equal(20, (await lab.B.PointsAsync("db2")).Count);
        await lab.SetAsideAsync("a");
        await lab.SetAsideAsync("b");

        int tries = Tries(lab);
        Assert.InRange(tries, 1, 30);
        await Eventually.PauseAsync(TimeSpan.FromSeconds(1.5));
        Assert.Equal(tries, Tries(lab));
    }

    /// <summary>The worst moment to recover: between the last failure of one write and the try of the next.</summary>
    [Fact]
    public async Task F42_A_good_write_is_not_set_aside_because_the_destination_recovered_just_after_it_failed()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        int failures = 0;
        Fault last = Fault.Error(500, "timeout") with
        {
            First = () =>
            {
                if (++failures == 8)
                    lab.ProxyB.Heal();
            },
        };
        lab.ProxyB.On(request => request.IsWrite && request.Text.Contains("m v=1 1"), last);
        lab.ProxyB.OnWrites(Fault.Error(500, "timeout"));
        for (int number = 1; number <= 10; number++)
        {
            await lab.WriteAsync("db1", $"m v={number} {number}");
            int seen = lab.ProxyB.Writes.Count();
            await Eventually.TrueAsync("b is asked again", () => lab.ProxyB.Writes.Count() > seen || failures >= 8);
        }

        await lab.AssertConvergedAsync();
        Assert.Equal(10, (await lab.B.PointsAsync("db1")).Count);
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Rejected, "b"));
    }

    /// <summary>influxd answers the first such write into a new shard with 500, and stores the second.</summary>
    [Theory]
    [InlineData("measurement")]
    [InlineData("field key")]
    public async Task F42_A_name_that_is_not_UTF8_holds_nobody_up_and_ends_the_same_on_both(string what)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = ["db1", "db2"] });
        byte[] body = what == "measurement" ? [.. "odd"u8, 0xff, .. " v=1 1"u8] : [.. "odd a"u8, 0xff, .. "=1 1"u8];
        Task<Answer> bad = lab.Client.WriteAsync("db1", body);
        await WriteOthersAsync(lab);
        await Eventually.WithinAsync(TimeSpan.FromSeconds(10), "an answer to the bad write", bad);
        await lab.AssertConvergedAsync();
        Assert.InRange((await lab.B.PointsAsync("db1")).Count, 20, 21);
        Assert.Equal(20, (await lab.B.PointsAsync("db2")).Count);
    }

    private static async Task WriteOthersAsync(Lab lab)
    {
        for (int number = 1; number <= 20; number++)
        {
            await lab.WriteAsync("db2", $"m v={number} {number}");
            await lab.WriteAsync("db1", $"m v={number} {number}");
        }
    }

    private static int Tries(Lab lab) =>
        lab.ProxyB.Writes.Count(write => write.Body.AsSpan().IndexOf("always500"u8) >= 0);
}
