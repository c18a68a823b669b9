namespace Gateway.SystemTests.Access;

public sealed class TlsTests : IDisposable
{
    private readonly ScratchFolder folder = new("certificates");

    [Fact]
    public async Task Clients_are_served_over_https_by_configuration()
    {
        Certificate certificate = Certificate.Create(folder, "gateway");
        await using Lab lab = await Lab.StartAsync(
            new LabOptions { Configuration = new GatewayConfiguration { Certificate = certificate } });
        Assert.Equal("https", lab.Client.Address.Scheme);
        await lab.WriteAsync("db1", "m v=1 1");
        await lab.WriteAsync("db1", "m v=2 2", "consistency=all");
        (await lab.Client.GetQueryAsync("SELECT * FROM m", "db1")).MustBe(200);
        await lab.AssertConvergedAsync();
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task Destinations_are_reached_over_https_by_configuration()
    {
        GatewayConfiguration configuration = new GatewayConfiguration().With("""
            { "ReverseProxy": { "Clusters": { "influxdb": {
                "HttpClient": { "DangerousAcceptAnyServerCertificate": true } } } } }
            """);
        await using Lab lab = await Lab.StartAsync(new LabOptions
        {
            A = new InfluxSettings { Name = "a", Certificate = Certificate.Create(folder, "a") },
            B = new InfluxSettings { Name = "b", Certificate = Certificate.Create(folder, "b") },
            Configuration = configuration,
        });
        Assert.Equal("https", lab.A.Address.Scheme);
        await lab.WriteAsync("db1", "m v=1 1");
        lab.B.Kill();
        await lab.WriteAsync("db1", "m v=2 2");
        (await lab.Client.GetQueryAsync("SELECT * FROM m", "db1")).MustBe(200);
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync();
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task A_destination_whose_certificate_is_not_trusted_gets_nothing()
    {
        await using InfluxServer a = await InfluxServer.StartAsync(new InfluxSettings { Name = "a" });
        await using InfluxServer b = await InfluxServer.StartAsync(
            new InfluxSettings { Name = "b", Certificate = Certificate.Create(folder, "b") });
        foreach (InfluxServer server in new[] { a, b })
            await server.Client.MustQueryAsync("CREATE DATABASE db1");
        GatewayConfiguration configuration = new();
        configuration.Destinations["a"] = a.Address.ToString();
        configuration.Destinations["b"] = b.Address.ToString();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(configuration);
        (await gateway.Client.WriteAsync("db1", "m v=1 1")).MustBe(204);
        await gateway.SettledAsync(null, "a");
        Assert.Equal(1, (await a.PointsAsync("db1")).Count);
        Assert.Equal(0, (await b.PointsAsync("db1")).Count);
        Assert.Equal(1, (await gateway.MetricsAsync()).Of(MetricNames.Pending, "b"));
        await gateway.AssertAccountingAsync();
    }

    public void Dispose() => folder.Dispose();
}
