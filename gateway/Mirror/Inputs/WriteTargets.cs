using System.Collections.Concurrent;
using InfluxMirror.Delivery;
using InfluxMirror.LineProtocol;
using InfluxMirror.Writes;
using Microsoft.AspNetCore.Http;

namespace InfluxMirror.Inputs;

/// <summary>What the URL and headers of a write say.</summary>
/// <param name="Target">Where it goes.</param>
/// <param name="Level">The consistency it asks; null for the route's.</param>
/// <param name="Error">InfluxDB's error if it cannot be; null otherwise.</param>
internal sealed record ParsedTarget(WriteTarget Target, ConsistencyLevel? Level, string? Error);

/// <summary>
/// Reads where a write goes. Clients repeat themselves, so what was read is kept, up to a number; the objects are
/// then the same, which makes comparing targets cheap.
/// </summary>
internal sealed class WriteTargets
{
    private const int Limit = 8192;

    /// <summary>Longer ones are read anew each time: what is kept is bounded in bytes too.</summary>
    private const int MaxKeptLength = 1024;

    private const string V2Path = "/api/v2/write";

    private readonly ConcurrentDictionary<(string Path, string Query, string? Authorization), ParsedTarget> _known =
        new();

    /// <summary>Reads a line-protocol request, of InfluxDB 1.x or 2.x shape.</summary>
    public ParsedTarget Of(HttpRequest request)
    {
        var key = Key(request);
        if (_known.TryGetValue(key, out var known))
            return known;
        var parsed = Parse(key.Path, key.Query, key.Authorization);
        if (key.Path.Length + key.Query.Length + (key.Authorization?.Length ?? 0) > MaxKeptLength)
            return parsed;
        // Those of clients that still come are soon there again.
        if (_known.Count >= Limit)
            _known.Clear();
        _known.TryAdd(key, parsed);
        return parsed;
    }

    /// <summary>Reads any other request: everything is passed on, and <c>db</c> says where it belongs.</summary>
    public static WriteTarget OfRaw(HttpRequest request)
    {
        var (path, query, authorization) = Key(request);
        return new WriteTarget
        {
            PathAndQuery = path + query,
            Authorization = authorization,
            Database = First(query, "db") ?? "",
            RetentionPolicy = First(query, "rp"),
            Precision = Precision.Nanoseconds,
            Account = AccountOf(query, authorization),
        };
    }

    /// <summary>Who asks, as InfluxDB sees it: the parameters win over the header.</summary>
    public static string AccountOf(string query, string? authorization) =>
        First(query, "u") is { Length: > 0 } user ? $"u={user}&p={First(query, "p")}" : authorization ?? "";

    private static (string Path, string Query, string? Authorization) Key(HttpRequest request)
    {
        var authorization = request.Headers.Authorization;
        return (
            request.Path.ToUriComponent(),
            request.QueryString.Value ?? "",
            authorization.Count == 0 ? null : authorization.ToString());
    }

    private static ParsedTarget Parse(string path, string query, string? authorization)
    {
        var pairs = QueryString.Pairs(query).ToList();
        var v2 = path.EndsWith(V2Path, StringComparison.Ordinal);
        var (database, retentionPolicy) = v2 ? Bucket(pairs) : (Value(pairs, "db"), Value(pairs, "rp"));
        var precision = Value(pairs, "precision");
        var parsedPrecision = v2 ? PrecisionParser.ParseV2(precision) : PrecisionParser.Parse(precision);
        var target = new WriteTarget
        {
            PathAndQuery = path + QueryString.Join(pairs.Where(static pair => pair.Name != "consistency")),
            Authorization = authorization,
            Database = database ?? "",
            RetentionPolicy = string.IsNullOrEmpty(retentionPolicy) ? null : retentionPolicy,
            Precision = parsedPrecision ?? Precision.Nanoseconds,
            Account = AccountOf(query, authorization),
        };
        ConsistencyLevel? level = null;
        string? error = null;
        if (Value(pairs, "consistency") is { Length: > 0 } asked)
        {
            if (Consistency.TryParse(asked, out var parsed))
                level = parsed;
            else
                error = "invalid consistency level";
        }

        if (string.IsNullOrEmpty(database))
            error = v2 ? "bucket is required" : "database is required";
        else if (parsedPrecision is null)
            error = $"invalid precision \"{precision}\" (valid are ns, us, ms, s)";
        return new ParsedTarget(target, level, error);
    }

    /// <summary>InfluxDB 1.8 reads a bucket as <c>database/retention-policy</c>.</summary>
    private static (string? Database, string? RetentionPolicy) Bucket(List<QueryPair> pairs)
    {
        var bucket = Value(pairs, "bucket");
        var slash = bucket?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        return slash < 0 ? (bucket, null) : (bucket![..slash], bucket[(slash + 1)..]);
    }

    private static string? First(string query, string name) => Value(QueryString.Pairs(query), name);

    private static string? Value(IEnumerable<QueryPair> pairs, string name)
    {
        foreach (var pair in pairs)
        {
            if (pair.Name == name)
                return pair.Value;
        }

        return null;
    }
}
