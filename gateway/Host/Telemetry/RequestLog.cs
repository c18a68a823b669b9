using Microsoft.AspNetCore.HttpLogging;

namespace Gateway.Telemetry;

/// <summary>
/// A line for each request, for whoever wants it: method, path, status and duration. Clients send passwords in query
/// strings and bodies, and so neither is ever logged.
/// </summary>
internal static class RequestLog
{
    private const string Category = "Microsoft.AspNetCore.HttpLogging.HttpLoggingMiddleware";

    // Below Warning they print whole URLs, or what they could not read of a request.
    private static readonly string[] Indiscreet =
    [
        "Microsoft.AspNetCore.Hosting.Diagnostics",
        "Microsoft.AspNetCore.Server.Kestrel.BadRequests",
        "Yarp.ReverseProxy.Forwarder.HttpForwarder",
    ];

    public static void AddRequestLog(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpLogging(log =>
        {
            log.LoggingFields = HttpLoggingFields.RequestMethod | HttpLoggingFields.RequestPath
                | HttpLoggingFields.ResponseStatusCode | HttpLoggingFields.Duration;
            log.CombineLogs = true;
        });
        builder.Services.PostConfigure<LoggerFilterOptions>(Silence);
    }

    /// <summary>The step, if its category is enabled now: else a request costs nothing for it.</summary>
    public static void UseRequestLog(this WebApplication app)
    {
        if (app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category).IsEnabled(LogLevel.Information))
            app.UseHttpLogging();
    }

    // Whatever rule the framework finds to be the one for a category. Where there is none the least level counts.
    private static void Silence(LoggerFilterOptions options)
    {
        LoggerFilterRule[] rules = [new(null, null, options.MinLevel, null), .. options.Rules];
        options.Rules.Clear();
        foreach (LoggerFilterRule rule in rules)
            options.Rules.Add(new(rule.ProviderName, rule.CategoryName, rule.LogLevel, (provider, category, level) =>
                (level >= LogLevel.Warning || !Indiscreet.Contains(category))
                && rule.Filter?.Invoke(provider, category, level) is not false));
    }
}
