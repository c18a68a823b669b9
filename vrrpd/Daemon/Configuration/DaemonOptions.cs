namespace Vrrp.Daemon.Configuration;

/// <summary>
/// The configuration file as it is written. Nothing is checked yet, and what is absent is null: the defaults are
/// applied when it becomes a <see cref="DaemonConfig"/>, and told in config/vrrpd.md.
/// </summary>
public sealed record DaemonOptions
{
    /// <summary>The virtual routers by name; at least one.</summary>
    public Dictionary<string, InstanceOptions>? Instances { get; set; }

    /// <summary>The checks by name, which instances refer to.</summary>
    public Dictionary<string, CheckOptions>? Checks { get; set; }

    /// <summary>Groups of instances that change together, by name.</summary>
    public Dictionary<string, SyncGroupOptions>? SyncGroups { get; set; }

    /// <summary>Metrics and status over HTTP.</summary>
    public ManagementOptions? Management { get; set; }

    /// <summary>What is logged, and how.</summary>
    public LogOptions? Log { get; set; }

    /// <summary>File that every event and action is written to, a JSON line each; none by default.</summary>
    public string? EventLog { get; set; }
}

/// <summary>Metrics and status over HTTP.</summary>
public sealed record ManagementOptions
{
    /// <summary>Address and port, default 127.0.0.1:9098.</summary>
    public string? Listen { get; set; }
}

/// <summary>What is logged, and how.</summary>
public sealed record LogOptions
{
    /// <summary>Least level that is logged, default Information.</summary>
    public LogLevel? Level { get; set; }

    /// <summary>Form of a line, default Text.</summary>
    public LogFormat? Format { get; set; }
}

/// <summary>Instances that change together, as keepalived's vrrp_sync_group.</summary>
public sealed record SyncGroupOptions
{
    /// <summary>Names of instances, two or more.</summary>
    public List<string>? Instances { get; set; }

    /// <summary>Commands run when the group changes.</summary>
    public NotifyOptions? Notify { get; set; }
}

/// <summary>Commands run when an instance or a group changes its state.</summary>
public sealed record NotifyOptions
{
    /// <summary>Run on becoming Master: program and arguments.</summary>
    public List<string>? Master { get; set; }

    /// <summary>Run on becoming Backup.</summary>
    public List<string>? Backup { get; set; }

    /// <summary>Run on entering Fault.</summary>
    public List<string>? Fault { get; set; }

    /// <summary>Run when the daemon ends.</summary>
    public List<string>? Stop { get; set; }

    /// <summary>Run on every change, with four more arguments: INSTANCE or GROUP, name, state, priority.</summary>
    public List<string>? Any { get; set; }

    /// <summary>User to run them as; by default the daemon's.</summary>
    public string? User { get; set; }

    /// <summary>Group to run them as; by default the user's.</summary>
    public string? Group { get; set; }

    /// <summary>How long one may run before it is killed, default 30 s.</summary>
    public TimeSpan? Timeout { get; set; }
}

/// <summary>Least level of what is logged.</summary>
public enum LogLevel : byte
{
    /// <summary>Everything.</summary>
    Debug,

    /// <summary>Changes and their reasons.</summary>
    Information,

    /// <summary>What an operator should look at.</summary>
    Warning,

    /// <summary>What does not work.</summary>
    Error,
}

/// <summary>Form of a log line.</summary>
public enum LogFormat : byte
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>A JSON object per line.</summary>
    Json,
}
