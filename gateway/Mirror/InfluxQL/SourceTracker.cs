namespace InfluxMirror.InfluxQL;

/// <summary>
/// Knows whether the last token stands in a list of sources: there <c>db.rp./regex/</c> holds a regular expression,
/// while <c>a./2</c> in an expression is a division to influxd.
/// </summary>
internal struct SourceTracker
{
    private int _depth;

    /// <summary>How deep the parentheses were at each subquery that is open.</summary>
    private Stack<int>? _subqueries;

    public bool InSources { get; private set; }

    public void Follow(QueryToken token)
    {
        if (token.Kind == TokenKind.LeftParen)
        {
            Open();
        }
        else if (token.Kind == TokenKind.RightParen)
        {
            Close();
        }
        else if (token.Kind == TokenKind.Semicolon)
        {
            this = default;
        }
        else if (token.Keyword != Keyword.None)
        {
            InSources = token.Keyword == Keyword.From;
        }
    }

    private void Open()
    {
        if (InSources)
        {
            (_subqueries ??= new Stack<int>()).Push(_depth);
            InSources = false;
        }

        _depth++;
    }

    private void Close()
    {
        _depth--;
        if (_subqueries is not null && _subqueries.TryPeek(out int depth) && depth == _depth)
        {
            _subqueries.Pop();
            InSources = true;
        }
    }
}
