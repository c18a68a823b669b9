using System.Text;

namespace Vrrp.Daemon.Configuration.Report;

/// <summary><c>vrrpd check FILE [PEER]</c>: says everything that is wrong with a file, or explains it.</summary>
public static class ReportCommand
{
    /// <summary>How it is called.</summary>
    public const string Usage = "usage: vrrpd check FILE [FILE OF THE OTHER MACHINE]";

    /// <summary>Runs with the arguments after <c>check</c>.</summary>
    /// <returns>0: a daemon with this process's permissions can run with the file; 2: it cannot.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter errors) =>
        Run(args, RunPermissions.OfThisProcess(), output, errors);

    internal static int Run(string[] args, RunPermissions permissions, TextWriter output, TextWriter errors)
    {
        if (args.Length is 0 or > 2 || args.Any(arg => arg.StartsWith('-')))
        {
            errors.WriteLine(Usage);
            return 2;
        }

        ConfigurationResult[] read = [.. args.Select(ConfigurationFile.Load)];
        IReadOnlyList<ConfigurationFinding>[] faults = [.. read.Select(result => result.Faults)];
        if (read[0].Config is { } own)
            faults[0] = PermissionNeeds.Of(own, permissions);
        for (int i = 0; i < args.Length; i++)
        {
            foreach (ConfigurationFinding fault in faults[i])
                errors.WriteLine($"{args[i]}: {fault}");
        }

        if (faults.Any(found => found.Count > 0) || read[0].Config is not { } config)
            return 2;
        ConfigurationReport report =
            ConfigurationReport.Of(config, read.ElementAtOrDefault(1)?.Config, ReadProgram);
        foreach (string line in report.Lines)
            output.WriteLine(line);
        foreach (ConfigurationFinding warning in read[0].Warnings.Concat(report.Warnings))
            output.WriteLine($"warning: {warning}");
        output.WriteLine($"ok: {args[0]}");
        return 0;
    }

    /// <summary>The text of a program's file: null where there is none, empty where it is no text.</summary>
    internal static string? ReadProgram(string path)
    {
        try
        {
            if (!File.Exists(path))
                return null;
            using FileStream file = File.OpenRead(path);
            byte[] start = new byte[ShellScript.MaxLength + 1];
            Span<byte> text = start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
            return text.Length > ShellScript.MaxLength || text.Contains((byte)0) ? "" : Encoding.UTF8.GetString(text);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
