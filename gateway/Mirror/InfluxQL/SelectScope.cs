namespace InfluxMirror.InfluxQL;

internal enum Clause : byte
{
    Fields,
    Sources,
    Where,
    GroupBy,

    /// <summary>ORDER BY and all behind it.</summary>
    Tail,
}

/// <summary>What is known so far of one SELECT while its text is walked.</summary>
internal struct SelectScope()
{
    public Clause Clause { get; set; }

    /// <summary>Open parentheses that are no subqueries.</summary>
    public int Depth { get; set; }

    public int SourcesEnd { get; set; }

    /// <summary>Where the condition of WHERE begins; negative without one.</summary>
    public int WhereStart { get; set; } = -1;

    public int WhereEnd { get; set; }

    /// <summary>WHERE compares time with something it must not pass.</summary>
    public bool HasUpperBound { get; set; }

    /// <summary>There is a <c>GROUP BY time(…)</c>.</summary>
    public bool HasInterval { get; set; }

    /// <summary>How many bounds had been noted before this SELECT: those behind are of its subqueries.</summary>
    public int FirstBound { get; set; }
}
