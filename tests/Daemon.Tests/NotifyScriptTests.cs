using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Telemetry;
using Xunit;

namespace Vrrp.Daemon.Tests;

public sealed class NotifyScriptTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly StringWriter _text = new();
    private readonly DaemonLog _log;
    private readonly NotifyScript _notify;

    public NotifyScriptTests()
    {
        _log = new(_text, TimeProvider.System, isJournal: true);
        _notify = new(_log);
    }

    [Fact]
    public void Commands_run_in_the_order_of_the_changes_with_keepalived_s_arguments()
    {
        // The first one takes long, and yet the others wait for it.
        NotifyConfig hooks = new()
        {
            Master = Writing("sleep 0.3; echo master"),
            Backup = Writing("echo backup"),
            Stop = Writing("echo stop"),
            Any = Writing("echo $*"),
        };
        _notify.Call(new(hooks, IsGroup: false, "VI_1", RouterState.Master, 100));
        _notify.Call(new(hooks, IsGroup: false, "VI_1", RouterState.Backup, 98));
        _notify.Call(new(hooks, IsGroup: true, "G", RouterState.Fault, 0));
        _notify.Call(new(hooks, IsGroup: false, "VI_1", RouterState.Initialize, 98));
        _notify.Stop(TimeSpan.FromSeconds(30));

        Assert.Equal(
            ["master", "INSTANCE VI_1 MASTER 100", "backup", "INSTANCE VI_1 BACKUP 98", "GROUP G FAULT 0", "stop",
                "INSTANCE VI_1 STOP 98"],
            File.ReadAllLines(_file));
    }

    [Fact]
    public void A_command_that_hangs_or_fails_is_told_and_the_next_one_runs()
    {
        NotifyConfig hooks = new()
        {
            Master = Writing("sleep 600"),
            Any = Writing("exit 7"),
            Timeout = TimeSpan.FromMilliseconds(200),
        };
        _notify.Call(new(hooks, IsGroup: false, "VI_1", RouterState.Master, 100));
        _notify.Stop(TimeSpan.FromSeconds(30));
        _log.Dispose();
        Assert.Contains("no end after 0.2 s", _text.ToString(), StringComparison.Ordinal);
        Assert.Contains("exit status 7", _text.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _log.Dispose();
        File.Delete(_file);
    }

    private CommandConfig Writing(string script) => new(["/bin/sh", "-c", $"exec >> {_file}; {script}", "sh"]);
}
