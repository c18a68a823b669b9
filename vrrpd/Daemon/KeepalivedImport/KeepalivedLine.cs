using System.Text;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>A word of a line, and whether it is a brace that opens or closes a block.</summary>
internal readonly record struct KeepalivedWord(string Text, bool IsBrace = false);

/// <summary>Splits lines of keepalived.conf.</summary>
internal static class KeepalivedLine
{
    private const string Spaces = " \t\r\f\v";

    /// <summary>
    /// Cuts the comment off, from a # or ! that is neither quoted nor escaped; says whether the line goes on in the
    /// next one (a backslash at its end).
    /// </summary>
    public static string WithoutComment(string line, out bool goesOn)
    {
        goesOn = false;
        bool isQuoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (line[i] == '\\')
            {
                if (string.IsNullOrWhiteSpace(line[(i + 1)..]))
                {
                    goesOn = true;
                    return line[..i];
                }

                i++;
            }
            else if (!isQuoted && line[i] is '#' or '!')
            {
                return line[..i];
            }
        }

        return line;
    }

    /// <summary>
    /// The words of a line without its comment. Quotes hold words together, a backslash takes the next character as it
    /// is; braces outside quotes are words of their own, but for those of ${NAME}.
    /// </summary>
    public static List<KeepalivedWord> Words(string line)
    {
        List<KeepalivedWord> words = [];
        StringBuilder? word = null;
        char quote = '\0';
        bool isVariable = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '\\' && i + 1 < line.Length)
            {
                (word ??= new()).Append(line[++i]);
            }
            else if (quote != '\0' ? c == quote : c is '"' or '\'')
            {
                quote = quote == '\0' ? c : '\0';
                word ??= new();
            }
            else if (quote == '\0' && Spaces.Contains(c, StringComparison.Ordinal))
            {
                Take();
            }
            else if (quote == '\0' && c is '{' or '}' && !IsOfVariable(c))
            {
                Take();
                words.Add(new(c.ToString(), IsBrace: true));
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        Take();
        return words;

        void Take()
        {
            if (word is not null)
                words.Add(new(word.ToString()));
            word = null;
            isVariable = false;
        }

        bool IsOfVariable(char brace)
        {
            if (brace == '}')
                return isVariable && !(isVariable = false);
            return isVariable = word is { Length: > 0 } && word[^1] == '$';
        }
    }

    /// <summary>Splits what is one word to keepalived.conf, but a program and its arguments to keepalived.</summary>
    public static List<string> Command(string text) =>
        [.. Words(text.Replace("{", "\\{", StringComparison.Ordinal).Replace("}", "\\}", StringComparison.Ordinal))
            .Select(word => word.Text)];
}
