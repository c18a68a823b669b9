using System.Text;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>
/// Reads keepalived.conf and what it includes into statements. Whatever the text, it ends, throws nothing, and says
/// what it left out.
/// </summary>
internal sealed class KeepalivedParser(KeepalivedFiles files, ImportNotes notes)
{
    /// <summary>Blocks in blocks; keepalived has four.</summary>
    public const int MaxNesting = 16;

    /// <summary>Files that include each other.</summary>
    public const int MaxIncludeDepth = 16;

    /// <summary>Files read in all.</summary>
    public const int MaxFiles = 256;

    /// <summary>Statements in all.</summary>
    public const int MaxStatements = 10_000;

    /// <summary>Characters in all, with what variables put in.</summary>
    public const int MaxTotal = 4 << 20;

    /// <summary>Characters of a line with what variables put into it.</summary>
    public const int MaxLineLength = 1 << 16;

    private readonly KeepalivedNode _root = new("", [], "", 0) { IsBlock = true };
    private readonly Stack<KeepalivedNode> _open = new();
    private readonly HashSet<string> _reading = [];
    private readonly KeepalivedVariables _variables = new();
    private int _filesRead;
    private int _statements;
    private int _total;
    private int _tooDeep;

    /// <summary>Reads a file; null where it cannot be read.</summary>
    public KeepalivedNode? Parse(string path)
    {
        if (files.Read(path) is not { } text)
            return null;
        _open.Push(_root);
        ReadText(path, text);
        if (_total > MaxTotal)
            notes.NotUnderstood(path, 1, $"more than {MaxTotal} characters with all includes; the rest is left out");
        foreach (KeepalivedNode block in _open.Where(block => block.Line > 0))
            notes.NotUnderstood(block.File, block.Line, $"{block.Written}: its block is not closed");
        return _root;
    }

    private void ReadText(string file, string text)
    {
        _filesRead++;
        _reading.Add(file);
        int number = 0;
        StringBuilder line = new();
        foreach (ReadOnlySpan<char> raw in text.AsSpan().TrimStart('\ufeff').EnumerateLines())
        {
            number++;
            _total += raw.Length;
            if (_total > MaxTotal)
                break;
            if (raw.Length + line.Length > MaxLineLength)
            {
                notes.NotUnderstood(file, number, "the line is too long");
                line.Clear();
                continue;
            }

            line.Append(KeepalivedLine.WithoutComment(raw.ToString(), out bool goesOn));
            if (goesOn)
                continue;
            ReadLine(file, number, line.ToString());
            line.Clear();
        }

        if (line.Length > 0)
            ReadLine(file, number, line.ToString());
        _reading.Remove(file);
    }

    private void ReadLine(string file, int number, string written)
    {
        string line = written.Trim();
        if (line.Length == 0)
            return;
        if (line[0] == '@')
        {
            line = Conditional(file, number, line);
        }
        else if (_variables.TryDefine(line))
        {
            return;
        }

        if (_variables.Expand(line, MaxLineLength) is not { } expanded)
        {
            notes.NotUnderstood(file, number, "the line is too long with its variables in it");
            return;
        }

        _total += expanded.Length - line.Length;

        List<KeepalivedWord> words = KeepalivedLine.Words(expanded);
        if (words.Count > 0 && !words[0].IsBrace && words[0].Text.StartsWith("include", StringComparison.Ordinal)
            && words.Count == 2)
            Include(file, number, words[1].Text);
        else
            AddStatements(file, number, words);
    }

    /// <summary>
    /// A line that holds for a configuration id only. keepalived without -i takes those that say @^id, not this id.
    /// </summary>
    private string Conditional(string file, int number, string line)
    {
        int end = line.IndexOfAny([' ', '\t']);
        string id = end < 0 ? line : line[..end];
        if (id.StartsWith("@^", StringComparison.Ordinal) && end > 0)
            return line[end..].Trim();
        notes.NotUnderstood(
            file, number, $"{Section.Shown(id)} …: is for a machine with that id; take the id off and import again");
        return "";
    }

    private void AddStatements(string file, int number, List<KeepalivedWord> words)
    {
        List<string> statement = [];
        KeepalivedNode? last = null;
        foreach (KeepalivedWord word in words)
        {
            if (!word.IsBrace)
            {
                statement.Add(word.Text);
                continue;
            }

            last = Add(file, number, statement) ?? last;
            statement = [];
            if (word.Text == "{")
                Open(file, number, last);
            else
                Close(file, number);
            last = null;
        }

        Add(file, number, statement);
    }

    private KeepalivedNode? Add(string file, int number, List<string> words)
    {
        if (words.Count == 0 || _tooDeep > 0)
            return null;
        if (++_statements > MaxStatements)
        {
            if (_statements == MaxStatements + 1)
                notes.NotUnderstood(file, number, $"more than {MaxStatements} statements; the rest is left out");
            return null;
        }

        KeepalivedNode node = new(words[0], words[1..], file, number);
        _open.Peek().Children.Add(node);
        return node;
    }

    // A brace on a line of its own belongs to the statement before it.
    private void Open(string file, int number, KeepalivedNode? node)
    {
        node ??= _open.Peek().Children.LastOrDefault(child => !child.IsBlock && child.File == file);
        if (_tooDeep > 0 || _open.Count > MaxNesting || node is null)
        {
            if (_tooDeep++ == 0)
                notes.NotUnderstood(file, number, "a block that nothing opens, or blocks too deep in each other");
            return;
        }

        node.IsBlock = true;
        _open.Push(node);
    }

    private void Close(string file, int number)
    {
        if (_tooDeep > 0)
            _tooDeep--;
        else if (_open.Count > 1)
            _open.Pop();
        else
            notes.NotUnderstood(file, number, "a } too much");
    }

    private void Include(string file, int number, string pattern)
    {
        string whole = Path.Combine(Path.GetDirectoryName(file) ?? "", pattern);
        IReadOnlyList<string> included = files.Expand(whole);
        if (included.Count == 0)
            notes.NotUnderstood(file, number, $"include {Section.Shown(pattern)}: there is no such file");
        foreach (string path in included)
        {
            string shown = Section.Shown(path);
            if (_reading.Contains(path) || _reading.Count >= MaxIncludeDepth || _filesRead >= MaxFiles)
                notes.NotUnderstood(file, number, $"include {shown}: it includes itself, or there are too many files");
            else if (files.Read(path) is { } text)
                ReadText(path, text);
            else
                notes.NotUnderstood(file, number, $"include {shown}: cannot be read, or is too long");
        }
    }
}
