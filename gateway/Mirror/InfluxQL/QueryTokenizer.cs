using System.Buffers;

namespace InfluxMirror.InfluxQL;

/// <summary>
/// Reads InfluxQL token by token as the scanner of InfluxDB 1.6 does, oddities included: a carriage return is a line
/// feed, a word glued to a quoted name vanishes, <c>1.INTO</c> is a number and a keyword, and in a regular expression
/// a slash is escaped by the backslash right before it even if that one is escaped itself.
/// One difference is deliberate: influxd ends a query at a NUL character, here it is a fault.
/// </summary>
internal struct QueryTokenizer(string query)
{
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\0");
    private static readonly SearchValues<char> StringStops = SearchValues.Create("'\\\n\r\0");
    private static readonly SearchValues<char> NameStops = SearchValues.Create("\"\\\n\r\0");
    private static readonly SearchValues<char> RegexStops = SearchValues.Create("/\\\n\r\0");

    private readonly string _query = query;
    private int _position;
    private QueryToken _last;
    private SourceTracker _sources;

    /// <summary>The next token, comments and whitespace skipped.</summary>
    public QueryToken Next()
    {
        if (_last.Kind != TokenKind.Fault)
        {
            _last = SkipBlanks() ? Scan() : Fault();
            _sources.Follow(_last);
        }

        return _last;
    }

    private QueryToken Scan()
    {
        int start = _position;
        if (start >= _query.Length)
        {
            return new QueryToken(TokenKind.End, start, start);
        }

        char first = _query[start];
        if (IsWordCharacter(first))
        {
            return char.IsAsciiDigit(first) ? ScanNumber() : ScanWord();
        }

        return first switch
        {
            '\'' => Quoted(TokenKind.String, start, StringStops),
            '"' => Quoted(TokenKind.QuotedName, start, NameStops),
            '$' => ScanParameter(),
            '/' when RegexMayStart() => ScanRegex(),
            '.' when char.IsAsciiDigit(Peek(1)) => ScanNumber(),
            '.' => Take(TokenKind.Dot, 1),
            ';' => Take(TokenKind.Semicolon, 1),
            ',' => Take(TokenKind.Comma, 1),
            '(' => Take(TokenKind.LeftParen, 1),
            ')' => Take(TokenKind.RightParen, 1),
            ':' => Peek(1) == ':' ? Take(TokenKind.DoubleColon, 2) : Take(TokenKind.Colon, 1),
            '=' => Peek(1) == '~' ? Take(TokenKind.Match, 2) : Take(TokenKind.Equal, 1),
            '!' when Peek(1) == '~' => Take(TokenKind.Match, 2),
            '!' when Peek(1) == '=' => Take(TokenKind.Operator, 2),
            '<' when Peek(1) == '>' => Take(TokenKind.Operator, 2),
            '<' => Take(TokenKind.Less, Peek(1) == '=' ? 2 : 1),
            '>' => Take(TokenKind.Greater, Peek(1) == '=' ? 2 : 1),
            '+' or '-' or '*' or '/' or '%' or '&' or '|' or '^' => Take(TokenKind.Operator, 1),
            _ => Fault(),
        };
    }

    /// <summary>Steps over whitespace and comments; false when a comment never ends or holds a NUL.</summary>
    private bool SkipBlanks()
    {
        while (_position < _query.Length)
        {
            char c = _query[_position];
            if (c is ' ' or '\t' or '\n' or '\r')
            {
                _position++;
            }
            else if (c == '-' && Peek(1) == '-')
            {
                int length = _query.AsSpan(_position).IndexOfAny(LineEnds);
                _position = length < 0 ? _query.Length : _position + length;
            }
            else if (c == '/' && Peek(1) == '*')
            {
                ReadOnlySpan<char> inside = _query.AsSpan(_position + 2);
                int length = inside.IndexOf("*/");
                if (length < 0 || inside[..length].Contains('\0'))
                {
                    return false;
                }

                _position += length + 4;
            }
            else
            {
                return true;
            }
        }

        return true;
    }

    private readonly bool RegexMayStart() => _last.Kind switch
    {
        TokenKind.LeftParen or TokenKind.Comma or TokenKind.Match => true,
        TokenKind.Word => _last.Keyword is Keyword.Select or Keyword.From or Keyword.By,
        TokenKind.Dot => _sources.InSources && _last.End == _position,
        _ => false,
    };

    private QueryToken ScanWord()
    {
        int start = _position;
        SkipWord();
        if (Peek(0) == '"')
        {
            return Quoted(TokenKind.QuotedName, start, NameStops);
        }

        Keyword keyword = Keywords.Lookup(_query.AsSpan(start, _position - start));
        return new QueryToken(TokenKind.Word, start, _position, keyword);
    }

    private QueryToken ScanParameter()
    {
        int start = _position++;
        SkipWord();
        return Peek(0) == '"'
            ? Quoted(TokenKind.Parameter, start, NameStops)
            : new QueryToken(TokenKind.Parameter, start, _position);
    }

    private QueryToken ScanNumber()
    {
        int start = _position;
        SkipDigits();
        if (Peek(0) == '.')
        {
            _position++;
            SkipDigits();
            return new QueryToken(TokenKind.Number, start, _position);
        }

        if (!IsDurationLetter(Peek(0)))
        {
            return new QueryToken(TokenKind.Number, start, _position);
        }

        while (IsDurationLetter(Peek(0)) || char.IsAsciiDigit(Peek(0)))
        {
            _position++;
        }

        return new QueryToken(TokenKind.Duration, start, _position);
    }

    private QueryToken ScanRegex()
    {
        int start = _position++;
        while (true)
        {
            int length = _query.AsSpan(_position).IndexOfAny(RegexStops);
            _position = length < 0 ? _query.Length : _position + length;
            switch (Peek(0))
            {
                case '/':
                    _position++;
                    return new QueryToken(TokenKind.Regex, start, _position);
                case '\\':
                    _position += Peek(1) == '/' ? 2 : 1;
                    break;
                default:
                    return FaultAt(start);
            }
        }
    }

    /// <summary>Reads up to the closing quote; the token starts at <paramref name="start"/>.</summary>
    private QueryToken Quoted(TokenKind kind, int start, SearchValues<char> stops)
    {
        char quote = _query[_position++];
        while (true)
        {
            int length = _query.AsSpan(_position).IndexOfAny(stops);
            _position = length < 0 ? _query.Length : _position + length;
            char stop = Peek(0);
            if (stop == quote)
            {
                _position++;
                return new QueryToken(kind, start, _position);
            }

            if (stop != '\\' || Peek(1) is not ('n' or '\\' or '"' or '\''))
            {
                return FaultAt(start);
            }

            _position += 2;
        }
    }

    private void SkipWord()
    {
        while (IsWordCharacter(Peek(0)))
        {
            _position++;
        }
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Peek(0)))
        {
            _position++;
        }
    }

    private QueryToken Take(TokenKind kind, int length)
    {
        int start = _position;
        _position += length;
        return new QueryToken(kind, start, _position);
    }

    private QueryToken Fault() => FaultAt(_position);

    private QueryToken FaultAt(int start)
    {
        _position = _query.Length;
        return new QueryToken(TokenKind.Fault, start, _query.Length);
    }

    /// <summary>The character so many places ahead, NUL past the end.</summary>
    private readonly char Peek(int ahead)
    {
        int index = _position + ahead;
        return (uint)index < (uint)_query.Length ? _query[index] : '\0';
    }

    private static bool IsWordCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private static bool IsDurationLetter(char c) => char.IsAsciiLetter(c) || c == '\u00b5';
}
