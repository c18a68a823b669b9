namespace InfluxMirror.Tests.Delivery;

/// <summary>
/// What a destination holds, with faults from a seed: connections refused, lost before or after the write was stored,
/// busy answers, hanging, a database that is missing at first. Stores lines <c>key v=value</c>, the last value wins;
/// refuses the key <c>bad</c>.
/// </summary>
internal sealed class ModelInflux(int seed)
{
    public const string Bad = "bad";

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Dictionary<(string Database, string Key), string> _values = [];
    private readonly HashSet<string> _missing = ["late"];
    private int _outage;

    /// <summary>No more faults, but for those of the requests themselves.</summary>
    public bool IsWell { get; set; }

    public IReadOnlyDictionary<(string Database, string Key), string> Values => _values;

    public HttpResponseMessage? Script(SentRequest request)
    {
        lock (_gate)
        {
            if (!IsWell && Fault_NeedsLock(request) is { } fault)
                return fault();
            return Execute_NeedsLock(request);
        }
    }

    /// <summary>What goes wrong with this request; null when nothing does.</summary>
    private Func<HttpResponseMessage?>? Fault_NeedsLock(SentRequest request)
    {
        if (_outage > 0)
        {
            _outage--;
            return static () => throw ScriptedDestination.NotConnected();
        }

        switch (_random.Next(30))
        {
            case 0:
                _outage = _random.Next(1, 8);
                return static () => throw ScriptedDestination.NotConnected();
            case 1:
                return static () => throw ScriptedDestination.Lost();
            case 2:
                Execute_NeedsLock(request);
                return static () => throw ScriptedDestination.Lost();
            case 3:
                return static () => SentRequest.Response(503, "request throttled, queue full");
            case 4:
                return static () => SentRequest.Response(429, "slow down");
            case 5:
                Execute_NeedsLock(request);
                return static () => null;
            default:
                return null;
        }
    }

    private HttpResponseMessage Execute_NeedsLock(SentRequest request)
    {
        if (request.Query is { } query)
        {
            string[] words = query.Split(' ');
            if (words[0] == "CREATE")
                _missing.Remove(words[1]);
            else if (words[0] == "DELETE")
                Clear_NeedsLock(words[1]);
            return SentRequest.Response(200);
        }

        if (_missing.Contains(request.Database))
            return SentRequest.Response(404, $"database not found: '{request.Database}'");
        string[] good = [.. request.Lines.Where(static line => !line.StartsWith(Bad, StringComparison.Ordinal))];
        foreach (string line in good)
            _values[(request.Database, line.Split(' ')[0])] = line.Split("v=")[1];
        return good.Length == request.Lines.Length
            ? SentRequest.Response(204)
            : request.Lines.Length == 1
                ? SentRequest.Response(400, "unable to parse 'bad': missing fields")
                : SentRequest.Response(400, "partial write: unable to parse 'bad': missing fields dropped=0");
    }

    private void Clear_NeedsLock(string database)
    {
        foreach (var place in _values.Keys.Where(place => place.Database == database).ToArray())
            _values.Remove(place);
    }
}
