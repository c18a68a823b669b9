using Microsoft.Extensions.Logging.Console;

namespace Gateway.Telemetry;

/// <summary>One line per message on the console; as JSON when <c>Logging:Console:FormatterName</c> says so.</summary>
internal static class ConsoleLog
{
    private const string Timestamp = "yyyy-MM-ddTHH:mm:ss.fffZ";

    public static void AddConsoleLog(this WebApplicationBuilder builder)
    {
        // A trace id and a logging scope for each request, which nothing here shows: 4 % of the CPU of a write. A level
        // of the file for just this category wins.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.AddConsole();
        // Under systemd its prefixes are the default, set in code: what the file says goes over it. A formatter that
        // is not named would ignore its options.
        builder.Services.PostConfigure<ConsoleLoggerOptions>(console => console.FormatterName =
            builder.Configuration["Logging:Console:FormatterName"]
            ?? console.FormatterName ?? ConsoleFormatterNames.Simple);
        // The plain formatter puts nothing between time and level; systemd's journal has the time already.
        builder.Services.PostConfigure<SimpleConsoleFormatterOptions>(line => line.TimestampFormat ??= Timestamp + " ");
        builder.Services.PostConfigure<JsonConsoleFormatterOptions>(json => json.TimestampFormat ??= Timestamp);
    }

    /// <summary>
    /// Keeps the framework from logging a failed start with its stack: the program tells it in one line. Everything
    /// the host says later is logged.
    /// </summary>
    public static void MuteHostUntil(this ILoggingBuilder logging, Func<bool> started) =>
        logging.AddFilter(
            "Microsoft.Extensions.Hosting.Internal.Host", level => started() && level >= LogLevel.Information);
}
