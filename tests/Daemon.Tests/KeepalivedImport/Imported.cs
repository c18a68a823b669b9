using System.Text;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.KeepalivedImport;
using Xunit;

namespace Vrrp.Daemon.Tests.KeepalivedImport;

/// <summary>A keepalived.conf that was imported, with what it includes and runs, without a disk.</summary>
internal sealed class Imported
{
    /// <summary>What every instance has to have.</summary>
    public const string Least = "interface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.240\n}\n";

    private readonly KeepalivedImportResult _result;

    private Imported(KeepalivedImportResult result) => _result = result;

    public DaemonOptions Options => _result.Options;

    public IReadOnlyList<ImportNote> Notes => _result.Notes;

    public string Json => OptionsText.Write(Options);

    /// <summary>The configuration that the daemon's own reader makes of the JSON.</summary>
    public ConfigurationResult Read => ConfigurationReader.Read(Encoding.UTF8.GetBytes(Json));

    public InstanceOptions Instance => Assert.Single(Options.Instances!).Value;

    public CheckOptions Check => Assert.Single(Options.Checks!).Value;

    public static Imported Text(
        string text, Dictionary<string, string>? files = null, Dictionary<string, string>? programs = null)
    {
        Dictionary<string, string> all = new(files ?? []) { ["/etc/k.conf"] = text };
        return new(KeepalivedImporter.Import("/etc/k.conf", Files(all), path => programs?.GetValueOrDefault(path))!);
    }

    public static Imported File(string path) => new(
        KeepalivedImporter.Import(path, KeepalivedFiles.OfThisMachine, _ => null)!);

    /// <summary>One instance with statements beyond the least, and text before it.</summary>
    public static Imported Statements(string statements, string before = "", string least = Least) =>
        Text($"{before}\nvrrp_instance VI_1 {{\n{least}{statements}\n}}\n");

    /// <summary>One script, and an instance that tracks it.</summary>
    public static Imported Script(string statements, Dictionary<string, string>? programs = null, string before = "") =>
        Text($"{before}\nvrrp_script c {{\n{statements}\n}}\nvrrp_instance V {{\n{Least}track_script {{\nc\n}}\n}}\n",
            programs: programs);

    public static KeepalivedFiles Files(Dictionary<string, string> all) => new(
        all.GetValueOrDefault,
        pattern => pattern.EndsWith('*')
            ? [.. all.Keys.Where(path => path.StartsWith(pattern[..^1], StringComparison.Ordinal)).Order()]
            : [pattern]);

    /// <summary>What became of the statement that the text is a part of.</summary>
    public ImportNote NoteOf(string part) =>
        Assert.Single(Notes, note => note.Text.Contains(part, StringComparison.Ordinal));
}
