using System.Collections.Concurrent;
using System.Threading.Channels;

namespace InfluxMirror.Tests.Delivery;

/// <summary>
/// A destination in place of the network. Answers by its script; what the script leaves alone waits for the test to
/// answer it.
/// </summary>
internal sealed class ScriptedDestination
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Channel<SentRequest> _open = Channel.CreateUnbounded<SentRequest>();
    private readonly ConcurrentQueue<SentRequest> _all = new();
    private readonly ConcurrentDictionary<string, int> _underWay = new();
    private int _mostAtOnce;

    /// <summary>What it answers; null leaves the request to the test. By default 204, and 200 to a statement.</summary>
    public Func<SentRequest, HttpResponseMessage?> Script { get; set; } = Accept;

    /// <summary>It keeps what it gets, for the test to look at.</summary>
    public bool Remembers { get; set; } = true;

    /// <summary>Every request so far, in order of arrival.</summary>
    public IReadOnlyList<SentRequest> Requests => [.. _all];

    /// <summary>Lines of every write so far.</summary>
    public IEnumerable<string> Lines => Requests.SelectMany(static request => request.Lines);

    /// <summary>Most requests that were under way at once for one path and database.</summary>
    public int MostAtOnce => Volatile.Read(ref _mostAtOnce);

    /// <summary>Takes everything.</summary>
    public static HttpResponseMessage? Accept(SentRequest request) =>
        SentRequest.Response(request.Query is null ? 204 : 200);

    /// <summary>Leaves everything to the test.</summary>
    public static HttpResponseMessage? Wait(SentRequest request) => null;

    /// <summary>Nobody listens there.</summary>
    public static HttpResponseMessage? Absent(SentRequest request) => throw NotConnected();

    public static HttpRequestException NotConnected() => new(HttpRequestError.ConnectionError, "connection refused");

    public static HttpRequestException Lost() => new(HttpRequestError.ResponseEnded, "the response ended");

    /// <summary>The next request that the script left alone.</summary>
    public async Task<SentRequest> NextAsync()
    {
        using CancellationTokenSource late = new(Patience);
        return await _open.Reader.ReadAsync(late.Token);
    }

    /// <summary>Whether a request waits for the test.</summary>
    public bool HasOpen => _open.Reader.Count > 0;

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellation)
    {
        SentRequest request = await SentRequest.ReadAsync(message, cancellation);
        string lane = request.Path + request.Database;
        int now = _underWay.AddOrUpdate(lane, 1, static (_, count) => count + 1);
        InterlockedMax(now);
        try
        {
            if (Remembers)
                _all.Enqueue(request);
            if (Script(request) is { } response)
                return response;
            _open.Writer.TryWrite(request);
            return await request.Reply.WaitAsync(cancellation);
        }
        finally
        {
            _underWay.AddOrUpdate(lane, 0, static (_, count) => count - 1);
        }
    }

    private void InterlockedMax(int value)
    {
        int seen = Volatile.Read(ref _mostAtOnce);
        while (value > seen)
            seen = Interlocked.CompareExchange(ref _mostAtOnce, value, seen) is var before && before == seen
                ? value
                : before;
    }
}
