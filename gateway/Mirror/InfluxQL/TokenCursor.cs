using System.Text;

namespace InfluxMirror.InfluxQL;

/// <summary>One token of lookahead over a query, and the names that tokens spell.</summary>
internal struct TokenCursor
{
    private readonly string _query;
    private QueryTokenizer _tokens;

    public TokenCursor(string query)
    {
        _query = query;
        _tokens = new QueryTokenizer(query);
        Current = _tokens.Next();
    }

    public QueryToken Current { get; private set; }

    public void Advance() => Current = _tokens.Next();

    public bool Accept(Keyword keyword)
    {
        if (Current.Keyword != keyword)
        {
            return false;
        }

        Advance();
        return true;
    }

    /// <summary>
    /// Moves to the first token of a statement, past semicolons; false at the end of the query or at a fault. A
    /// semicolon is one where the tokenizer sees it, never inside a string, name, regular expression or comment.
    /// </summary>
    public bool ToStatement()
    {
        while (Current.Kind == TokenKind.Semicolon)
        {
            Advance();
        }

        return !Current.EndsStatement;
    }

    /// <summary>Moves behind the last token of the statement at hand.</summary>
    public void SkipStatement()
    {
        while (!Current.EndsStatement)
        {
            Advance();
        }
    }

    /// <summary>Steps over tokens of this statement until the keyword is passed; false when it is not there.</summary>
    public bool SkipPast(Keyword keyword)
    {
        while (!Current.EndsStatement)
        {
            if (Accept(keyword))
            {
                return true;
            }

            Advance();
        }

        return false;
    }

    /// <summary>Whether a token names this in any case, as functions and time may be written.</summary>
    public readonly bool Spells(QueryToken token, ReadOnlySpan<char> word)
    {
        return token.IsName && token.Kind != TokenKind.Parameter
            && Text(token).Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The characters of a name, without quotes but with its escapes.</summary>
    public readonly ReadOnlySpan<char> Text(QueryToken token)
    {
        ReadOnlySpan<char> text = _query.AsSpan(token.Start, token.End - token.Start);
        return token.Kind == TokenKind.QuotedName ? text[(text.IndexOf('"') + 1)..^1] : text;
    }

    /// <summary>A quoted name without its escapes.</summary>
    public static string Unescape(ReadOnlySpan<char> text)
    {
        var name = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\' && i + 1 < text.Length)
            {
                c = text[++i] == 'n' ? '\n' : text[i];
            }

            name.Append(c);
        }

        return name.ToString();
    }
}
