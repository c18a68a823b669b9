using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns the notify statements of an instance or a group into commands.</summary>
internal sealed class NotifyImport(GlobalDefaults defaults, CommandImport commands, ImportNotes notes)
{
    private NotifyOptions? _options;

    /// <summary>The commands; null: none.</summary>
    public NotifyOptions? Options => _options;

    /// <summary>Takes a statement; false if it is none of these.</summary>
    public bool Read(KeepalivedNode node)
    {
        switch (node.Keyword)
        {
            case "notify_master":
                Take(node, "Notify:Master", (options, words) => options.Master = words);
                return true;
            case "notify_backup":
                Take(node, "Notify:Backup", (options, words) => options.Backup = words);
                return true;
            case "notify_fault":
                Take(node, "Notify:Fault", (options, words) => options.Fault = words);
                return true;
            case "notify_stop":
                Take(node, "Notify:Stop", (options, words) => options.Stop = words);
                return true;
            case "notify":
                Take(node, "Notify:Any, with TYPE NAME STATE PRIORITY as before",
                    (options, words) => options.Any = words);
                return true;
            default:
                return false;
        }
    }

    // The command is one word; a user and a group may follow.
    private void Take(KeepalivedNode node, string key, Action<NotifyOptions, List<string>> set)
    {
        if (node.Words.Count == 0 || commands.Read(node.Words[0]) is not { } command)
        {
            notes.NotKept(node, "names no program");
            return;
        }

        string? user = node.Words.Count > 1 ? node.Words[1] : defaults.ScriptUser;
        string? group = node.Words.Count > 1 ? node.Words.ElementAtOrDefault(2) : defaults.ScriptGroup;
        bool isFirst = _options is null;
        _options ??= new() { User = user, Group = group };
        set(_options, command.Words);
        if (!isFirst && (user, group) != (_options.User, _options.Group))
            notes.Changed(node, $"runs as {_options.User ?? "vrrpd's own user"}, as the first command here: "
                + "vrrpd has one user for all of them");
        else if (command.Remark.Length > 0)
            notes.Changed(node, command.Remark);
        else if (user is null)
            notes.Changed(node, "runs as vrrpd's own user; keepalived: as keepalived_script or root (Notify:User)");
        else
            notes.Kept(node, key);
    }
}
