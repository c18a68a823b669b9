using System.CommandLine;
using Gateway.Configuration;

namespace Gateway;

/// <summary>The command line: run, check a configuration, look at the journal, deal with dead letters and resyncs.
/// </summary>
internal static class GatewayCommand
{
    private const string DefaultFile = "appsettings.json";

    public static async Task<int> InvokeAsync(string[] args)
    {
        ParseResult parsed = Build().Parse(args);
        // Signals belong to the host, which ends when what is under way has ended.
        int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
        return parsed.Errors.Count > 0 ? ExitCode.Refused : code;
    }

    private static RootCommand Build()
    {
        Option<string> file = new("--config")
        {
            Description = "The configuration file; relative paths in it are relative to it.",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultFile,
        };
        Argument<string> checkedFile = new("FILE") { Description = "The configuration file to check." };
        Command check = new("check", "Validate a configuration file without running.") { checkedFile };
        check.SetAction((parsed, _) => CheckCommand.RunAsync(Source(parsed.GetRequiredValue(checkedFile))));
        RootCommand root = new("One URL in front of several InfluxDB 1.x servers.")
        {
            file, check, JournalCommand.Build(), LettersCommand.Build(), SyncDoneCommand.Build(),
        };
        root.SetAction((parsed, stop) => RunCommand.RunAsync(Source(parsed.GetRequiredValue(file)), stop));
        return root;
    }

    private static SettingsSource Source(string path) => new(path, SettingsLayers.Environment());
}
