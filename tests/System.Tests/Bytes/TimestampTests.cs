namespace Gateway.SystemTests.Bytes;

public sealed class TimestampTests
{
    [Fact]
    public async Task F32_Points_without_a_timestamp_get_the_same_one_everywhere()
    {
        const int clients = 8;
        const int each = 125;
        await using Lab lab = await Lab.StartAsync();
        await Parallel.ForAsync(0, clients, async (client, _) =>
        {
            for (int number = 0; number < each; number++)
                await lab.WriteAsync("db1", $"m v={client * each + number}");
        });
        await lab.AssertConvergedAsync();
        // Two requests of the same nanosecond would be one point; they are not that close.
        Assert.InRange((await lab.A.PointsAsync("db1")).Count, clients * each * 9 / 10, clients * each);
    }

    [Fact]
    public async Task F32_Points_keep_the_time_of_their_arrival_when_a_destination_was_down()
    {
        await using Lab lab = await Lab.StartAsync();
        lab.B.Kill();
        for (int number = 0; number < 50; number++)
            await lab.WriteAsync("db1", $"m,n={number} v={number}\nother,n={number} v=1");
        await Eventually.PauseAsync(TimeSpan.FromSeconds(1.1));
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(100, (await lab.B.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("", 1L)]
    [InlineData("precision=n", 1L)]
    [InlineData("precision=u", 1_000L)]
    [InlineData("precision=ms", 1_000_000L)]
    [InlineData("precision=s", 1_000_000_000L)]
    [InlineData("precision=m", 60_000_000_000L)]
    [InlineData("precision=h", 3_600_000_000_000L)]
    [InlineData("precision=bad", 1L)]
    public async Task F32_A_timestamp_is_added_in_the_precision_of_the_request(string precision, long unit)
    {
        await using Lab lab = await Lab.StartAsync();
        long before = Nanoseconds(DateTimeOffset.UtcNow);
        await lab.WriteAsync("db1", "m v=1\nn v=2 \no v=3", precision);
        long after = Nanoseconds(DateTimeOffset.UtcNow) + 1_000_000;
        await lab.AssertConvergedAsync();
        string[] points = [.. (await lab.A.PointsAsync("db1")).Points];
        Assert.Equal(3, points.Length);
        long[] times = [.. points.Select(point => long.Parse(point.Split(' ')[2])).Distinct()];
        long time = Assert.Single(times);
        Assert.Equal(0, time % unit);
        Assert.InRange(time, before - unit, after);
    }

    private static long Nanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * 100;
}
