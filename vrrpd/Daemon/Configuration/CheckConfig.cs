using System.Collections.Immutable;

namespace Vrrp.Daemon.Configuration;

/// <summary>A check, validated. Immutable.</summary>
public abstract record CheckConfig
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How it looks.</summary>
    public abstract CheckKind Kind { get; }

    /// <summary>From start to start, 50 ms to an hour.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After which it has failed, 10 ms to an hour.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Successes in a row until it is well, 1 or more.</summary>
    public int Rise { get; init; } = 1;

    /// <summary>Failures in a row until it is sick, 1 or more.</summary>
    public int Fall { get; init; } = 1;
}

/// <summary>A check that gets a URL.</summary>
public sealed record HttpCheckConfig : CheckConfig
{
    /// <inheritdoc/>
    public override CheckKind Kind => CheckKind.Http;

    /// <summary>What to get; http or https.</summary>
    public required Uri Url { get; init; }

    /// <summary>Statuses that are well.</summary>
    public ImmutableArray<StatusRange> Statuses { get; init; } = [new(200, 299)];

    /// <summary>Text the body has to contain; null: it is not read.</summary>
    public string? BodyContains { get; init; }

    /// <summary>An answer that took longer is a failure; null: only the timeout counts.</summary>
    public TimeSpan? MaxLatency { get; init; }
}

/// <summary>Statuses from the first to the last one, both included.</summary>
public readonly record struct StatusRange(int First, int Last);

/// <summary>A check that opens a connection.</summary>
public sealed record TcpCheckConfig : CheckConfig
{
    /// <inheritdoc/>
    public override CheckKind Kind => CheckKind.Tcp;

    /// <summary>Name or address.</summary>
    public required string Host { get; init; }

    /// <summary>Port, 1 to 65535.</summary>
    public required int Port { get; init; }
}

/// <summary>A check that runs a program; exit status 0 is well.</summary>
public sealed record ExecCheckConfig : CheckConfig
{
    /// <inheritdoc/>
    public override CheckKind Kind => CheckKind.Exec;

    /// <summary>The program.</summary>
    public required CommandConfig Command { get; init; }
}
