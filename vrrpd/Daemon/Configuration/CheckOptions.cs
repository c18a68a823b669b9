namespace Vrrp.Daemon.Configuration;

/// <summary>How a check looks.</summary>
public enum CheckKind : byte
{
    /// <summary>Gets a URL.</summary>
    Http,

    /// <summary>Opens a connection.</summary>
    Tcp,

    /// <summary>Runs a program.</summary>
    Exec,
}

/// <summary>A check as it is written in the file; keepalived's vrrp_script. Keys of other kinds are faults.</summary>
public sealed record CheckOptions
{
    /// <summary>How it looks, default Http.</summary>
    public CheckKind? Kind { get; set; }

    /// <summary>From start to start, default 1 s, at least 50 ms.</summary>
    public TimeSpan? Interval { get; set; }

    /// <summary>After which it has failed; by default the interval.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Successes in a row until it is well, default 1.</summary>
    public int? Rise { get; set; }

    /// <summary>Failures in a row until it is sick, default 1.</summary>
    public int? Fall { get; set; }

    /// <summary>Weight where TrackChecks names none, default 0: its failure is a fault.</summary>
    public int? Weight { get; set; }

    /// <summary>What it counts as before its first result, default Failed.</summary>
    public BeforeFirstResult? BeforeFirstResult { get; set; }

    /// <summary>Http: what to get; default the gateway's http://127.0.0.1:9097/health/ready.</summary>
    public string? Url { get; set; }

    /// <summary>Http: statuses that are well, default "200-299"; single ones and ranges, with commas.</summary>
    public string? Status { get; set; }

    /// <summary>Http: text the body has to contain; none by default.</summary>
    public string? BodyContains { get; set; }

    /// <summary>Http: an answer that took longer is a failure; by default only the timeout counts.</summary>
    public TimeSpan? MaxLatency { get; set; }

    /// <summary>Tcp: name or address, default 127.0.0.1.</summary>
    public string? Host { get; set; }

    /// <summary>Tcp: port, required.</summary>
    public int? Port { get; set; }

    /// <summary>Exec: program and arguments, run without a shell; required.</summary>
    public List<string>? Command { get; set; }

    /// <summary>Exec: user to run it as; by default the daemon's.</summary>
    public string? User { get; set; }

    /// <summary>Exec: group to run it as; by default the user's.</summary>
    public string? Group { get; set; }
}
