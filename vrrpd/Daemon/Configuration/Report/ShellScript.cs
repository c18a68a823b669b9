using System.Text;

namespace Vrrp.Daemon.Configuration.Report;

/// <summary>Reads shell scripts that are one plain command, and no others.</summary>
internal static class ShellScript
{
    /// <summary>Scripts longer than this are not looked at.</summary>
    public const int MaxLength = 8192;

    // What is more than words: anything that expands, branches or combines.
    private const string Special = "$`|;&<>(){}*?[]~\\";

    /// <summary>
    /// The words of the only command of a script; null where it does more. Output redirected to /dev/null is ignored.
    /// </summary>
    public static IReadOnlyList<string>? OnlyCommand(string text)
    {
        if (text.Length > MaxLength)
            return null;
        string[] lines = [.. text.Split('\n').Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')];
        return lines.Length == 1 ? Words(lines[0]) : null;
    }

    /// <summary>The words of one line; null where a shell would do more than split it.</summary>
    public static IReadOnlyList<string>? Words(string line)
    {
        foreach (string ignored in (string[])["2>&1", ">/dev/null", "> /dev/null", "2>/dev/null", "2> /dev/null",
            "&>/dev/null", "&> /dev/null", "1>/dev/null"])
        {
            int at = line.IndexOf(" " + ignored, StringComparison.Ordinal);
            if (at >= 0)
                line = line.Remove(at, ignored.Length + 1);
        }

        List<string> words = [];
        StringBuilder? word = null;
        char quote = '\0';
        foreach (char c in line)
        {
            bool isQuoted = quote != '\0';
            if (isQuoted ? c == quote : c is '"' or '\'')
            {
                quote = isQuoted ? '\0' : c;
                word ??= new();
            }
            else if (isQuoted && quote == '\'')
            {
                word!.Append(c);
            }
            else if (isQuoted ? c is '$' or '`' or '\\' : IsSpecial(c, word))
            {
                return null;
            }
            else if (!isQuoted && c is ' ' or '\t')
            {
                Take();
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        Take();
        return quote == '\0' && words.Count > 0 ? words : null;

        void Take()
        {
            if (word is not null)
                words.Add(word.ToString());
            word = null;
        }
    }

    // A shell leaves "?" alone where no file has such a name, so that a URL with a query is usually written bare.
    private static bool IsSpecial(char c, StringBuilder? word) =>
        c == '?' ? word is null : c == '#' ? word is null : Special.Contains(c, StringComparison.Ordinal);
}
