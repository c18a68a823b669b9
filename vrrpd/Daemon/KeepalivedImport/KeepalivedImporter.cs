using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>What came of an import.</summary>
/// <param name="Options">The configuration.</param>
/// <param name="Notes">What became of each statement, in the order of the files.</param>
internal sealed record KeepalivedImportResult(DaemonOptions Options, IReadOnlyList<ImportNote> Notes);

/// <summary>Turns keepalived.conf into a configuration of vrrpd.</summary>
internal static class KeepalivedImporter
{
    /// <param name="path">The file.</param>
    /// <param name="files">Where it and what it includes come from.</param>
    /// <param name="readProgram">
    /// The text of a program's file: null where there is none, empty where it is no text or may not be read.
    /// </param>
    /// <returns>Null where the file cannot be read.</returns>
    public static KeepalivedImportResult? Import(
        string path, KeepalivedFiles files, Func<string, string?> readProgram)
    {
        ImportNotes notes = new();
        if (new KeepalivedParser(files, notes).Parse(path) is not { } root)
            return null;
        GlobalDefaults defaults = new(notes);
        CommandImport commands = new(readProgram);
        ILookup<string, KeepalivedNode> blocks = root.Children.ToLookup(node => node.Keyword);
        foreach (KeepalivedNode block in blocks["global_defs"])
        {
            notes.Kept(block, "defaults of instances and commands");
            defaults.Read(block);
        }

        ScriptImport scripts = new(defaults, commands, notes);
        Dictionary<string, CheckOptions> checks = Named(blocks["vrrp_script"], scripts.Read, notes);
        TrackingImport tracking = new(checks, scripts.Reversed, notes);
        Dictionary<string, InstanceOptions> instances = Named(
            blocks["vrrp_instance"],
            block => new InstanceImport(defaults, commands, tracking, notes).Read(block), notes);
        SyncGroupImport groups = new(defaults, commands, tracking, instances, notes);
        Dictionary<string, SyncGroupOptions> syncGroups = Named(blocks["vrrp_sync_group"], groups.Read, notes);

        foreach (KeepalivedNode other in root.Children.Where(node => !IsRead(node)))
            notes.NotKept(other, NoCounterpart.Reason(other.Keyword));
        TellDifferences(instances, checks, notes);
        return new(
            new()
            {
                Instances = instances,
                Checks = checks.Count > 0 ? checks : null,
                SyncGroups = syncGroups.Count > 0 ? syncGroups : null,
            },
            [.. notes.All.OrderBy(note => note.Line == 0).ThenBy(note => note.File == path ? "" : note.File,
                StringComparer.Ordinal).ThenBy(note => note.Line)]);
    }

    private static bool IsRead(KeepalivedNode node) =>
        node.Keyword is "global_defs" or "vrrp_script" or "vrrp_instance" or "vrrp_sync_group";

    private static Dictionary<string, T> Named<T>(
        IEnumerable<KeepalivedNode> blocks, Func<KeepalivedNode, T?> read, ImportNotes notes)
        where T : class
    {
        Dictionary<string, T> all = new(StringComparer.Ordinal);
        foreach (KeepalivedNode block in blocks)
        {
            if (!block.IsBlock || block.Words.Count == 0)
                notes.NotKept(block, "has no name or no block");
            else if (all.ContainsKey(block.Value))
                notes.NotKept(block, "the name is taken; all in it is left out");
            else if (read(block) is { } one)
                all.Add(block.Value, one);
        }

        return all;
    }

    private static void TellDifferences(
        Dictionary<string, InstanceOptions> instances, Dictionary<string, CheckOptions> checks, ImportNotes notes)
    {
        bool isWeighed = instances.Values.Any(instance => instance.TrackChecks is { } tracked
            && tracked.Exists(item => (item.Weight ?? checks[item.Check!].Weight ?? 0) != 0));
        if (isWeighed)
            notes.Changed("a master whose weighted check fails hands over at once, instead of keeping the addresses "
                + "until the peer's timer ends; HandOver Weights does as keepalived");
        if (instances.Values.Any(instance => instance.VirtualAddresses is { } all
            && all.Exists(address => address.Address!.Contains('/', StringComparison.Ordinal))))
            notes.Changed("addresses are put on as /32 (/128) where the interface has one of the same subnet; "
                + "KeepPrefix keeps the prefix");
    }
}
