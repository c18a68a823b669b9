namespace InfluxMirror.InfluxQL;

/// <summary>
/// Walks once through a query and gathers what its statements do. The first words of a statement decide; what follows
/// them is read for the databases and the times it names.
/// </summary>
internal ref struct QueryWalk(string query, string? defaultDatabase)
{
    private TokenCursor _cursor = new(query);
    private DatabaseNames _databases;
    private bool _nodeLocal;
    private bool _pinRequired;
    private bool _mutates;
    private bool _destructive;

    /// <summary>Where the mutating statements depend on the present, in no order; null for nowhere.</summary>
    public List<FreezePoint>? FreezePoints { get; private set; }

    public void Run()
    {
        while (_cursor.ToStatement())
        {
            Keyword first = _cursor.Current.Keyword;
            _cursor.Advance();
            Statement(first);
            _cursor.SkipStatement();
        }

        if (_cursor.Current.Kind == TokenKind.Fault)
        {
            // influxd refuses such a query as a whole. Nothing is rewritten that was not understood to its end.
            ChangesEverything();
            FreezePoints = null;
        }
    }

    public readonly QueryAnalysis Result() => new(
        _pinRequired ? StatementKind.PinRequired
            : _mutates ? StatementKind.Mutation
            : _nodeLocal ? StatementKind.NodeLocal
            : StatementKind.Read,
        _pinRequired && _mutates,
        _databases.All || (_mutates && _databases.IsEmpty),
        _databases.List,
        _destructive,
        FreezePoints is not null);

    private void Statement(Keyword first)
    {
        switch (first)
        {
            case Keyword.Select:
                Select();
                break;
            case Keyword.Show:
                Show();
                break;
            case Keyword.Explain:
                _cursor.Accept(Keyword.Analyze);
                if (_cursor.Accept(Keyword.Select))
                {
                    Clauses(defaultDatabase, ClauseUse.Reads);
                }

                break;
            case Keyword.Create:
                _mutates = true;
                Create();
                break;
            case Keyword.Alter:
                _mutates = true;
                RetentionPolicy();
                break;
            case Keyword.Drop:
                Drop();
                break;
            case Keyword.Delete:
                RemovePoints(named: false);
                break;
            case Keyword.Kill:
                _pinRequired = true;
                break;
            default:
                // GRANT, REVOKE, SET PASSWORD, and whatever is unknown.
                ChangesEverything();
                break;
        }
    }

    private void Select()
    {
        if (Clauses(defaultDatabase, ClauseUse.Selects))
        {
            _mutates = true;
        }
    }

    private void Show()
    {
        Keyword what = _cursor.Current.Keyword;
        _cursor.Advance();
        switch (what)
        {
            case Keyword.Queries or Keyword.Shard or Keyword.Shards or Keyword.Stats or Keyword.Diagnostics:
                _nodeLocal = true;
                break;
            case Keyword.Measurement or Keyword.Measurements or Keyword.Series:
            case Keyword.Tag or Keyword.Field or Keyword.Retention:
                ShowOneDatabase();
                break;
            default:
                _databases.AddAll();
                break;
        }
    }

    /// <summary>SHOW … [ON db] [FROM sources] …: the database before FROM is the one its sources fall to.</summary>
    private void ShowOneDatabase()
    {
        while (!_cursor.Current.EndsStatement
            && _cursor.Current.Keyword is not (Keyword.On or Keyword.From or Keyword.Where))
        {
            _cursor.Advance();
        }

        if (_cursor.Accept(Keyword.On) && _cursor.Current.IsName)
        {
            _databases.Add(ref _cursor, _cursor.Current);
            Clauses(null, ClauseUse.Reads);
        }
        else
        {
            _databases.Add(defaultDatabase);
            Clauses(defaultDatabase, ClauseUse.Reads);
        }
    }

    private void Create()
    {
        if (_cursor.Accept(Keyword.Database))
        {
            Database();
        }
        else if (_cursor.Current.Keyword == Keyword.Retention)
        {
            RetentionPolicy();
        }
        else if (_cursor.Accept(Keyword.Subscription))
        {
            DatabaseAfterOn();
        }
        else if (_cursor.Accept(Keyword.Continuous))
        {
            // influxd looks up the databases of the body when it creates the query. Its now() stays: it runs for ever.
            DatabaseAfterOn();
            if (_cursor.SkipPast(Keyword.Begin) && _cursor.Accept(Keyword.Select))
            {
                Clauses(defaultDatabase, ClauseUse.Reads);
            }
        }
        else
        {
            ChangesEverything();
        }
    }

    private void Drop()
    {
        Keyword what = _cursor.Current.Keyword;
        if (what == Keyword.Shard)
        {
            _pinRequired = true;
            return;
        }

        _mutates = true;
        switch (what)
        {
            case Keyword.Database:
                _cursor.Advance();
                _destructive = true;
                Database();
                break;
            case Keyword.Retention:
                _destructive = true;
                RetentionPolicy();
                break;
            case Keyword.Measurement:
                RemovePoints(named: true);
                break;
            case Keyword.Series:
                RemovePoints(named: false);
                break;
            case Keyword.Subscription or Keyword.Continuous:
                _cursor.Advance();
                DatabaseAfterOn();
                break;
            default:
                ChangesEverything();
                break;
        }
    }

    /// <summary>DELETE, DROP SERIES or DROP MEASUREMENT: in the request's database, whatever else is named.</summary>
    private void RemovePoints(bool named)
    {
        _mutates = true;
        _destructive = true;
        _databases.Add(defaultDatabase);
        if (!named)
        {
            Clauses(defaultDatabase, ClauseUse.Removes);
        }
    }

    /// <summary>… RETENTION POLICY name ON db …; anything else is not understood.</summary>
    private void RetentionPolicy()
    {
        if (_cursor.Accept(Keyword.Retention))
        {
            DatabaseAfterOn();
        }
        else
        {
            ChangesEverything();
        }
    }

    private void DatabaseAfterOn()
    {
        if (_cursor.SkipPast(Keyword.On))
        {
            Database();
        }
        else
        {
            ChangesEverything();
        }
    }

    private void Database()
    {
        if (_cursor.Current.IsName)
        {
            _databases.Add(ref _cursor, _cursor.Current);
            _cursor.Advance();
        }
        else
        {
            ChangesEverything();
        }
    }

    private bool Clauses(string? database, ClauseUse use)
    {
        var walk = new ClauseWalk(ref _cursor, ref _databases, database, use);
        bool writes = walk.Run();
        if (walk.FreezePoints is { } points)
        {
            if (FreezePoints is null)
            {
                FreezePoints = points;
            }
            else
            {
                FreezePoints.AddRange(points);
            }
        }

        return writes;
    }

    /// <summary>Users, grants and what is unknown: every destination must get it, in order with all else.</summary>
    private void ChangesEverything()
    {
        _mutates = true;
        _databases.AddAll();
    }
}
