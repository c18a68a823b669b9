using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Loop;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon;

/// <summary>
/// Runs the commands for changes of state, one after the other in the order of the changes, so that the last one tells
/// the last state. As in keepalived: the command of the state as it is configured, and then the one for any change with
/// INSTANCE or GROUP, the name, the state and the priority appended.
/// </summary>
internal sealed class NotifyScript
{
    private const int MaxWaiting = 1024;

    private readonly BlockingCollection<NotifyCall> _calls = new(MaxWaiting);
    private readonly DaemonLog _log;
    private readonly Thread _runner;

    /// <summary>Begins to wait for changes.</summary>
    public NotifyScript(DaemonLog log)
    {
        _log = log;
        _runner = new(Run) { IsBackground = true, Name = "notify" };
        _runner.Start();
    }

    /// <summary>Runs the commands for a change later; never waits.</summary>
    public void Call(NotifyCall call)
    {
        if (call.Notify != NotifyConfig.None && !_calls.TryAdd(call))
            _log.NotifyFailed(call.Name, $"not run for {NameOf(call.State)}: {MaxWaiting} others are waiting");
    }

    /// <summary>Runs what waits, and then ends.</summary>
    public void Stop(TimeSpan timeout)
    {
        _calls.CompleteAdding();
        if (!_runner.Join(timeout))
            _log.NotifyFailed("", $"some did not end within {timeout.TotalSeconds:0} s");
    }

    /// <summary>keepalived's name for a state.</summary>
    public static string NameOf(RouterState state) => state switch
    {
        RouterState.Master => "MASTER",
        RouterState.Backup => "BACKUP",
        RouterState.Fault => "FAULT",
        _ => "STOP",
    };

    private void Run()
    {
        foreach (NotifyCall call in _calls.GetConsumingEnumerable())
        {
            CommandConfig? own = call.State switch
            {
                RouterState.Master => call.Notify.Master,
                RouterState.Backup => call.Notify.Backup,
                RouterState.Fault => call.Notify.Fault,
                _ => call.Notify.Stop,
            };
            if (own is not null)
                Run(own, [], call.Notify.Timeout);
            if (call.Notify.Any is { } any)
            {
                ImmutableArray<string> told =
                    [call.IsGroup ? "GROUP" : "INSTANCE", call.Name, NameOf(call.State), $"{call.Priority}"];
                Run(any, told, call.Notify.Timeout);
            }
        }
    }

    // With a user of its own it has that user's privileges; else the daemon's, because such commands often change
    // routes or rules.
    private void Run(CommandConfig command, ImmutableArray<string> told, TimeSpan timeout)
    {
        ChildCommand child = new(
            command.Arguments.AddRange(told), command.User, command.Group, dropsCapabilities: false);
        CommandResult result = child.RunAsync(timeout, CancellationToken.None).GetAwaiter().GetResult();
        if (!result.IsSuccess)
            _log.NotifyFailed(string.Join(' ', command.Arguments), result.Detail);
    }
}
