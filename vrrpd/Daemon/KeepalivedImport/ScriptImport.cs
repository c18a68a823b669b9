using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns a vrrp_script into a check.</summary>
internal sealed class ScriptImport(GlobalDefaults defaults, CommandImport commands, ImportNotes notes)
{
    private readonly KeepalivedNumbers _numbers = new(notes);

    /// <summary>Checks whose weight is turned round; a check itself cannot say so.</summary>
    public HashSet<string> Reversed { get; } = [];

    /// <summary>The check; null where it has nothing to run.</summary>
    public CheckOptions? Read(KeepalivedNode block)
    {
        CheckOptions check = new() { BeforeFirstResult = BeforeFirstResult.Open };
        KeepalivedNode? script = null;
        foreach (KeepalivedNode node in block.Children)
        {
            if (node.Keyword == "script" && node.Words.Count > 0)
                script = node;
            else
                ReadStatement(node, block, check);
        }

        if (script is null)
        {
            notes.NotKept(block, "has no script");
            return null;
        }

        if (commands.Read(script.Value) is not { } command)
        {
            notes.NotKept(script, "names no program");
            notes.NotKept(block, "has no script");
            return null;
        }

        notes.Kept(block, $"Checks:{block.Value}");
        if (script.Words.Count > 1)
            notes.Changed(script, "keepalived ignores what stands after the first word, and so it is left out");
        if (commands.CurlOf(command.Words) is { IsPlain: true, Url: { } url } curl && UrlOf(url) is { } whole)
            BecomeHttp(check, curl, whole, script);
        else
            BecomeExec(check, command.Words, command.Remark, script);
        return check;
    }

    private void ReadStatement(KeepalivedNode node, KeepalivedNode block, CheckOptions check)
    {
        TimeSpan millisecond = TimeSpan.FromMilliseconds(1);
        TimeSpan hour = TimeSpan.FromHours(1);
        switch (node.Keyword)
        {
            case "interval":
                check.Interval = _numbers.Seconds(node, "Interval", TimeSpan.FromMilliseconds(50), hour, millisecond);
                break;
            case "timeout":
                check.Timeout = _numbers.Seconds(node, "Timeout", TimeSpan.FromMilliseconds(10), hour, millisecond);
                break;
            case "rise":
                check.Rise = _numbers.Count(node, "Rise", 1000);
                break;
            case "fall":
                check.Fall = _numbers.Count(node, "Fall", 1000);
                break;
            case "weight":
                check.Weight = _numbers.Whole(node, "Weight", -253, 253);
                if (node.Words.Contains("reverse"))
                    Reversed.Add(block.Value);
                break;
            case "user" when node.Words.Count > 0:
                check.User = node.Words[0];
                check.Group = node.Words.Count > 1 ? node.Words[1] : null;
                notes.Kept(node, "User (and Group)");
                break;
            case "init_fail":
                check.BeforeFirstResult = BeforeFirstResult.Failed;
                notes.Kept(node, "BeforeFirstResult Failed");
                break;
            default:
                notes.NotKept(node, NoCounterpart.Reason(node.Keyword));
                break;
        }
    }

    private void BecomeHttp(CheckOptions check, CurlCommand curl, string url, KeepalivedNode script)
    {
        check.Url = url;
        check.BeforeFirstResult = null;
        check.User = check.Group = null;
        TimeSpan timeout = check.Timeout ?? check.Interval ?? TimeSpan.FromSeconds(1);
        if (curl.MaxTime is { } limit && limit < timeout)
            check.Timeout = limit < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10) : limit;
        if (curl.FailsOnStatus)
            check.Status = "200-399";
        notes.Changed(script, $"is curl {url}, and becomes a check of Kind Http, without a process each time; "
            + (curl.FailsOnStatus ? "as with -f, a status of 400 and above is a failure"
                : "it now looks at the status: without -f, curl was content with any; only 200 to 299 are well now")
            + "; until its first success it counts as failed");
    }

    private void BecomeExec(CheckOptions check, List<string> words, string remark, KeepalivedNode script)
    {
        check.Kind = CheckKind.Exec;
        check.Command = words;
        if (check.User is null)
            (check.User, check.Group) = (defaults.ScriptUser, defaults.ScriptGroup);
        if (remark.Length > 0)
            notes.Changed(script, remark);
        else
            notes.Kept(script, "Command");
        if (check.User is null)
            notes.Changed(script, "runs as vrrpd's own user; keepalived ran it as keepalived_script or root (User)");
    }

    /// <summary>A URL that the configuration takes; null for others, which curl might understand.</summary>
    private static string? UrlOf(string url)
    {
        string whole = url.Contains("://", StringComparison.Ordinal) ? url : "http://" + url;
        return Uri.TryCreate(whole, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            && uri.UserInfo.Length == 0 && uri.Host.Length > 0 && whole.Length <= 2048 ? whole : null;
    }
}
