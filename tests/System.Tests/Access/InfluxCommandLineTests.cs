using System.Globalization;

namespace Gateway.SystemTests.Access;

/// <summary>The influx command line of Debian's influxdb-client, used against the gateway.</summary>
public sealed class InfluxCommandLineTests
{
    [Fact]
    public async Task Create_insert_and_select_work_as_on_one_server()
    {
        Requires.InfluxCommandLine();
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = [] });
        await InfluxAsync(lab.Client.Address, "-execute", "create database cli");
        string[] insert = ["-database", "cli", "-execute"];
        await InfluxAsync(lab.Client.Address, [.. insert, "insert cpu,host=a value=0.64 1000000000"]);
        await InfluxAsync(lab.Client.Address, [.. insert, "insert cpu,host=b value=0.55"]);
        await InfluxAsync(lab.Client.Address, ["-precision", "s", .. insert, "insert cpu,host=c value=1 77"]);
        await lab.AssertConvergedAsync();
        Assert.Equal(3, (await lab.B.PointsAsync("cli")).Count);
        foreach (string precision in new[] { "ns", "ms", "s", "rfc3339" })
        {
            string[] select =
                ["-database", "cli", "-precision", precision, "-format", "csv", "-execute", "select * from cpu"];
            string direct = await InfluxAsync(lab.A.Address, select);
            Assert.Equal(direct, await InfluxAsync(lab.Client.Address, select));
            Assert.Contains("0.64", direct);
        }
    }

    [Theory]
    [InlineData("-compressed=false")]
    [InlineData("-compressed=true")]
    public async Task Import_works_as_on_one_server(string compressed)
    {
        Requires.InfluxCommandLine();
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = [] });
        using ScratchFolder folder = new("import");
        string text = "# DDL\nCREATE DATABASE imported\n"
            + "CREATE RETENTION POLICY rp ON imported DURATION INF REPLICATION 1\n"
            + "# DML\n# CONTEXT-DATABASE: imported\n# CONTEXT-RETENTION-POLICY: rp\n"
            + string.Concat(Enumerable.Range(0, 12_000).Select(number =>
                $"cpu,host=h{number % 10} value={number} {1_500_000_000 + number}\n"));
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        await File.WriteAllBytesAsync(folder.File("dump"),
            compressed.EndsWith("true", StringComparison.Ordinal) ? InfluxClient.Gzip(bytes) : bytes,
            TestContext.Current.CancellationToken);
        string log = await InfluxAsync(
            lab.Client.Address, "-import", $"-path={folder.File("dump")}", "-precision=s", compressed);
        Assert.Contains("Processed 12000 inserts", log);
        Assert.Contains("Failed 0 inserts", log);
        await lab.AssertConvergedAsync();
        Assert.Equal(12_000, (await lab.B.PointsAsync("imported")).Count);
    }

    [Fact]
    public async Task Users_work_as_on_one_server()
    {
        Requires.InfluxCommandLine();
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            A = new InfluxSettings { Name = "a", Authentication = true },
            B = new InfluxSettings { Name = "b", Authentication = true },
        });
        string[] admin = ["-username", InfluxServer.AdminUser, "-password", InfluxServer.AdminPassword];
        await InfluxAsync(lab.Client.Address, [.. admin, "-execute", "create user u with password 'p'"]);
        await InfluxAsync(lab.Client.Address, [.. admin, "-execute", "grant all on db1 to u"]);
        await InfluxAsync(lab.Client.Address,
            "-username", "u", "-password", "p", "-database", "db1", "-execute", "insert m v=1 1");
        string refused = await RunAsync(lab.Client.Address,
            ["-username", "u", "-password", "wrong", "-database", "db1", "-execute", "insert m v=2 2"]);
        Assert.Contains("authorization failed", refused);
        await lab.AssertConvergedAsync();
        Assert.Equal(["autogen m 1 v=1"], (await lab.B.PointsAsync("db1")).Points);
    }

    [Fact]
    public async Task It_works_over_https()
    {
        Requires.InfluxCommandLine();
        using ScratchFolder folder = new("certificate");
        Certificate certificate = Certificate.Create(folder, "gateway");
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Configuration = new GatewayConfiguration { Certificate = certificate } });
        await InfluxAsync(lab.Client.Address, "-ssl", "-unsafeSsl", "-database", "db1", "-execute", "insert m v=1 1");
        await lab.AssertConvergedAsync();
        Assert.Equal(1, (await lab.B.PointsAsync("db1")).Count);
    }

    private static async Task<string> InfluxAsync(Uri address, params string[] arguments)
    {
        string log = await RunAsync(address, arguments);
        Assert.False(log.Contains("ERR") || log.Contains("Failed to connect"), log);
        return log;
    }

    private static async Task<string> RunAsync(Uri address, string[] arguments)
    {
        using ScratchFolder home = new("home");
        string port = address.Port.ToString(CultureInfo.InvariantCulture);
        await using ChildProcess influx = ChildProcess.Start(
            "influx", "influx", ["-host", address.Host, "-port", port, .. arguments],
            new Dictionary<string, string> { ["HOME"] = home.Path }, home.Path);
        Assert.True(await influx.ExitAsync(TimeSpan.FromSeconds(30)), $"influx did not end:\n{influx.Log}");
        return influx.Log;
    }
}
