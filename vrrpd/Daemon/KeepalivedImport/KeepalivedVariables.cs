using System.Text;
using System.Text.RegularExpressions;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Variables of keepalived.conf: $NAME=VALUE on a line of its own, $NAME or ${NAME} elsewhere.</summary>
internal sealed partial class KeepalivedVariables
{
    private const int MaxCount = 1000;

    private readonly Dictionary<string, string> _values = [];

    /// <summary>Takes a definition; false if the line is none.</summary>
    public bool TryDefine(string line)
    {
        if (line[0] != '$' || Definition().Match(line) is not { Success: true } definition)
            return false;
        if (_values.Count < MaxCount)
            _values[definition.Groups[1].Value] = definition.Groups[2].Value.Trim().Trim('"');
        return true;
    }

    /// <summary>
    /// The line with values in place of variables; names that are none stay. Null where it would become too long.
    /// </summary>
    public string? Expand(string line, int maxLength)
    {
        // Values may name variables too, so once more; deeper than that nobody goes.
        for (int round = 0; round < 3 && _values.Count > 0 && line.Contains('$', StringComparison.Ordinal); round++)
        {
            StringBuilder expanded = new();
            int at = 0;
            foreach (Match use in Use().Matches(line))
            {
                string name = use.Groups[1].Success ? use.Groups[1].Value : use.Groups[2].Value;
                expanded.Append(line, at, use.Index - at);
                expanded.Append(_values.GetValueOrDefault(name, use.Value));
                at = use.Index + use.Length;
                if (expanded.Length > maxLength)
                    return null;
            }

            line = expanded.Append(line, at, line.Length - at).ToString();
        }

        return line.Length > maxLength ? null : line;
    }

    [GeneratedRegex(@"^\$([A-Za-z_]\w*)\s*=(.*)$", RegexOptions.NonBacktracking)]
    private static partial Regex Definition();

    [GeneratedRegex(@"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")]
    private static partial Regex Use();
}
