using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

/// <summary>An influxd of our own on free ports, with its data in a folder that goes when it does.</summary>
internal sealed class ScratchInfluxd : IAsyncDisposable
{
    private const string Program = "/usr/bin/influxd";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("scratch-influxd-");
    private readonly Process _process;

    private ScratchInfluxd()
    {
        string address = $"127.0.0.1:{FreePort()}";
        ProcessStartInfo start = new(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["INFLUXDB_META_DIR"] = Path.Combine(_folder.FullName, "meta");
        start.Environment["INFLUXDB_DATA_DIR"] = Path.Combine(_folder.FullName, "data");
        start.Environment["INFLUXDB_DATA_WAL_DIR"] = Path.Combine(_folder.FullName, "wal");
        start.Environment["INFLUXDB_HTTP_BIND_ADDRESS"] = address;
        start.Environment["INFLUXDB_HTTP_LOG_ENABLED"] = "false";
        start.Environment["INFLUXDB_BIND_ADDRESS"] = $"127.0.0.1:{FreePort()}";
        start.Environment["INFLUXDB_REPORTING_DISABLED"] = "true";
        start.Environment["INFLUXDB_MONITOR_STORE_ENABLED"] = "false";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Ignore;
        _process.ErrorDataReceived += Ignore;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Client = new HttpClient { BaseAddress = new Uri($"http://{address}") };
    }

    public HttpClient Client { get; }

    /// <summary>Starts one and waits until it answers; skips the test where the program is not installed.</summary>
    public static async Task<ScratchInfluxd> StartAsync()
    {
        if (!File.Exists(Program) && Environment.GetEnvironmentVariable("CI") != "true")
            Assert.Skip($"{Program} is not installed (Debian: influxdb).");

        ScratchInfluxd influxd = new();
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                HttpResponseMessage pong = await influxd.Client.GetAsync("/ping", TestContext.Current.CancellationToken);
                pong.EnsureSuccessStatusCode();
                return influxd;
            }
            catch (HttpRequestException) when (waited.Elapsed < StartLimit && !influxd._process.HasExited)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
            catch
            {
                await influxd.DisposeAsync();
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    // The pipes must be emptied, or influxd would stop when they are full.
    private static void Ignore(object sender, DataReceivedEventArgs line)
    {
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
