using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns a vrrp_sync_group into a group.</summary>
internal sealed class SyncGroupImport(
    GlobalDefaults defaults, CommandImport commands, TrackingImport tracking,
    IReadOnlyDictionary<string, InstanceOptions> instances, ImportNotes notes)
{
    private readonly HashSet<string> _taken = [];

    /// <summary>The group; null where less than two of its instances are there.</summary>
    public SyncGroupOptions? Read(KeepalivedNode block)
    {
        NotifyImport notify = new(defaults, commands, notes);
        List<string> members = [];
        foreach (KeepalivedNode node in block.Children.Where(node => node.Keyword == "group"))
        {
            notes.Kept(node, "Instances");
            foreach (KeepalivedNode line in node.Children)
                ReadMembers(line, members);
        }

        bool keepsWeights = block.Children.Exists(
            node => node.Keyword is "sync_group_tracking_weight" or "global_tracking");
        foreach (string member in keepsWeights ? [] : members)
            tracking.DropWeights(block, member, instances[member]);
        foreach (KeepalivedNode node in block.Children.Where(node => node.Keyword != "group"))
        {
            if (!ReadTracking(node, members) && !notify.Read(node))
                notes.NotKept(node, NoCounterpart.Reason(node.Keyword));
        }

        if (members.Count < 2)
        {
            notes.NotKept(block, "a group has two instances or more");
            return null;
        }

        notes.Kept(block, $"SyncGroups:{block.Value}");
        return new() { Instances = members, Notify = notify.Options };
    }

    private void ReadMembers(KeepalivedNode line, List<string> members)
    {
        string[] missing = [.. new[] { line.Keyword }.Concat(line.Words)
            .Where(name => !instances.ContainsKey(name) || !_taken.Add(name))];
        members.AddRange(new[] { line.Keyword }.Concat(line.Words).Except(missing).Except(members));
        if (missing.Length > 0)
            notes.NotKept(line, $"{Section.Shown(string.Join(' ', missing))}: no such instance, or in a group already");
        else
            notes.Kept(line, "members");
    }

    // A group has no checks of its own; what fails one member takes the others with it.
    private bool ReadTracking(KeepalivedNode node, List<string> members)
    {
        if (node.Keyword is not ("track_script" or "track_interface"))
            return false;
        notes.Changed(node, "is tracked by every member");
        foreach (string member in members)
        {
            if (node.Keyword == "track_script")
                tracking.Scripts(node, instances[member], isOfGroup: true);
            else
                tracking.Interfaces(node, instances[member]);
        }

        return true;
    }
}
