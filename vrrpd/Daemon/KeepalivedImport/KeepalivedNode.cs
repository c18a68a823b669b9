using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>A statement of keepalived.conf: a keyword, what follows it, and the block it opens.</summary>
/// <param name="Keyword">The first word; in a list of addresses or names, the address or name.</param>
/// <param name="Words">The words after it, without their quotes.</param>
/// <param name="File">The file it stands in.</param>
/// <param name="Line">Its line, from 1.</param>
internal sealed record KeepalivedNode(string Keyword, IReadOnlyList<string> Words, string File, int Line)
{
    /// <summary>The statements in its block.</summary>
    public List<KeepalivedNode> Children { get; } = [];

    /// <summary>Whether it has a block, even an empty one.</summary>
    public bool IsBlock { get; set; }

    /// <summary>The statement for people, without passwords.</summary>
    public string Written => Section.Shown(Words.Prepend(Keyword).Any(IsOfPassword)
        ? $"{Keyword} (hidden)"
        : string.Join(' ', [Keyword, .. Words]));

    /// <summary>The word after the keyword, or nothing.</summary>
    public string Value => Words.Count > 0 ? Words[0] : "";

    private static bool IsOfPassword(string word) =>
        word != "PASS" && word.Contains("pass", StringComparison.OrdinalIgnoreCase);
}
