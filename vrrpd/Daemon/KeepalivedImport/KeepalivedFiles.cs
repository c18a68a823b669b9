using System.IO.Enumeration;
using System.Text;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Where files come from.</summary>
/// <param name="Read">
/// The text of a file; null where there is none, it may not be read, or it is longer than <see cref="MaxLength"/>.
/// </param>
/// <param name="Expand">The files that a pattern with * and ? in its last part means, in order.</param>
internal sealed record KeepalivedFiles(Func<string, string?> Read, Func<string, IReadOnlyList<string>> Expand)
{
    /// <summary>Bytes of the longest file that is read.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>The files of this machine.</summary>
    public static KeepalivedFiles OfThisMachine { get; } = new(ReadFile, ExpandPattern);

    private static string? ReadFile(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[MaxLength + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            // Comments may be in any encoding; what is not UTF-8 becomes replacement characters.
            return length > MaxLength ? null : Encoding.UTF8.GetString(bytes, 0, length);
        }
        catch (Exception fault) when (IsOfFile(fault))
        {
            return null;
        }
    }

    private static IReadOnlyList<string> ExpandPattern(string pattern)
    {
        string last = Path.GetFileName(pattern);
        if (last.IndexOfAny(['*', '?']) < 0)
            return [pattern];
        try
        {
            // As a shell, * does not mean hidden files.
            return [.. Directory.EnumerateFiles(Path.GetDirectoryName(pattern) ?? "/")
                .Where(path => FileSystemName.MatchesSimpleExpression(last, Path.GetFileName(path), ignoreCase: false)
                    && (last[0] == '.' || Path.GetFileName(path)[0] != '.'))
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (IsOfFile(fault))
        {
            return [];
        }
    }

    private static bool IsOfFile(Exception fault) => fault is IOException or UnauthorizedAccessException
        or ArgumentException or NotSupportedException;
}
