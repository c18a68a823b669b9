using System.Globalization;

namespace Gateway.SystemTests.Processes;

/// <summary>Debian's influxd 1.6.7 with a data folder and ports of its own.</summary>
internal sealed class InfluxServer : IAsyncDisposable
{
    public const string AdminUser = "root";
    public const string AdminPassword = "secret-of-root";

    private readonly InfluxSettings settings;
    private readonly ScratchFolder folder;
    private readonly int httpPort = Ports.Next();
    private readonly int backupPort = Ports.Next();
    private ChildProcess? process;

    private InfluxServer(InfluxSettings settings)
    {
        this.settings = settings;
        folder = new ScratchFolder(settings.Name);
        string scheme = settings.Certificate is null ? "http" : "https";
        Address = new Uri($"{scheme}://127.0.0.1:{httpPort}/");
        Client = new InfluxClient(Address);
    }

    public string Name => settings.Name;

    public Uri Address { get; }

    /// <summary>Straight to this server; as the administrator where users are required.</summary>
    public InfluxClient Client { get; }

    public string Log => process?.Log ?? "";

    public bool IsRunning => process is { HasExited: false };

    public static async Task<InfluxServer> StartAsync(InfluxSettings? settings = null)
    {
        Requires.Influxd();
        InfluxServer server = new(settings ?? new InfluxSettings());
        try
        {
            await server.RestartAsync();
            if (server.settings.Authentication)
                await server.CreateAdministratorAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it, on the same ports and data as before, without waiting for an answer.</summary>
    public async Task LaunchAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        process = ChildProcess.Start(Name, "influxd", [], Environment(), folder.Path);
    }

    /// <summary>Starts it, on the same ports and data as before, and waits until it answers.</summary>
    public async Task RestartAsync()
    {
        await LaunchAsync();
        await Eventually.ReasonGoneAsync($"{Name} answers /ping", async () =>
        {
            if (process!.HasExited)
                Assert.Fail($"{Name} ended with {process.ExitCode}:\n{process.Log}");
            Answer answer = await Client.SendAsync(HttpMethod.Get, "/ping");
            return answer.Status == 204 ? null : answer.ToString();
        });
    }

    /// <summary>SIGKILL; everything it confirmed is in its write-ahead log.</summary>
    public void Kill() => process?.Kill();

    public void Pause() => process?.Pause();

    public void Resume() => process?.Resume();

    public async Task StopAsync()
    {
        if (process is not null)
            await process.StopAsync(TimeSpan.FromSeconds(10));
    }

    public Task<Answer> QueryAsync(string q, string? db = null) => Client.QueryAsync(q, db);

    public Task<Answer> WriteAsync(string db, string lines, string more = "") => Client.WriteAsync(db, lines, more);

    /// <summary>Every point of a database; see <see cref="PointDump"/>.</summary>
    public Task<PointDump> PointsAsync(string db) => PointDump.ReadAsync(Client, db);

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        Client.Dispose();
        folder.Dispose();
    }

    private async Task CreateAdministratorAsync()
    {
        await Client.MustQueryAsync(
            $"CREATE USER {AdminUser} WITH PASSWORD '{AdminPassword}' WITH ALL PRIVILEGES");
        Client.Authorization = InfluxClient.Basic(AdminUser, AdminPassword);
    }

    private Dictionary<string, string> Environment()
    {
        Dictionary<string, string> environment = new()
        {
            ["INFLUXDB_REPORTING_DISABLED"] = "true",
            ["INFLUXDB_BIND_ADDRESS"] = $"127.0.0.1:{backupPort}",
            ["INFLUXDB_META_DIR"] = folder.File("meta"),
            ["INFLUXDB_DATA_DIR"] = folder.File("data"),
            ["INFLUXDB_DATA_WAL_DIR"] = folder.File("wal"),
            ["INFLUXDB_DATA_QUERY_LOG_ENABLED"] = "false",
            ["INFLUXDB_MONITOR_STORE_ENABLED"] = "false",
            ["INFLUXDB_HTTP_BIND_ADDRESS"] = $"127.0.0.1:{httpPort}",
            ["INFLUXDB_HTTP_LOG_ENABLED"] = "false",
            ["INFLUXDB_HTTP_AUTH_ENABLED"] = settings.Authentication ? "true" : "false",
            ["INFLUXDB_HTTP_MAX_BODY_SIZE"] = settings.MaxBodySize.ToString(CultureInfo.InvariantCulture),
        };
        if (settings.Certificate is not null)
        {
            environment["INFLUXDB_HTTP_HTTPS_ENABLED"] = "true";
            environment["INFLUXDB_HTTP_HTTPS_CERTIFICATE"] = settings.Certificate.CertificateFile;
            environment["INFLUXDB_HTTP_HTTPS_PRIVATE_KEY"] = settings.Certificate.KeyFile;
        }

        return environment;
    }
}
