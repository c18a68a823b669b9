namespace Vrrp.Daemon.Configuration.Report;

/// <summary>What makes a check say less than its author thinks.</summary>
internal static class CheckFindings
{
    /// <param name="config">The configuration.</param>
    /// <param name="readProgram">
    /// The text of a program's file: null where there is none, empty where it is no text or may not be read.
    /// </param>
    public static IEnumerable<ConfigurationFinding> Of(DaemonConfig config, Func<string, string?> readProgram)
    {
        foreach ((string path, CommandConfig command) in PermissionNeeds.Commands(config))
        {
            if (readProgram(command.Arguments[0]) is null)
                yield return new(path, $"there is no {Section.Shown(command.Arguments[0])} on this machine");
            if (command.User is null && path.StartsWith("Checks:", StringComparison.Ordinal))
                yield return new(path, "runs as the daemon's own user; User would name one that may do less");
        }

        foreach (ExecCheckConfig check in config.Checks.OfType<ExecCheckConfig>())
        {
            foreach (string text in OfCurl(check, readProgram))
                yield return new($"Checks:{check.Name}:Command", text);
        }
    }

    private static IEnumerable<string> OfCurl(ExecCheckConfig check, Func<string, string?> readProgram)
    {
        IReadOnlyList<string> words = check.Command.Arguments;
        if (CurlCommand.Parse(words) is not { } curl)
        {
            words = ShellScript.OnlyCommand(readProgram(words[0]) ?? "") ?? [];
            if (CurlCommand.Parse(words) is not { } written)
                yield break;
            curl = written;
        }

        if (!curl.FailsOnStatus)
            yield return "curl without -f succeeds with every status, 503 included; "
                + "add -f, or take a check of Kind Http, which costs no process";
        if (curl.MaxTime is null)
            yield return $"curl without -m waits until the check's timeout, {TimeText.Seconds(check.Timeout)}, "
                + "kills it";
    }
}
