using System.Collections.Immutable;
using System.Net;

namespace Vrrp.Daemon.Configuration;

/// <summary>The configuration in force: validated, with every default applied. Immutable.</summary>
public sealed record DaemonConfig
{
    /// <summary>The virtual routers, in the order of the file; at least one.</summary>
    public required ImmutableArray<InstanceConfig> Instances { get; init; }

    /// <summary>The checks, in the order of the file, used or not.</summary>
    public ImmutableArray<CheckConfig> Checks { get; init; } = [];

    /// <summary>Groups of instances; an instance is in one at most.</summary>
    public ImmutableArray<SyncGroupConfig> SyncGroups { get; init; } = [];

    /// <summary>Where metrics and status are served.</summary>
    public IPEndPoint ManagementListen { get; init; } = new(IPAddress.Loopback, 9098);

    /// <summary>Least level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Form of a log line.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>
    /// Absolute path of the event log, or relative to the working directory where the configuration was not read from
    /// a file; null: none.
    /// </summary>
    public string? EventLog { get; init; }
}

/// <summary>Instances that change together.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Members">Places of the members in <see cref="DaemonConfig.Instances"/>, two or more.</param>
/// <param name="Notify">Commands run when the group changes.</param>
public sealed record SyncGroupConfig(string Name, ImmutableArray<int> Members, NotifyConfig Notify);

/// <summary>A program to run, without a shell.</summary>
/// <param name="Arguments">The program's path and its arguments; at least one.</param>
/// <param name="User">User to run it as; null: the daemon's.</param>
/// <param name="Group">Group to run it as; null: the user's.</param>
public sealed record CommandConfig(ImmutableArray<string> Arguments, string? User = null, string? Group = null);

/// <summary>Commands run when an instance or a group changes its state; null: none.</summary>
public sealed record NotifyConfig
{
    /// <summary>No commands.</summary>
    public static NotifyConfig None { get; } = new();

    /// <summary>Run on becoming Master.</summary>
    public CommandConfig? Master { get; init; }

    /// <summary>Run on becoming Backup.</summary>
    public CommandConfig? Backup { get; init; }

    /// <summary>Run on entering Fault.</summary>
    public CommandConfig? Fault { get; init; }

    /// <summary>Run when the daemon ends.</summary>
    public CommandConfig? Stop { get; init; }

    /// <summary>
    /// Run on every change, after the one of its state, with four arguments more: INSTANCE or GROUP; the name; MASTER,
    /// BACKUP, FAULT or STOP; the effective priority (0 for a group).
    /// </summary>
    public CommandConfig? Any { get; init; }

    /// <summary>How long one may run before it is killed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
