using System.Text.Json;

namespace Gateway.Configuration;

/// <summary>Lays the file over the built-in defaults and the environment over both.</summary>
internal static class SettingsLayers
{
    /// <summary>Prefix of environment variables that override keys of the file: <c>GATEWAY__Mirror__…</c>.</summary>
    public const string EnvironmentPrefix = "GATEWAY__";

    /// <summary>What holds when the file is silent, beside the defaults the options state themselves.</summary>
    public static IReadOnlyDictionary<string, string?> Defaults { get; } = new Dictionary<string, string?>
    {
        ["Kestrel:Endpoints:Clients:Url"] = "http://*:9096",
        ["Kestrel:Endpoints:Management:Url"] = "http://*:9097",
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        // What it tells at start and end, we tell in one line each.
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
        // YARP tells two lines for each request and one for each probe; with destinations down, two warnings or a stack
        // for each request and a stack for each probe. That one went down is told once, by another category.
        ["Logging:LogLevel:Yarp"] = "Warning",
        ["Logging:LogLevel:Yarp.ReverseProxy.LoadBalancing.LoadBalancingMiddleware"] = "Error",
        ["Logging:LogLevel:Yarp.ReverseProxy.Forwarder"] = "Error",
        ["Logging:LogLevel:Yarp.ReverseProxy.Health.ActiveHealthCheckMonitor"] = "Error",
        ["Logging:Console:FormatterOptions:SingleLine"] = "true",
        ["Logging:Console:FormatterOptions:UseUtcTimestamp"] = "true",
    };

    /// <summary>The overrides in this process's environment.</summary>
    public static IReadOnlyDictionary<string, string?> Environment()
    {
        IConfigurationRoot variables = new ConfigurationBuilder().AddEnvironmentVariables(EnvironmentPrefix).Build();
        return variables.AsEnumerable().Where(pair => pair.Value is not null).ToDictionary();
    }

    /// <summary>The merged values, or why the text is not JSON.</summary>
    public static (IConfigurationRoot? Values, ConfigFault? Fault) Merge(
        byte[] json, IReadOnlyDictionary<string, string?> overrides)
    {
        if (json.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
            return (null, new("", "the file is empty"));
        try
        {
            using MemoryStream stream = new(json, writable: false);
            return (new ConfigurationBuilder()
                .AddInMemoryCollection(Defaults)
                .AddJsonStream(stream)
                .AddInMemoryCollection(overrides)
                .Build(), null);
        }
        catch (FormatException fault)
        {
            return (null, new("", Describe(fault)));
        }
        catch (JsonException fault)
        {
            return (null, new("", Describe(fault)));
        }
    }

    private static string Describe(Exception fault)
    {
        JsonException? json = fault as JsonException ?? fault.InnerException as JsonException;
        if (json?.LineNumber is not { } line)
            return $"not a valid configuration: {fault.Message}";
        // The parser counts from zero and repeats the place in its own words behind the sentence.
        string reason = json.Message.Split(" LineNumber:")[0];
        return $"line {line + 1}, column {json.BytePositionInLine + 1}: {reason}";
    }
}
