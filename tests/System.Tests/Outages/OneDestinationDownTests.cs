using System.Globalization;

namespace Gateway.SystemTests.Outages;

/// <summary>A destination is away while others go on: afterwards both hold the same.</summary>
public sealed class OneDestinationDownTests
{
    [Fact]
    public async Task F17_A_value_written_live_after_a_queued_one_wins_on_both()
    {
        const int keys = 200;
        await using Lab lab = await Lab.StartAsync();
        lab.B.Kill();
        for (int key = 0; key < keys; key++)
            await lab.WriteAsync("db1", $"m,k={key} v=1 1000");
        await lab.PendingAsync("b", keys);

        Task restart = lab.B.RestartAsync();
        for (int key = 0; key < keys; key++)
            await lab.WriteAsync("db1", $"m,k={key} v=2 1000");
        await restart;
        await lab.AssertConvergedAsync();
        Assert.All((await lab.B.PointsAsync("db1")).Points, point => Assert.EndsWith(" v=2", point));
        Assert.Equal(keys, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task F18_A_measurement_dropped_while_a_destination_was_down_stays_dropped()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.Gateway.SettledAsync();
        lab.B.Kill();
        await lab.WriteAsync("db1", "m v=2 2\nother v=2 2");
        await lab.Client.MustQueryAsync("DROP MEASUREMENT m", "db1");
        await lab.WriteAsync("db1", "m v=3 3");
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(["autogen m 3 v=3", "autogen other 2 v=2"], (await lab.B.PointsAsync("db1")).Points);
    }

    [Fact]
    public async Task F18_A_database_dropped_and_made_again_holds_only_what_came_after()
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.Gateway.SettledAsync();
        lab.B.Kill();
        await lab.WriteAsync("db1", "m v=2 2");
        await lab.Client.MustQueryAsync("DROP DATABASE db1");
        await lab.Client.MustQueryAsync("CREATE DATABASE db1");
        await lab.WriteAsync("db1", "m v=3 3");
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(["autogen m 3 v=3"], (await lab.B.PointsAsync("db1")).Points);
    }

    [Fact]
    public async Task F19_A_delete_relative_to_now_deletes_the_same_range_later()
    {
        await using Lab lab = await Lab.StartAsync();
        long hourAgo = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 3600) * 1_000_000_000;
        for (int second = -10; second <= 30; second++)
        {
            string time = (hourAgo + second * 1_000_000_000L).ToString(CultureInfo.InvariantCulture);
            await lab.WriteAsync("db1", $"m v={second} {time}");
        }

        await lab.Gateway.SettledAsync();
        lab.B.Kill();
        await lab.Client.MustQueryAsync("DELETE FROM m WHERE time < now() - 1h", "db1");
        // Long enough for a range computed late to swallow points that the first execution left alone.
        await Eventually.PauseAsync(TimeSpan.FromSeconds(4));
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.InRange((await lab.A.PointsAsync("db1")).Count, 15, 31);
    }

    [Fact]
    public async Task F20_A_database_made_and_written_while_a_destination_was_down_arrives_in_order()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true, Databases = [] });
        lab.ProxyB.Refuse();
        await lab.Client.MustQueryAsync("CREATE DATABASE fresh");
        for (int number = 0; number < 50; number++)
            await lab.WriteAsync("fresh", $"m v={number} {number}");
        await lab.Client.MustQueryAsync("CREATE RETENTION POLICY rp ON fresh DURATION INF REPLICATION 1");
        await lab.WriteAsync("fresh", "m v=1 1", "rp=rp");
        await lab.Client.MustQueryAsync("CREATE DATABASE second");
        await lab.WriteAsync("second", "m v=1 1");
        lab.ProxyB.Accept();
        await lab.AssertConvergedAsync();
        Assert.Equal(51, (await lab.B.PointsAsync("fresh")).Count);
        Assert.DoesNotContain(lab.ProxyB.Writes, write => write.Status == 404);
    }
}
