using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

/// <summary>A real influxd of the machine on free loopback ports, with its data in a temporary directory.</summary>
public sealed class InfluxServer : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("influxql-").FullName;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private Process? _process;
    private Uri? _address;

    public async ValueTask InitializeAsync()
    {
        if (FindProgram() is not { } program)
        {
            return;
        }

        int[] ports = FreePorts();
        _address = new Uri($"http://127.0.0.1:{ports[0]}/");
        var start = new ProcessStartInfo(program, "-config /dev/null")
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["INFLUXDB_HTTP_BIND_ADDRESS"] = $"127.0.0.1:{ports[0]}";
        start.Environment["INFLUXDB_BIND_ADDRESS"] = $"127.0.0.1:{ports[1]}";
        start.Environment["INFLUXDB_META_DIR"] = Path.Combine(_directory, "meta");
        start.Environment["INFLUXDB_DATA_DIR"] = Path.Combine(_directory, "data");
        start.Environment["INFLUXDB_DATA_WAL_DIR"] = Path.Combine(_directory, "wal");
        start.Environment["INFLUXDB_REPORTING_DISABLED"] = "true";
        start.Environment["INFLUXDB_MONITOR_STORE_ENABLED"] = "false";
        start.Environment["INFLUXDB_HTTP_LOG_ENABLED"] = "false";
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start");
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await WaitUntilItAnswersAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _client.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Without influxd a test is skipped with its reason; in CI it fails.</summary>
    public void Require()
    {
        if (_process is null)
        {
            const string Reason = "influxd is not installed (Debian: apt-get install influxdb)";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Reason);
            Assert.Skip(Reason);
        }
    }

    /// <summary>An empty database in place of any of that name.</summary>
    public async Task CreateAsync(string database)
    {
        await QueryAsync($"DROP DATABASE {database}", null);
        await QueryAsync($"CREATE DATABASE {database}", null);
    }

    public async Task WriteAsync(string database, string lines)
    {
        using var content = new StringContent(lines, Encoding.UTF8);
        var target = new Uri(_address!, $"write?db={database}");
        using HttpResponseMessage response = await _client.PostAsync(target, content);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    /// <summary>influxd's own answer, whatever its status.</summary>
    public async Task<string> QueryAsync(string query, string? database)
    {
        Dictionary<string, string> form = new() { ["q"] = query, ["epoch"] = "ns" };
        if (database is not null)
        {
            form["db"] = database;
        }

        using var content = new FormUrlEncodedContent(form);
        using HttpResponseMessage response = await _client.PostAsync(new Uri(_address!, "query"), content);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The first column, time in nanoseconds or a name, of the first series of an answer.</summary>
    public async Task<IReadOnlyList<string>> FirstColumnAsync(string query, string database)
    {
        using JsonDocument answer = JsonDocument.Parse(await QueryAsync(query, database));
        JsonElement result = answer.RootElement.GetProperty("results")[0];
        return result.TryGetProperty("series", out JsonElement series)
            ? [.. series[0].GetProperty("values").EnumerateArray().Select(row => row[0].ToString())]
            : [];
    }

    private async Task WaitUntilItAnswersAsync()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await _client.GetAsync(new Uri(_address!, "ping"));
                return;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30))
            {
                Assert.False(_process!.HasExited, "influxd ended at start");
                await Task.Delay(20);
            }
        }
    }

    private static string? FindProgram() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, "influxd"))
        .FirstOrDefault(File.Exists);

    private static int[] FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return [((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port];
    }

    /// <summary>Nanoseconds since 1970.</summary>
    public static long Now() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    public static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
