using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Telemetry;
using Vrrp.Daemon.Tests.Loop;
using Xunit;

namespace Vrrp.Daemon.Tests.Telemetry;

public sealed class TelemetryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_management_port_answers_each_page_and_refuses_the_rest()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        DaemonStatus status = Status(bench);
        await using ManagementServer server = new(new(IPAddress.Loopback, 0), () => status);

        string metrics = await AskAsync(server, "GET /metrics HTTP/1.1\r\n\r\n");
        Assert.Contains("\nvrrpd_state{instance=\"VI_1\",state=\"Master\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "vrrpd_check_healthy{check=\"gate\\\"way\",peer=\"false\"} 1", metrics, StringComparison.Ordinal);

        string json = await AskAsync(server, "GET /status?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        using JsonDocument document = JsonDocument.Parse(json[json.IndexOf('{', StringComparison.Ordinal)..]);
        JsonElement instance = document.RootElement.GetProperty("instances")[0];
        Assert.Equal("Master", instance.GetProperty("state").GetString());
        Assert.Equal("no master was heard", instance.GetProperty("reasonText").GetString());

        Assert.Contains("VI_1: Master for", await AskAsync(server, "GET / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404", await AskAsync(server, "GET /x HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400", await AskAsync(server, "POST / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400", await AskAsync(server, new string('x', 9000)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_metric_is_described_once_and_its_samples_stand_together()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config(
            LoopBench.Instance(), LoopBench.Instance("VI_2", 200, LoopBench.Added)));
        string[] lines = DaemonMetrics.Write(Status(bench)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string current = "";
        HashSet<string> described = [];
        foreach (string line in lines)
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                current = line.Split(' ')[2];
                Assert.True(described.Add(current), current);
            }
            else if (!line.StartsWith('#'))
            {
                Assert.Equal(current, line.Split('{', ' ')[0]);
            }
        }

        Assert.True(described.Count > 20);
    }

    [Fact]
    public void Every_metric_is_documented_and_nothing_else_is()
    {
        using LoopBench bench = LoopBench.Master(LoopBench.Config());
        bench.Network.Hear(LoopBench.Instance(id: 42).Router, 200, LoopBench.Peer);
        bench.Network.Hear(LoopBench.Instance().Router with { Password = new("guess") }, 200, LoopBench.Peer);
        bench.Loop.Step();
        IEnumerable<string> metrics = DaemonMetrics.Write(Status(bench)).Split('\n')
            .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => $"| `{line.Split(' ')[2]}` | {line.Split(' ')[3]} |");
        IEnumerable<string> documented = File.ReadLines(Path.Combine(RepositoryRoot.Path, "config/vrrpd-metrics.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => string.Join('|', line.Split('|')[..3]) + "|");
        Assert.Equal(metrics.Order(), documented.Order());
    }

    [Fact]
    public void A_status_without_a_loop_says_so()
    {
        DaemonStatus status = new("1", null, [], true, 0);
        Assert.Contains("vrrpd_loop_up 0", DaemonMetrics.Write(status), StringComparison.Ordinal);
        Assert.Contains("does not answer", StatusReport.Text(status), StringComparison.Ordinal);
        Assert.Contains("\"loopAnswers\": false", Encoding.UTF8.GetString(StatusReport.Json(status)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_has_levels_forms_and_systemd_prefixes()
    {
        Assert.Equal("<4>check x: sick (why)\n", Log(true, LogFormat.Text, LogLevel.Warning));
        Assert.Matches("^....-..-.. ..:..:..[.]... warn  check x: sick", Log(false, LogFormat.Text, LogLevel.Warning));
        Assert.Contains("\"message\":\"check x: sick (why)\"", Log(false, LogFormat.Json, LogLevel.Warning),
            StringComparison.Ordinal);
        Assert.Equal("", Log(true, LogFormat.Text, LogLevel.Error));
    }

    [Fact]
    public void Systemd_is_told_and_the_watchdog_fed_three_times_as_often_as_asked()
    {
        string path = Path.Combine(Path.GetTempPath(), $"vrrpd-notify-{Environment.ProcessId}");
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        systemd.ReceiveTimeout = 5000;
        using ServiceManager manager = new(path, "3000000");
        manager.Ready();
        for (long now = 0; now < 3_000_000; now += 100_000)
            manager.Beat(now);
        manager.Stopping();
        Assert.Equal(["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"],
            Enumerable.Range(0, 5).Select(_ => Receive(systemd)));
        File.Delete(path);

        using ServiceManager nobody = new(null, null);
        nobody.Ready();
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[256];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    private static string Log(bool isJournal, LogFormat format, LogLevel level)
    {
        StringWriter text = new();
        using (DaemonLog log = new(text, TimeProvider.System, isJournal) { Format = format, Level = level })
            log.CheckChanged("x", Health.Sick, "why");
        return text.ToString();
    }

    private static DaemonStatus Status(LoopBench bench) => new("1", bench.Snapshot(),
        [(false, "gate\"way", new(Health.Healthy, "status 200", TimeSpan.FromMilliseconds(1), 1, 0))], true, 1);

    private static async Task<string> AskAsync(ManagementServer server, string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(server.Endpoint, Cancelled);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancelled);
        using StreamReader reader = new(client.GetStream());
        return await reader.ReadToEndAsync(Cancelled);
    }
}
