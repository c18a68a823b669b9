namespace InfluxMirror.InfluxQL;

internal enum TokenKind : byte
{
    /// <summary>The end of the query.</summary>
    End,

    /// <summary>Something no token starts with or that never ends; nothing after it is read.</summary>
    Fault,
    Semicolon,

    /// <summary>A bare word: a keyword or an identifier.</summary>
    Word,

    /// <summary>An identifier in double quotes; bare characters may stand before it, which influxd ignores.</summary>
    QuotedName,

    /// <summary>A bound parameter, <c>$name</c>: its value is in the request, and may be an identifier.</summary>
    Parameter,
    String,
    Number,
    Duration,
    Regex,
    LeftParen,
    RightParen,
    Comma,
    Dot,
    Colon,
    DoubleColon,
    Equal,

    /// <summary><c>&lt;</c> or <c>&lt;=</c>.</summary>
    Less,

    /// <summary><c>&gt;</c> or <c>&gt;=</c>.</summary>
    Greater,

    /// <summary><c>=~</c> or <c>!~</c>: a regular expression follows.</summary>
    Match,

    /// <summary>Arithmetic, and the inequalities.</summary>
    Operator,
}

/// <summary>A token by its place in the query: characters from Start up to, without, End.</summary>
internal readonly record struct QueryToken(TokenKind Kind, int Start, int End, Keyword Keyword = Keyword.None)
{
    /// <summary>Whether a database, measurement or function can be named by this token.</summary>
    public bool IsName => Kind is TokenKind.QuotedName or TokenKind.Parameter
        || (Kind == TokenKind.Word && Keyword == Keyword.None);

    public bool EndsStatement => Kind is TokenKind.Semicolon or TokenKind.End or TokenKind.Fault;
}
