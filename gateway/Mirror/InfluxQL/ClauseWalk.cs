namespace InfluxMirror.InfluxQL;

/// <summary>What the clauses of a statement are read for.</summary>
internal enum ClauseUse : byte
{
    /// <summary>Databases only.</summary>
    Reads,

    /// <summary>A SELECT, which INTO turns into a mutation.</summary>
    Selects,

    /// <summary>DELETE and DROP SERIES: a mutation from the start.</summary>
    Removes,
}

/// <summary>
/// Walks through the clauses of a statement (INTO, FROM with subqueries, WHERE, GROUP BY) and gathers the databases
/// they name and, where the statement mutates, the places that depend on the present. Subqueries are kept on a stack
/// of its own, so their depth costs memory, never the thread's stack.
/// </summary>
internal ref struct ClauseWalk
{
    private readonly ref TokenCursor _cursor;
    private readonly ref DatabaseNames _databases;
    private readonly string? _database;
    private readonly ClauseUse _use;
    private SelectScope _scope = new();
    private Stack<SelectScope>? _outer;
    private QueryToken _previous;
    private bool _writes;
    private ImplicitBounds _bounds;

    public ClauseWalk(
        ref TokenCursor cursor, ref DatabaseNames databases, string? database, ClauseUse use)
    {
        _cursor = ref cursor;
        _databases = ref databases;
        _database = database;
        _use = use;
        _writes = use == ClauseUse.Removes;
    }

    public List<FreezePoint>? FreezePoints { get; private set; }

    /// <summary>Walks to the end of the statement and tells whether it mutates.</summary>
    public bool Run()
    {
        while (!_cursor.Current.EndsStatement)
        {
            QueryToken token = _cursor.Current;
            if (token.Kind == TokenKind.LeftParen)
            {
                OpenParenthesis();
            }
            else if (token.Kind == TokenKind.RightParen)
            {
                CloseParenthesis();
            }
            else if (token.Keyword != Keyword.None)
            {
                Word(token.Keyword);
            }
            else if (token.IsName && _scope.Clause == Clause.Sources && _scope.Depth == 0)
            {
                Path();
            }
            else if (token.IsName && _scope.Clause == Clause.Where)
            {
                NameInCondition();
            }
            else if (token.IsName && _scope.Clause == Clause.GroupBy && _scope.Depth == 0)
            {
                Dimension();
            }
            else
            {
                if (token.Kind == TokenKind.Regex && _scope.Clause == Clause.Sources)
                {
                    _databases.Add(_database);
                }

                Step();
            }
        }

        while (_outer is { Count: > 0 })
        {
            CloseScope();
        }

        CloseBounds();
        FreezePoints = _bounds.AddTo(FreezePoints);
        return _writes;
    }

    /// <summary>Consumes a token and notes how far its clause reaches.</summary>
    private void Step()
    {
        _previous = _cursor.Current;
        if (_scope.Clause == Clause.Sources)
        {
            _scope.SourcesEnd = _previous.End;
        }
        else if (_scope.Clause == Clause.Where)
        {
            _scope.WhereStart = _scope.WhereStart < 0 ? _previous.Start : _scope.WhereStart;
            _scope.WhereEnd = _previous.End;
        }

        _cursor.Advance();
    }

    private void OpenParenthesis()
    {
        bool subqueryMayFollow = _scope.Clause == Clause.Sources && _scope.Depth == 0;
        Step();
        if (subqueryMayFollow && _cursor.Current.Keyword == Keyword.Select)
        {
            _outer ??= new Stack<SelectScope>();
            _outer.Push(_scope);
            _scope = new SelectScope { FirstBound = _bounds.Count };
            Step();
        }
        else
        {
            _scope.Depth++;
        }
    }

    private void CloseParenthesis()
    {
        if (_scope.Depth > 0)
        {
            _scope.Depth--;
        }
        else if (_outer is { Count: > 0 })
        {
            CloseScope();
        }

        Step();
    }

    private void Word(Keyword keyword)
    {
        if (keyword == Keyword.Into)
        {
            _writes |= _use == ClauseUse.Selects;
            Step();
            if (_cursor.Current.IsName)
            {
                Path();
            }

            return;
        }

        Clause next = _scope.Depth > 0 ? _scope.Clause : keyword switch
        {
            Keyword.From => Clause.Sources,
            Keyword.Where => Clause.Where,
            Keyword.Group => Clause.GroupBy,
            Keyword.Order or Keyword.Limit or Keyword.Offset or Keyword.SLimit or Keyword.SOffset => Clause.Tail,
            _ => _scope.Clause,
        };
        if (next == _scope.Clause)
        {
            Step();
        }
        else
        {
            // The keyword belongs to neither clause.
            _previous = _cursor.Current;
            _scope.Clause = next;
            _cursor.Advance();
        }
    }

    /// <summary>
    /// Reads <c>[[db.]rp.]name</c>; a segment may be empty, the last one a regex or <c>:MEASUREMENT</c>.
    /// </summary>
    private void Path()
    {
        QueryToken first = _cursor.Current;
        int segments = 1;
        Step();
        while (_cursor.Current.Kind == TokenKind.Dot)
        {
            segments++;
            Step();
            if (_cursor.Current.IsName || _cursor.Current.Kind is TokenKind.Regex or TokenKind.Colon)
            {
                Step();
            }
        }

        if (segments >= 3)
        {
            _databases.Add(ref _cursor, first);
        }
        else
        {
            _databases.Add(_database);
        }
    }

    /// <summary>A name in WHERE: <c>now()</c>, <c>time</c> compared with an upper bound, or of no interest.</summary>
    private void NameInCondition()
    {
        QueryToken before = _previous;
        QueryToken name = _cursor.Current;
        if (TryNow(out QueryToken close))
        {
            AddPoint(new FreezePoint(FreezeKind.Now, name.Start, close.End));
            return;
        }

        if (!_cursor.Spells(name, "time"))
        {
            return;
        }

        if (_cursor.Current.Kind == TokenKind.DoubleColon)
        {
            Step();
            Step();
        }

        bool leads = before.Kind == TokenKind.LeftParen
            || before.Keyword is Keyword.Where or Keyword.And or Keyword.Or;
        QueryToken after = _cursor.Current;
        bool trails = after.EndsStatement || after.Kind == TokenKind.RightParen || after.Keyword != Keyword.None;
        _scope.HasUpperBound |= (leads && after.Kind is TokenKind.Less or TokenKind.Equal)
            || (trails && before.Kind is TokenKind.Greater or TokenKind.Equal);
    }

    /// <summary>
    /// Consumes the name at hand, and the call that it starts if that is <c>now()</c>: influxd wants the parenthesis
    /// right behind the name and allows blanks inside. A bound parameter that stands for now is not seen.
    /// </summary>
    private bool TryNow(out QueryToken close)
    {
        QueryToken name = _cursor.Current;
        close = default;
        bool spelled = _cursor.Spells(name, "now");
        Step();
        if (!spelled || _cursor.Current.Kind != TokenKind.LeftParen || _cursor.Current.Start != name.End)
        {
            return false;
        }

        Step();
        close = _cursor.Current;
        if (close.Kind == TokenKind.RightParen)
        {
            Step();
            return true;
        }

        _scope.Depth++;
        return false;
    }

    /// <summary>
    /// A name in GROUP BY; <c>time(interval[, offset])</c> makes an aggregate that ends at the present.
    /// </summary>
    private void Dimension()
    {
        QueryToken name = _cursor.Current;
        Step();
        if (!_cursor.Spells(name, "time") || _cursor.Current.Kind != TokenKind.LeftParen
            || _cursor.Current.Start != name.End)
        {
            return;
        }

        _scope.HasInterval = true;
        _scope.Depth++;
        Step();
        QueryToken interval = _cursor.Current;
        if (interval.EndsStatement || interval.Kind == TokenKind.RightParen)
        {
            return;
        }

        Step();
        if (_cursor.Current.Kind != TokenKind.Comma)
        {
            return;
        }

        Step();
        QueryToken offset = _cursor.Current;
        if (offset.IsName && TryNow(out QueryToken close) && _cursor.Current.Kind == TokenKind.RightParen)
        {
            int length = interval.Kind == TokenKind.Duration ? interval.End - interval.Start : 0;
            AddPoint(new FreezePoint(
                FreezeKind.GroupOffset, offset.Start, close.End, interval.Start, interval.Start + length));
        }
    }

    private void AddPoint(FreezePoint point)
    {
        if (_writes)
        {
            (FreezePoints ??= []).Add(point);
        }
    }

    private void CloseScope()
    {
        CloseBounds();
        _scope = _outer!.Pop();
    }

    private void CloseBounds()
    {
        // INTO stands before the sources, so reads note no bounds. DELETE and DROP SERIES have none.
        if (_writes && _use == ClauseUse.Selects)
        {
            _bounds.Close(_scope);
        }
    }
}
