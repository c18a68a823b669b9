namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>What global_defs says about every instance and script.</summary>
internal sealed class GlobalDefaults(ImportNotes notes)
{
    private readonly KeepalivedNumbers _numbers = new(notes);

    public string? ScriptUser { get; private set; }

    public string? ScriptGroup { get; private set; }

    public string? Interface { get; private set; }

    public int? Version { get; private set; }

    public TimeSpan? GarpMasterDelay { get; private set; }

    public int? GarpMasterRepeat { get; private set; }

    public TimeSpan? GarpMasterRefresh { get; private set; }

    public int? GarpMasterRefreshRepeat { get; private set; }

    /// <summary>Takes a global_defs block.</summary>
    public void Read(KeepalivedNode block)
    {
        foreach (KeepalivedNode node in block.Children)
            ReadStatement(node);
    }

    private void ReadStatement(KeepalivedNode node)
    {
        TimeSpan second = TimeSpan.FromSeconds(1);
        switch (node.Keyword)
        {
            case "script_user" when node.Words.Count > 0:
                ScriptUser = node.Words[0];
                ScriptGroup = node.Words.Count > 1 ? node.Words[1] : null;
                notes.Kept(node, "User (and Group) of every command without its own");
                break;
            case "default_interface" when node.Words.Count > 0:
                Interface = node.Words[0];
                notes.Kept(node, "Interface of every instance without its own");
                break;
            case "vrrp_version":
                Version = _numbers.Whole(node, "Version", 2, 3);
                break;
            case "vrrp_garp_master_delay":
                GarpMasterDelay = _numbers.Seconds(
                    node, "GarpMasterDelay", TimeSpan.Zero, TimeSpan.FromSeconds(255), second);
                break;
            case "vrrp_garp_master_repeat":
                GarpMasterRepeat = _numbers.Count(node, "GarpMasterRepeat", 255);
                break;
            case "vrrp_garp_master_refresh":
                GarpMasterRefresh = _numbers.Seconds(
                    node, "GarpMasterRefresh", TimeSpan.Zero, TimeSpan.FromDays(1), second);
                break;
            case "vrrp_garp_master_refresh_repeat":
                GarpMasterRefreshRepeat = _numbers.Count(node, "GarpMasterRefreshRepeat", 255);
                break;
            default:
                notes.NotKept(node, NoCounterpart.Reason(node.Keyword));
                break;
        }
    }
}
