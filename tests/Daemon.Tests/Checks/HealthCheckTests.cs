using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Vrrp.Daemon.Checks;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Tests.Labs;
using Vrrp.Daemon.Tests.Loop;
using Xunit;

namespace Vrrp.Daemon.Tests.Checks;

public sealed class HealthCheckTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Http_is_well_when_the_status_is_one_of_those_named()
    {
        using FakeGateway gateway = new();
        gateway.Mood = GatewayMood.Well;
        Assert.Equal(CheckResult.Well("status 200"), await LookAsync(gateway));
        gateway.Mood = GatewayMood.Unready;
        Assert.Equal(CheckResult.Failed("status 503"), await LookAsync(gateway));
        Assert.True((await LookAsync(gateway, http => http with { Statuses = [new(500, 599)] })).IsSuccess);
    }

    [Fact]
    public async Task Http_fails_when_nobody_answers()
    {
        using FakeGateway gateway = new();
        gateway.Mood = GatewayMood.Hanging;
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(CheckResult.Failed("no answer after 300 ms"), await LookAsync(gateway));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.29, 5);
        using Socket silent = Silent();
        Assert.Equal(CheckResult.Failed("Connection refused"), await LookAsync(
            gateway, http => http with { Url = new($"http://127.0.0.1:{PortOf(silent)}/") }));
    }

    [Fact]
    public async Task Http_looks_into_the_body_and_at_the_clock()
    {
        using FakeGateway gateway = new();
        gateway.Mood = GatewayMood.Well;
        Assert.True((await LookAsync(gateway, http => http with { BodyContains = "read" })).IsSuccess);
        Assert.False((await LookAsync(gateway, http => http with { BodyContains = "pass" })).IsSuccess);
        Assert.False((await LookAsync(gateway, http => http with { MaxLatency = TimeSpan.FromTicks(1) })).IsSuccess);
    }

    [Fact]
    public async Task Tcp_is_well_when_somebody_listens()
    {
        using FakeGateway gateway = new();
        gateway.Mood = GatewayMood.Hanging;
        TcpCheckConfig config = new() { Name = "tcp", Host = "127.0.0.1", Port = gateway.Port, Timeout = Short };
        using HealthCheck check = HealthCheck.Of(config);
        Assert.True((await check.LookAsync(Cancelled)).IsSuccess);
        using Socket silent = Silent();
        using HealthCheck refused = HealthCheck.Of(config with { Port = PortOf(silent) });
        Assert.Equal(CheckResult.Failed("Connection refused"), await refused.LookAsync(Cancelled));
    }

    [Fact]
    public async Task Exec_goes_by_the_exit_status()
    {
        Assert.Equal(CheckResult.Well("exit status 0"), await ExecAsync("/bin/true"));
        Assert.Equal(CheckResult.Failed("exit status 3"), await ExecAsync("/bin/sh", "-c", "exit 3"));
        Assert.Equal(CheckResult.Failed("ended by signal 9"), await ExecAsync("/bin/sh", "-c", "kill -9 $$"));
        Assert.False((await ExecAsync("/nonexistent/program")).IsSuccess);
    }

    [Fact]
    public async Task Exec_hands_arguments_over_as_they_are()
    {
        string text = "$(touch /tmp/never); `id` \"quoted\" *";
        CheckResult result = await ExecAsync("/bin/sh", "-c", "[ \"$1\" = '" + text + "' ]", "sh", text);
        Assert.True(result.IsSuccess, result.Detail);
    }

    [Fact]
    public async Task Exec_runs_a_script_without_a_first_line_by_the_shell()
    {
        string script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, "exit $1\n", Cancelled);
            await Shell.RunAsync("chmod", "500", script);
            Assert.Equal(CheckResult.Failed("exit status 4"), await ExecAsync(script, "4"));
        }
        finally
        {
            File.Delete(script);
        }
    }

    [Fact]
    public async Task Exec_kills_the_whole_group_after_its_time()
    {
        string file = Path.GetTempFileName();
        long start = Stopwatch.GetTimestamp();
        CheckResult result = await ExecAsync("/bin/sh", "-c", $"sleep 600 & echo $! > {file}; wait");
        Assert.Equal(CheckResult.Failed("no end after 0.3 s"), result);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.29, 10);
        string child = (await File.ReadAllTextAsync(file, Cancelled)).Trim();
        File.Delete(file);
        for (int i = 0; i < 500 && IsRunning(child); i++)
            await Task.Delay(10, Cancelled);
        Assert.False(IsRunning(child));
    }

    [Fact]
    public async Task Exec_has_no_capabilities_no_realtime_and_ordinary_signals()
    {
        CheckResult result = await ExecAsync("/bin/sh", "-c",
            "grep -q 'CapEff:.0000000000000000' /proc/self/status && grep -q 'SigIgn:.0000000000000000' "
            + "/proc/self/status && [ \"$(cut -d' ' -f41 /proc/self/stat)\" = 0 ]");
        Assert.True(result.IsSuccess, result.Detail);
    }

    [Fact]
    public async Task Exec_runs_as_another_user_where_that_is_permitted()
    {
        if (Environment.UserName != "root")
            Assert.Skip("needs root");
        ExecCheckConfig config = new()
        {
            Name = "exec",
            Command = new(["/bin/sh", "-c", "[ \"$(id -un)\" = nobody ] && [ \"$(id -G)\" = \"$(id -g)\" ]"], "nobody"),
        };
        using HealthCheck check = HealthCheck.Of(config);
        CheckResult result = await check.LookAsync(Cancelled);
        Assert.True(result.IsSuccess, result.Detail);

        using HealthCheck unknown = HealthCheck.Of(config with { Command = new(["/bin/true"], "nosuchuser") });
        Assert.Equal(CheckResult.Failed("there is no user nosuchuser"), await unknown.LookAsync(Cancelled));
    }

    [Fact]
    public async Task The_schedule_tells_changes_and_keeps_what_stays()
    {
        using FakeGateway gateway = new();
        gateway.Mood = GatewayMood.Well;
        HttpCheckConfig config = Http(gateway) with { Interval = TimeSpan.FromMilliseconds(50), Fall = 2 };
        System.Collections.Concurrent.ConcurrentQueue<Health> told = new();
        CheckSchedule schedule = new(TimeProvider.System, (_, health, _) => Tell(health), (_, _, _) => true);
        DaemonConfig daemon = new()
        {
            Instances = [LoopBench.Instance() with { Tracked = [new(TrackedKind.Check, config.Name)] }],
            Checks = [config, Http(gateway) with { Name = "untracked" }],
        };
        await schedule.UseAsync(daemon);
        await UntilAsync(() => told.Count == 1);
        gateway.Mood = GatewayMood.Unready;
        await UntilAsync(() => told.Count == 2);
        Assert.Equal([Health.Healthy, Health.Sick], told);
        Assert.Equal([config.Name], schedule.Statuses.Select(status => status.Name));

        long runs = schedule.Statuses[0].Status.Runs;
        await schedule.UseAsync(daemon with { Checks = [config with { Statuses = [.. config.Statuses] }] });
        Assert.True(schedule.Statuses[0].Status.Runs >= runs);
        await schedule.StopAsync();
        Assert.Empty(schedule.Statuses);

        bool Tell(Health health)
        {
            told.Enqueue(health);
            return true;
        }
    }

    // A port that nobody listens on, and nobody else can take meanwhile.
    private static Socket Silent()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++)
            await Task.Delay(10, Cancelled);
        Assert.True(condition());
    }

    private static HttpCheckConfig Http(FakeGateway gateway) => new()
    {
        Name = "http",
        Url = new($"http://127.0.0.1:{gateway.Port}/health/ready"),
        Timeout = Short,
    };

    private static async Task<CheckResult> LookAsync(
        FakeGateway gateway, Func<HttpCheckConfig, HttpCheckConfig>? change = null)
    {
        using HealthCheck check = HealthCheck.Of((change ?? (http => http))(Http(gateway)));
        return await check.LookAsync(Cancelled);
    }

    private static async Task<CheckResult> ExecAsync(params string[] command)
    {
        using HealthCheck check = HealthCheck.Of(
            new ExecCheckConfig { Name = "exec", Command = new([.. command]), Timeout = Short });
        return await check.LookAsync(Cancelled);
    }

    private static bool IsRunning(string process) => File.Exists($"/proc/{process}/stat")
        && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
}
