using System.Text.Json;

namespace Gateway.SystemTests.Operation;

/// <summary>
/// A destination's id is what its backlog hangs on: ids change, come, go and change places, by a reload under load and
/// over a restart.
/// </summary>
public sealed class DestinationIdTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F29_One_change_removes_b_adds_c_and_moves_a_and_b_finds_its_backlog_when_it_comes_back(
        bool restarts)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await using InfluxServer c = await InfluxServer.StartAsync(new InfluxSettings { Name = "c" });
        await c.Client.MustQueryAsync("CREATE DATABASE db1");
        await using FaultyServer moved = new(lab.A.Address);
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(50);
        lab.ProxyB.Refuse();
        await load.MoreAsync(100);

        await ChangeAsync(lab, restarts, ("c", c.Address), ("a", moved.Address));
        int before = lab.ProxyA.Writes.Count();
        await load.MoreAsync(100);
        Assert.Equal(before, lab.ProxyA.Writes.Count());
        await AssertNewAsync(lab, "c", "a");

        // It is back before any file of the journal was given up.
        lab.ProxyB.Accept();
        await ChangeAsync(
            lab, restarts: false, ("b", lab.ProxyB.Address), ("c", c.Address), ("a", moved.Address));
        await load.MoreAsync(50);
        await load.StopAsync();
        await AssertNewAsync(lab, "c", "a");
        await lab.Gateway.SettledAsync();
        await lab.Gateway.AssertAccountingAsync();
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await AssertBackAsync(lab, load, restarts);

        // What c has is what came since it is there.
        PointDump all = await lab.A.PointsAsync("db1"), some = await c.PointsAsync("db1");
        Assert.Subset(all.Lines.ToHashSet(), some.Lines.ToHashSet());
        Assert.InRange(some.Count, 150, load.Acknowledged.Count - 50);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F29_A_new_id_for_the_same_server_is_a_new_destination_and_the_old_one_keeps_its_place(
        bool restarts)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(50);
        lab.ProxyB.Refuse();
        await load.MoreAsync(100);
        await ChangeAsync(lab, restarts, ("a", lab.ProxyA.Address), ("renamed", lab.ProxyB.Address));
        lab.ProxyB.Accept();
        await load.MoreAsync(100);
        await AssertNewAsync(lab, "renamed", "a");
        await load.StopAsync();
        await lab.Gateway.SettledAsync(null, "a", "renamed");
        // Nothing of the old one's backlog is the new one's.
        Assert.InRange(
            (await lab.B.PointsAsync("db1")).Count, 100, (await lab.A.PointsAsync("db1")).Count - 50);

        await ChangeAsync(lab, restarts: false, ("a", lab.ProxyA.Address), ("b", lab.ProxyB.Address));
        await lab.Gateway.SettledAsync(null, "a", "b");
        await AssertBackAsync(lab, load, restarts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F29_An_id_in_other_letters_is_the_same_destination(bool restarts)
    {
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Proxied = true, B = new InfluxSettings { Name = "Bee" } });
        await using LoadWriter load = LoadWriter.Start(lab.Client, "db1");
        await load.MoreAsync(50);
        lab.ProxyB.Refuse();
        await load.MoreAsync(100);
        await ChangeAsync(lab, restarts, ("a", lab.ProxyA.Address), ("bee", lab.ProxyB.Address));
        await load.MoreAsync(100);
        Assert.False((await lab.Gateway.StatusAsync("bee")).GetProperty("needsResync").GetBoolean());
        lab.ProxyB.Accept();
        await load.MoreAsync(50);
        await load.StopAsync();
        await Eventually.TrueAsync("nothing waits for bee", async () =>
            (await lab.Gateway.StatusAsync("bee")).GetProperty("pendingPoints").GetInt64() == 0);
        await lab.Gateway.SettledAsync(null, "a");
        await lab.AssertSamePointsAsync(load.IsOpen);
        await load.Acknowledged.AssertStoredAsync(lab.A);
        await load.Acknowledged.AssertStoredAsync(lab.B);
        JsonElement bee = await lab.Gateway.StatusAsync("bee");
        Assert.Equal(0, bee.GetProperty("droppedPoints").GetInt64());
        Assert.False(bee.GetProperty("needsResync").GetBoolean());
        Assert.Equal(
            bee.GetProperty("acceptedPoints").GetInt64(),
            bee.GetProperty("deliveredPoints").GetInt64() + bee.GetProperty("rejectedPoints").GetInt64());
    }

    /// <summary>These destinations in this order from now on: by a reload, or by a restart.</summary>
    private static async Task ChangeAsync(Lab lab, bool restarts, params (string Id, Uri Address)[] destinations)
    {
        if (!restarts)
        {
            GatewayConfiguration changed = new();
            foreach ((string id, Uri address) in destinations)
                changed.Destinations[id] = address.ToString();
            await lab.Gateway.ReloadAsync(changed);
            return;
        }

        Assert.Equal(0, await lab.Gateway.StopAsync(TimeSpan.FromSeconds(15)));
        lab.Gateway.Configuration.Destinations.Clear();
        foreach ((string id, Uri address) in destinations)
            lab.Gateway.Configuration.Destinations[id] = address.ToString();
        await lab.Gateway.RestartAsync();
    }

    /// <summary>B goes on where it was, or is known not to.</summary>
    private static async Task AssertBackAsync(Lab lab, LoadWriter load, bool restarts)
    {
        JsonElement b = await lab.Gateway.StatusAsync("b");
        bool isIncomplete = b.GetProperty("needsResync").GetBoolean();
        // No file is kept for a destination that was removed; a restart begins a new one.
        Assert.True(restarts || !isIncomplete, lab.Gateway.LogTail());
        Assert.Equal(isIncomplete, b.GetProperty("droppedPoints").GetInt64() > 0);
        if (!isIncomplete)
        {
            await lab.AssertSamePointsAsync(load.IsOpen);
            await load.Acknowledged.AssertStoredAsync(lab.B);
        }
    }

    /// <summary>The new one needs a resync and serves no reads, the old one does not.</summary>
    private static async Task AssertNewAsync(Lab lab, string added, string old)
    {
        Assert.True((await lab.Gateway.StatusAsync(added)).GetProperty("needsResync").GetBoolean());
        Assert.False((await lab.Gateway.StatusAsync(old)).GetProperty("needsResync").GetBoolean());
        for (int read = 0; read < 20; read++)
        {
            Answer answer = (await lab.Client.GetQueryAsync("SELECT count(v) FROM load", "db1")).MustBe(200);
            Assert.NotEqual(added, answer.Destination);
        }
    }
}
