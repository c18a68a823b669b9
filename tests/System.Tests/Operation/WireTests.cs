using System.Diagnostics;
using System.Text;

namespace Gateway.SystemTests.Operation;

/// <summary>HTTP as clients other than .NET's speak it, byte by byte.</summary>
public sealed class WireTests
{
    [Theory]
    [InlineData("GET", 500_000)]
    [InlineData("GET", 60_000)]
    [InlineData("POST", 500_000)]
    [InlineData("form", 3_000_000)]
    public async Task A_very_long_query_is_answered(string how, int length)
    {
        await using Lab lab = await Lab.StartAsync();
        await lab.WriteAsync("db1", "m v=1 1", "consistency=all");
        string q = $"SELECT v FROM m WHERE time = 1 /*{new string('x', length)}*/";
        const string path = "/query?db=db1&epoch=ns";
        string parameter = "q=" + Uri.EscapeDataString(q);
        string request = how == "form"
            ? Form(path, parameter)
            : $"{how} {path}&{parameter} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
        using RawConnection connection = await RawConnection.OpenAsync(lab.Client.Address);
        await connection.SendAsync(request);
        RawAnswer answer = await connection.ReadAsync();
        Assert.Equal(200, answer.Status);
        Assert.Contains("[[1,1]]", Encoding.UTF8.GetString(answer.Body));
    }

    [Fact]
    public async Task A_very_long_statement_by_GET_reaches_both()
    {
        await using Lab lab = await Lab.StartAsync();
        string q = $"CREATE DATABASE made /*{new string('x', 500_000)}*/";
        using RawConnection connection = await RawConnection.OpenAsync(lab.Client.Address);
        await connection.SendAsync($"GET /query?q={Uri.EscapeDataString(q)} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await connection.ReadAsync()).Status);
        await lab.AssertConvergedAsync();
        Assert.Contains("made", await ServerSchema.DatabasesAsync(lab.B.Client));
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order_on_one_connection()
    {
        const int writes = 50;
        await using Lab lab = await Lab.StartAsync();
        StringBuilder requests = new();
        for (int number = 0; number < writes; number++)
            requests.Append(Write($"m v={number} {number}"));
        requests.Append("GET /query?db=db1&q=SELECT+count(v)+FROM+m HTTP/1.1\r\nHost: x\r\n\r\n");
        requests.Append("GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /query?q=SHOW+DATABASES HTTP/1.1\r\nHost: x\r\n\r\n");
        using RawConnection connection = await RawConnection.OpenAsync(lab.Client.Address);
        await connection.SendAsync(requests.ToString());
        for (int number = 0; number < writes; number++)
            Assert.Equal(204, (await connection.ReadAsync()).Status);
        Assert.Contains($",{writes}]]", Encoding.UTF8.GetString((await connection.ReadAsync()).Body));
        Assert.Equal(204, (await connection.ReadAsync()).Status);
        Assert.Contains("db1", Encoding.UTF8.GetString((await connection.ReadAsync()).Body));
        await lab.AssertConvergedAsync();
        Assert.Equal(writes, (await lab.B.PointsAsync("db1")).Count);
    }

    [Theory]
    [InlineData("/write?db=db1", "m v=1 1", 204)]
    [InlineData("/query?db=db1", "q=SHOW+DATABASES", 200)]
    public async Task A_client_that_waits_for_100_Continue_gets_it(string path, string body, int status)
    {
        await using Lab lab = await Lab.StartAsync();
        using RawConnection connection = await RawConnection.OpenAsync(lab.Client.Address);
        for (int round = 0; round < 3; round++)
        {
            await connection.SendAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                + $"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\n\r\n");
            Assert.Equal(100, (await connection.ReadAsync()).Status);
            await connection.SendAsync(body);
            Assert.Equal(status, (await connection.ReadAsync()).Status);
        }

        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task A_client_of_HTTP_1_0_gets_an_answer_and_its_end()
    {
        await using Lab lab = await Lab.StartAsync();
        using RawConnection write = await RawConnection.OpenAsync(lab.Client.Address);
        await write.SendAsync("POST /write?db=db1 HTTP/1.0\r\nContent-Length: 7\r\n\r\nm v=1 1");
        Assert.Equal(204, (await write.ReadAsync()).Status);
        await write.EndedAsync();
        using RawConnection query = await RawConnection.OpenAsync(lab.Client.Address);
        await query.SendAsync("GET /query?q=SHOW+DATABASES HTTP/1.0\r\n\r\n");
        Assert.Contains("db1", Encoding.UTF8.GetString((await query.ReadAsync()).Body));
        await query.EndedAsync();
        await lab.AssertConvergedAsync();
    }

    [Fact]
    public async Task A_head_that_never_ends_is_cut_and_others_go_on()
    {
        GatewayConfiguration configuration = new GatewayConfiguration()
            .With("""{ "Kestrel": { "Limits": { "RequestHeadersTimeout": "00:00:02" } } }""");
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = configuration });
        RawConnection[] slow = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => RawConnection.OpenAsync(lab.Client.Address)));
        foreach (RawConnection connection in slow)
            await connection.SendAsync("GET /query?q=SHOW+DATABASES HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        Stopwatch watch = Stopwatch.StartNew();
        Task cut = Task.WhenAll(slow.Select(connection => connection.EndedAsync()));
        int written = 0;
        while (!cut.IsCompleted && watch.Elapsed < TimeSpan.FromSeconds(20))
        {
            Answer answer = await lab.Client.WriteAsync("db1", $"m v=1 {++written}");
            Assert.True(answer.MustBe(204).Took < TimeSpan.FromSeconds(2), answer.ToString());
        }

        await cut;
        foreach (RawConnection connection in slow)
            connection.Dispose();
        await lab.AssertConvergedAsync();
    }

    /// <summary>A client that goes away without its answer costs nothing, and what it wrote is kept.</summary>
    [Fact]
    public async Task A_client_that_leaves_before_its_answer_takes_nothing_back()
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Proxied = true });
        lab.ProxyA.OnWrites(Fault.Wait(TimeSpan.FromMilliseconds(300)));
        lab.ProxyB.OnWrites(Fault.Wait(TimeSpan.FromMilliseconds(300)));
        for (int number = 1; number <= 20; number++)
        {
            double accepted = (await lab.Gateway.MetricsAsync()).Of(MetricNames.Accepted, "a");
            using RawConnection connection = await RawConnection.OpenAsync(lab.Client.Address);
            await connection.SendAsync(Write($"m v={number} {number}"));
            await Eventually.TrueAsync("the write is taken", async () =>
                (await lab.Gateway.MetricsAsync()).Of(MetricNames.Accepted, "a") > accepted);
        }

        await lab.AssertConvergedAsync();
        Assert.Equal(20, (await lab.B.PointsAsync("db1")).Count);
    }

    private static string Write(string line) =>
        $"POST /write?db=db1 HTTP/1.1\r\nHost: x\r\nContent-Length: {line.Length}\r\n\r\n{line}";

    private static string Form(string path, string body) =>
        $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + $"Content-Length: {body.Length}\r\n\r\n{body}";
}
