using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns what keepalived runs into programs with arguments.</summary>
/// <param name="readProgram">
/// The text of a program's file: null where there is none, empty where it is no text or may not be read.
/// </param>
internal sealed class CommandImport(Func<string, string?> readProgram)
{
    private const string ShellCharacters = "|;&<>`$";

    // Where keepalived finds programs that are named without a path.
    private static readonly string[] Folders =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>
    /// The program and its arguments, and what is different about it (empty: nothing); null: there is none. A command
    /// is one word of keepalived.conf, quoted if it has arguments.
    /// </summary>
    public (List<string> Words, string Remark)? Read(string text)
    {
        List<string> words = ShellScript.Words(text) is { } plain && CurlCommand.Parse(plain) is not null
            ? [.. plain]
            : KeepalivedLine.Command(text);
        if (words.Count == 0 || words[0].Length == 0)
            return null;
        bool isShell = words[0].Split('/')[^1] is "sh" or "bash" or "dash";
        if (!isShell && string.Join(' ', words).AsSpan().ContainsAny(ShellCharacters)
            && CurlCommand.Parse(words) is not { IsPlain: true })
            return (["/bin/sh", "-c", text], "is run by /bin/sh, because of what only a shell understands; "
                + "keepalived 1 did so too, keepalived 2 did not");
        return (words, WithWholePath(words));
    }

    /// <summary>Gives the program its whole path.</summary>
    private string WithWholePath(List<string> words)
    {
        string name = words[0];
        if (name.Contains('/', StringComparison.Ordinal))
        {
            words[0] = name[0] == '/' ? name : "/" + name;
            return readProgram(words[0]) is null ? $"there is no {Section.Shown(words[0])} on this machine" : "";
        }

        string? found = Folders.Select(folder => $"{folder}/{name}").FirstOrDefault(
            path => readProgram(path) is not null);
        words[0] = found ?? $"/usr/bin/{name}";
        return found is null
            ? $"{Section.Shown(words[0])} is a guess, it was not found on this machine"
            : $"is {Section.Shown(found)}";
    }

    /// <summary>The curl that a command is, itself or as all that its script does; null: it is none.</summary>
    public CurlCommand? CurlOf(IReadOnlyList<string> words) => CurlCommand.Parse(words)
        ?? (words.Count == 1 && ShellScript.OnlyCommand(readProgram(words[0]) ?? "") is { } only
            ? CurlCommand.Parse(only)
            : null);
}
