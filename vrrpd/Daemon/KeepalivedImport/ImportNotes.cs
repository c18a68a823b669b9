namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>What became of a statement.</summary>
public enum ImportOutcome : byte
{
    /// <summary>It means the same in the new file.</summary>
    Kept,

    /// <summary>The new file has it, but it means something else, or a part of it is gone.</summary>
    Changed,

    /// <summary>The new file does not have it.</summary>
    NotKept,
}

/// <summary>What became of one statement of keepalived.conf.</summary>
/// <param name="Outcome">Kept, changed or not kept.</param>
/// <param name="File">The file it stands in; empty: it is about all of it.</param>
/// <param name="Line">Its line, from 1; 0: it is about all of it.</param>
/// <param name="Text">What and why, for people; without passwords.</param>
public sealed record ImportNote(ImportOutcome Outcome, string File, int Line, string Text)
{
    /// <summary>As a compiler's message.</summary>
    public override string ToString()
    {
        string place = Line == 0 ? "" : $"{File}:{Line}: ";
        string outcome = Outcome switch
        {
            ImportOutcome.Kept => "kept",
            ImportOutcome.Changed => "changed",
            _ => "not kept",
        };
        return $"{place}{outcome}: {Text}";
    }
}

/// <summary>Collects what became of the statements.</summary>
internal sealed class ImportNotes
{
    private readonly List<ImportNote> _all = [];

    public IReadOnlyList<ImportNote> All => _all;

    public void Kept(KeepalivedNode node, string by) => Add(ImportOutcome.Kept, node, $"{node.Written} -> {by}");

    public void Changed(KeepalivedNode node, string why) =>
        Add(ImportOutcome.Changed, node, $"{node.Written}: {why}");

    public void NotKept(KeepalivedNode node, string why) =>
        Add(ImportOutcome.NotKept, node, $"{node.Written}: {why}");

    /// <summary>A place that could not be understood.</summary>
    public void NotUnderstood(string file, int line, string why) =>
        _all.Add(new(ImportOutcome.NotKept, file, line, OnOneLine(why)));

    /// <summary>Something about the whole.</summary>
    public void Changed(string text) => _all.Add(new(ImportOutcome.Changed, "", 0, text));

    private void Add(ImportOutcome outcome, KeepalivedNode node, string text) =>
        _all.Add(new(outcome, node.File, node.Line, OnOneLine(text)));

    // Names come from the file, with whatever is in them.
    private static string OnOneLine(string text) =>
        text.Any(char.IsControl) ? new([.. text.Select(c => char.IsControl(c) ? '?' : c)]) : text;
}
