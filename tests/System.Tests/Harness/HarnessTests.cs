using System.Text;

namespace Gateway.SystemTests.Harness;

/// <summary>What the other tests rely on can itself fail.</summary>
public sealed class HarnessTests
{
    [Fact]
    public async Task A_point_missing_on_one_server_is_seen()
    {
        await using InfluxServer a = await InfluxServer.StartAsync(new InfluxSettings { Name = "a" });
        await using InfluxServer b = await InfluxServer.StartAsync(new InfluxSettings { Name = "b" });
        foreach (InfluxServer server in new[] { a, b })
        {
            await server.Client.MustQueryAsync("CREATE DATABASE x");
            (await server.WriteAsync("x", "m,t=1 v=1,s=\"a b\" 10\nm v=2 11\n\"q\\ m\",t=2 v=1i 12")).MustBe(204);
        }

        PointComparison.AssertEqual(await a.PointsAsync("x"), await b.PointsAsync("x"));
        Assert.Equal(3, (await a.PointsAsync("x")).Count);

        (await a.WriteAsync("x", "m v=3 13")).MustBe(204);
        string? missing = PointComparison.Difference(await a.PointsAsync("x"), await b.PointsAsync("x"));
        Assert.Contains("autogen m 13 v=3", missing);

        (await b.WriteAsync("x", "m v=3.5 13")).MustBe(204);
        string? differs = PointComparison.Difference(await a.PointsAsync("x"), await b.PointsAsync("x"));
        Assert.Contains("autogen m 13 v=3.5", differs);
    }

    [Fact]
    public async Task A_field_of_another_type_is_seen()
    {
        await using InfluxServer a = await InfluxServer.StartAsync(new InfluxSettings { Name = "a" });
        await a.Client.MustQueryAsync("CREATE DATABASE x; CREATE DATABASE y");
        (await a.WriteAsync("x", "m v=1 10")).MustBe(204);
        (await a.WriteAsync("y", "m v=1i 10")).MustBe(204);
        string? differs = PointComparison.Difference(await a.PointsAsync("x"), await a.PointsAsync("y"));
        Assert.Contains("type autogen m v integer", differs);
    }

    [Fact]
    public async Task A_server_keeps_what_it_confirmed_through_a_kill()
    {
        await using InfluxServer a = await InfluxServer.StartAsync(
            new InfluxSettings { Name = "a", Authentication = true });
        await a.Client.MustQueryAsync("CREATE DATABASE x");
        (await a.WriteAsync("x", "m v=1 10")).MustBe(204);
        a.Kill();
        await a.RestartAsync();
        Assert.Equal(["autogen m 10 v=1"], (await a.PointsAsync("x")).Points);
    }

    [Fact]
    public async Task The_faulty_server_passes_bytes_through_and_records_them()
    {
        await using InfluxServer a = await InfluxServer.StartAsync();
        await using FaultyServer proxy = new(a.Address);
        using InfluxClient client = new(proxy.Address);
        await client.MustQueryAsync("CREATE DATABASE x");
        (await client.WriteAsync("x", "m v=1 10\n")).MustBe(204);
        (await client.WriteGzipAsync("x", "m v=2 11\n")).MustBe(204);
        StreamContent chunked = new(new MemoryStream(Encoding.UTF8.GetBytes("m v=3 12\n")));
        chunked.Headers.ContentLength = null;
        (await client.SendAsync(HttpMethod.Post, "/write?db=x", chunked)).MustBe(204);
        Assert.Equal(["m v=1 10\n", "m v=2 11\n", "m v=3 12\n"], proxy.Writes.Select(write => write.Text));
        Answer direct = await a.Client.GetQueryAsync("SELECT * FROM m", "x", "chunked=true&chunk_size=1");
        Answer passed = await client.GetQueryAsync("SELECT * FROM m", "x", "chunked=true&chunk_size=1");
        Assert.Equal(direct.Body, passed.Body);
        Assert.Equal(3, (await a.PointsAsync("x")).Count);
    }

    [Fact]
    public async Task The_faulty_server_misbehaves_as_told()
    {
        await using InfluxServer a = await InfluxServer.StartAsync();
        await using FaultyServer proxy = new(a.Address);
        using InfluxClient client = new(proxy.Address);
        FaultRule rule = proxy.OnWrites(Fault.Error(500, "no"), times: 2);
        Assert.Contains("no", (await client.WriteAsync("x", "m v=1")).MustBe(500).Body);
        (await client.WriteAsync("x", "m v=1")).MustBe(500);
        (await client.WriteAsync("x", "m v=1")).MustBe(404);
        Assert.Equal(2, rule.Hits);

        proxy.OnAll(Fault.Cut(afterBytes: 40));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.QueryAsync("SHOW DATABASES"));
        proxy.Heal();
        FaultRule hang = proxy.OnAll(Fault.Hang);
        Task<Answer> hanging = client.QueryAsync("SHOW DATABASES");
        await Eventually.TrueAsync("a request hangs", () => hang.Hits == 1);
        Assert.False(hanging.IsCompleted);
        proxy.Heal();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => hanging);

        proxy.Refuse();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.QueryAsync("SHOW DATABASES"));
        proxy.Accept();
        (await client.QueryAsync("SHOW DATABASES")).MustBe(200);
    }

    [Fact]
    public void The_accounting_notices_a_lost_point()
    {
        const string page = """
            # TYPE influxmirror_account_points gauge
            influxmirror_account_points{cluster="c",destination="a",state="accepted"} 10
            influxmirror_account_points{cluster="c",destination="a",state="delivered"} 7
            influxmirror_account_points{cluster="c",destination="a",state="rejected"} 1
            influxmirror_account_points{cluster="c",destination="a",state="dropped"} 1
            influxmirror_account_points{cluster="c",destination="a",state="pending"} 
            """;
        Assert.NotNull(new MetricsPage(page + "0\n").AccountingFault());
        Assert.Null(new MetricsPage(page + "1\n").AccountingFault());
        Assert.NotNull(new MetricsPage("").AccountingFault());
    }
}
