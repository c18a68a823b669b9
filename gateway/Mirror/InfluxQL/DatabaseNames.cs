namespace InfluxMirror.InfluxQL;

/// <summary>The databases a query concerns: a small set without duplicates, bounded against hostile queries.</summary>
internal struct DatabaseNames
{
    /// <summary>A search through the list for each name stays cheap below this.</summary>
    public const int MaxCount = 256;

    private List<string>? _names;

    /// <summary>Every database is concerned, whatever the names.</summary>
    public bool All { get; private set; }

    public readonly bool IsEmpty => _names is null;

    public readonly IReadOnlyList<string> List => _names is null ? [] : _names;

    public void AddAll() => All = true;

    public void Add(string? name)
    {
        if (name is not null && !Contains(name))
        {
            Append(name);
        }
    }

    /// <summary>Adds what a token names; a bound parameter may name any database.</summary>
    public void Add(ref TokenCursor cursor, QueryToken token)
    {
        ReadOnlySpan<char> text = cursor.Text(token);
        if (token.Kind == TokenKind.Parameter)
        {
            All = true;
        }
        else if (token.Kind == TokenKind.QuotedName && text.Contains('\\'))
        {
            Add(TokenCursor.Unescape(text));
        }
        else if (!Contains(text))
        {
            Append(text.ToString());
        }
    }

    private readonly bool Contains(ReadOnlySpan<char> name)
    {
        if (_names is not null)
        {
            foreach (string known in _names)
            {
                if (name.SequenceEqual(known))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Append(string name)
    {
        _names ??= new List<string>(1);
        if (_names.Count < MaxCount)
        {
            _names.Add(name);
        }
        else
        {
            All = true;
        }
    }
}
