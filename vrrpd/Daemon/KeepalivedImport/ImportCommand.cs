using System.Text;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>
/// <c>vrrpd import keepalived.conf</c>: writes the configuration that does the same, and says what it changes and does
/// not keep.
/// </summary>
public static class ImportCommand
{
    /// <summary>How it is called.</summary>
    public const string Usage = "usage: vrrpd import KEEPALIVED.CONF";

    /// <summary>Runs with the arguments after <c>import</c>.</summary>
    /// <returns>0: the configuration can run; 2: it has to be completed first, or there is none.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter errors) =>
        Run(args, KeepalivedFiles.OfThisMachine, ReportCommand.ReadProgram, output, errors);

    internal static int Run(
        string[] args, KeepalivedFiles files, Func<string, string?> readProgram, TextWriter output, TextWriter errors)
    {
        if (args.Length != 1 || args[0].StartsWith('-'))
        {
            errors.WriteLine(Usage);
            return 2;
        }

        if (KeepalivedImporter.Import(args[0], files, readProgram) is not { } import)
        {
            errors.WriteLine($"{args[0]}: cannot be read, or is longer than {KeepalivedFiles.MaxLength} bytes");
            return 2;
        }

        string json = OptionsText.Write(import.Options);
        output.Write(json);
        foreach (ImportNote note in import.Notes)
            errors.WriteLine(note);
        ConfigurationResult result = ConfigurationReader.Read(Encoding.UTF8.GetBytes(json));
        foreach (ConfigurationFinding fault in result.Faults)
            errors.WriteLine($"to be completed: {fault}");
        return result.Faults.Count == 0 ? 0 : 2;
    }
}
