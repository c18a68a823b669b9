namespace InfluxMirror.InfluxQL;

/// <summary>The reserved words of InfluxQL that decide what a statement does. All others read as plain words.</summary>
internal enum Keyword : byte
{
    None,
    Alter,
    Analyze,
    And,
    Begin,
    By,
    Continuous,
    Create,
    Database,
    Delete,
    Diagnostics,
    Drop,
    Explain,
    Field,
    For,
    From,
    Group,
    Into,
    Kill,
    Limit,
    Measurement,
    Measurements,
    Offset,
    On,
    Or,
    Order,
    Password,
    Queries,
    Retention,
    Select,
    Series,
    Shard,
    Shards,
    Show,
    SLimit,
    SOffset,
    Stats,
    Subscription,
    Tag,
    Where,
}

internal static class Keywords
{
    private const int LongestWord = 12;

    /// <summary>The keyword that a bare word is, whatever its case.</summary>
    public static Keyword Lookup(ReadOnlySpan<char> word)
    {
        if (word.Length is < 2 or > LongestWord)
        {
            return Keyword.None;
        }

        Span<char> lower = stackalloc char[LongestWord];
        for (int i = 0; i < word.Length; i++)
        {
            // A bare word holds ASCII letters, digits and '_' only: this bit lowers letters and makes nothing a letter.
            lower[i] = (char)(word[i] | 0x20);
        }

        return LookupLower(lower[..word.Length]);
    }

    private static Keyword LookupLower(ReadOnlySpan<char> word) => word switch
    {
        "alter" => Keyword.Alter,
        "analyze" => Keyword.Analyze,
        "and" => Keyword.And,
        "begin" => Keyword.Begin,
        "by" => Keyword.By,
        "continuous" => Keyword.Continuous,
        "create" => Keyword.Create,
        "database" => Keyword.Database,
        "delete" => Keyword.Delete,
        "diagnostics" => Keyword.Diagnostics,
        "drop" => Keyword.Drop,
        "explain" => Keyword.Explain,
        "field" => Keyword.Field,
        "for" => Keyword.For,
        "from" => Keyword.From,
        "group" => Keyword.Group,
        "into" => Keyword.Into,
        "kill" => Keyword.Kill,
        "limit" => Keyword.Limit,
        "measurement" => Keyword.Measurement,
        "measurements" => Keyword.Measurements,
        "offset" => Keyword.Offset,
        "on" => Keyword.On,
        "or" => Keyword.Or,
        "order" => Keyword.Order,
        "password" => Keyword.Password,
        "queries" => Keyword.Queries,
        "retention" => Keyword.Retention,
        "select" => Keyword.Select,
        "series" => Keyword.Series,
        "shard" => Keyword.Shard,
        "shards" => Keyword.Shards,
        "show" => Keyword.Show,
        "slimit" => Keyword.SLimit,
        "soffset" => Keyword.SOffset,
        "stats" => Keyword.Stats,
        "subscription" => Keyword.Subscription,
        "tag" => Keyword.Tag,
        "where" => Keyword.Where,
        _ => Keyword.None,
    };
}
