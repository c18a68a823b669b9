using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.SystemTests.Processes;

/// <summary>The built program, run with a configuration file of its own on free ports.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    /// <summary>The program that was built with these tests; GATEWAY_PROGRAM names a published one instead.</summary>
    private static readonly string Program = Environment.GetEnvironmentVariable("GATEWAY_PROGRAM")
        ?? Path.Combine(AppContext.BaseDirectory, "gateway.dll");

    private readonly ScratchFolder folder = new("gateway");
    private readonly int clientPort = Ports.Next();
    private readonly int managementPort = Ports.Next();
    private ChildProcess? process;
    private string formerLogs = "";

    private GatewayProcess(GatewayConfiguration configuration)
    {
        Configuration = configuration;
        string scheme = configuration.Certificate is null ? "http" : "https";
        Client = new InfluxClient(new Uri($"{scheme}://127.0.0.1:{clientPort}/"));
        Management = new InfluxClient(new Uri($"http://127.0.0.1:{managementPort}/"));
    }

    public GatewayConfiguration Configuration { get; private set; }

    /// <summary>What InfluxDB's clients see.</summary>
    public InfluxClient Client { get; }

    /// <summary>Health, status and metrics.</summary>
    public InfluxClient Management { get; }

    /// <summary>What it wrote since its last start.</summary>
    public string Log => process?.Log ?? "";

    /// <summary>What it wrote since its first start.</summary>
    public string WholeLog => formerLogs + Log;

    /// <summary>Where the journal of its cluster is, unless the configuration says something else.</summary>
    public string JournalFolder => folder.File(Path.Combine("data", "influxdb"));

    public int Pid => process?.Pid ?? throw new InvalidOperationException("the gateway does not run");

    /// <summary>Starts it and waits until it serves /health/live, and /health/ready if asked.</summary>
    public static async Task<GatewayProcess> StartAsync(GatewayConfiguration configuration, bool waitReady = true)
    {
        GatewayProcess gateway = new(configuration);
        try
        {
            await gateway.RestartAsync(waitReady);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>A gateway that does not run yet.</summary>
    public static GatewayProcess Prepare(GatewayConfiguration configuration) => new(configuration);

    /// <summary>Starts it, on the same ports and journal as before, without waiting for anything.</summary>
    public async Task LaunchAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
            formerLogs += process.Log + "\n";
        }

        WriteFile(Configuration.ToJson(clientPort, managementPort));
        Dictionary<string, string> environment = new()
        {
            ["DOTNET_ENVIRONMENT"] = "Production",
            ["DOTNET_gcServer"] = "0",
        };
        foreach ((string name, string value) in Configuration.Environment)
            environment[name] = value;
        process = Start(environment, "--config", ConfigurationFile);
    }

    /// <summary>Runs another command of the program, beside this one, and returns what it printed.</summary>
    public async Task<string> CommandAsync(int code, params string[] arguments)
    {
        await using ChildProcess command = Start([], arguments);
        Assert.True(await command.ExitAsync(TimeSpan.FromSeconds(30)), $"it did not end:\n{command.Log}");
        Assert.True(command.ExitCode == code, $"it ended with {command.ExitCode}, not {code}:\n{command.Log}");
        return command.Log;
    }

    /// <summary>Starts it, on the same ports and journal as before, and waits until it serves.</summary>
    public async Task RestartAsync(bool waitReady = true)
    {
        await LaunchAsync();
        string probe = waitReady ? "/health/ready" : "/health/live";
        await Eventually.ReasonGoneAsync($"the gateway answers {probe} with 200", async () =>
        {
            AssertRunning();
            Answer answer = await Management.SendAsync(HttpMethod.Get, probe);
            return answer.Status == 200 ? null : $"{answer}\n{Log}";
        });
    }

    public string ConfigurationFile => folder.File("gateway.json");

    /// <summary>Replaces the configuration file in one step; the gateway notices by itself.</summary>
    public void Write(GatewayConfiguration configuration) =>
        WriteFile(configuration.ToJson(clientPort, managementPort));

    /// <summary>Replaces the configuration and waits until /status says that this very file is in force.</summary>
    public async Task ReloadAsync(GatewayConfiguration configuration)
    {
        string text = configuration.ToJson(clientPort, managementPort);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        WriteFile(text);
        await Eventually.ReasonGoneAsync("the new configuration is in force", async () =>
        {
            Answer status = (await Management.SendAsync(HttpMethod.Get, "/status")).MustBe(200);
            using JsonDocument document = JsonDocument.Parse(status.Bytes);
            string? inForce = document.RootElement.GetProperty("configuration").GetProperty("hash").GetString();
            return inForce is { Length: > 0 } && hash.StartsWith(inForce, StringComparison.OrdinalIgnoreCase)
                ? null
                : $"{inForce} is, not {hash}\n{LogTail()}";
        });
        Configuration = configuration;
    }

    /// <summary>Puts any text in the place of the configuration.</summary>
    public void WriteFile(string text)
    {
        string fresh = folder.File("gateway.json.new");
        File.WriteAllText(fresh, text);
        File.Move(fresh, ConfigurationFile, overwrite: true);
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => process?.Kill();

    /// <summary>SIGSTOP.</summary>
    public void Pause() => process?.Pause();

    /// <summary>SIGCONT.</summary>
    public void Resume() => process?.Resume();

    /// <summary>Waits until it ends by itself; the exit code, or null after the bound.</summary>
    public async Task<int?> ExitAsync(TimeSpan bound) => await process!.ExitAsync(bound) ? process.ExitCode : null;

    /// <summary>SIGTERM; returns the exit code.</summary>
    public Task<int> StopAsync(TimeSpan bound) => process!.StopAsync(bound);

    /// <summary>What /status says of a destination.</summary>
    public async Task<JsonElement> StatusAsync(string destination)
    {
        Answer status = (await Management.SendAsync(HttpMethod.Get, "/status")).MustBe(200);
        using JsonDocument document = JsonDocument.Parse(status.Bytes);
        return document.RootElement.GetProperty("destinations").EnumerateArray()
            .Single(one => string.Equals(
                one.GetProperty("destination").GetString(), destination, StringComparison.OrdinalIgnoreCase)).Clone();
    }

    /// <summary>The dead letters, as the management listener lists them.</summary>
    public async Task<JsonElement[]> LettersAsync(string filter = "")
    {
        Answer letters = (await Management.SendAsync(HttpMethod.Get, "/letters" + filter)).MustBe(200);
        using JsonDocument document = JsonDocument.Parse(letters.Bytes);
        return [.. document.RootElement.EnumerateArray().Select(letter => letter.Clone())];
    }

    public async Task<MetricsPage> MetricsAsync()
    {
        Answer answer = await Management.SendAsync(HttpMethod.Get, "/metrics");
        return new MetricsPage(answer.MustBe(200).Body);
    }

    /// <summary>Waits until nothing is pending, on all destinations or on the named ones.</summary>
    public async Task SettledAsync(TimeSpan? bound = null, params string[] destinations)
    {
        await Eventually.ReasonGoneAsync("every record is delivered or rejected", async () =>
        {
            AssertRunning();
            MetricsPage page = await MetricsAsync();
            string[] asked = destinations.Length == 0 ? page.Destinations : destinations;
            string[] waiting = [.. asked.Where(id => page.Of(MetricNames.Pending, id) != 0)
                .Select(id => $"{id}: {page.Of(MetricNames.Pending, id)} pending")];
            return waiting.Length == 0 && asked.Length > 0 ? null : $"{string.Join(", ", waiting)}\n{LogTail()}";
        }, bound);
    }

    /// <summary>accepted = delivered + pending + rejected + dropped, for every destination.</summary>
    public async Task AssertAccountingAsync()
    {
        AssertRunning();
        Assert.Null((await MetricsAsync()).AccountingFault());
    }

    /// <summary>Fails with the log when the program ended by itself.</summary>
    public void AssertRunning()
    {
        if (process is null or { HasExited: true })
            Assert.Fail($"the gateway ended with {process?.ExitCode}:\n{Log}");
    }

    public string LogTail() => string.Join('\n', Log.Split('\n').TakeLast(40));

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        Client.Dispose();
        Management.Dispose();
        folder.Dispose();
    }

    private ChildProcess Start(Dictionary<string, string> environment, params string[] arguments) =>
        Program.EndsWith(".dll", StringComparison.Ordinal)
            ? ChildProcess.Start("gateway", "dotnet", [Program, .. arguments], environment, folder.Path)
            : ChildProcess.Start("gateway", Program, arguments, environment, folder.Path);
}
