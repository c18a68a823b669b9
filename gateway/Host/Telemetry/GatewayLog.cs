using Gateway.Configuration;

namespace Gateway.Telemetry;

/// <summary>Every message of the host.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Information, "gateway {Version} listens on {Addresses}; configuration {File} ({Hash})")]
    public static partial void Started(this ILogger log, string version, string addresses, string file, string hash);

    [LoggerMessage(2, LogLevel.Information, "Configuration {File} ({Hash}) is in force")]
    public static partial void ConfigurationApplied(this ILogger log, string file, string hash);

    [LoggerMessage(3, LogLevel.Error,
        "Configuration {File} is refused, faults: {Count}; the last good one ({Hash}) stays in force")]
    public static partial void ConfigurationRefused(this ILogger log, string file, int count, string hash);

    [LoggerMessage(4, LogLevel.Error, "Configuration fault: {Fault}")]
    public static partial void ConfigurationFault(this ILogger log, ConfigFault fault);

    [LoggerMessage(5, LogLevel.Information, "SIGHUP: reading the configuration again")]
    public static partial void ReloadAsked(this ILogger log);

    [LoggerMessage(6, LogLevel.Error, "A listener for changed mirror options failed; the others were told")]
    public static partial void OptionsListenerFailed(this ILogger log, Exception fault);

    [LoggerMessage(8, LogLevel.Information, "Stopping: what is under way ends first")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(9, LogLevel.Warning, "Clients cannot be let in and are tried again: {Failure}")]
    public static partial void CannotAccept(this ILogger log, string failure);

    [LoggerMessage(7, LogLevel.Error, "The configuration could not be put in force")]
    public static partial void ReloadFailed(this ILogger log, Exception fault);
}
