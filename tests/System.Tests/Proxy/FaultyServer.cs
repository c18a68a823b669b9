using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Gateway.SystemTests.Proxy;

/// <summary>
/// A destination that misbehaves on demand: stands before a real influxd, passes bytes through unchanged, records
/// every request, and does to matching requests what its rules say.
/// </summary>
internal sealed class FaultyServer : IAsyncDisposable
{
    private readonly Uri upstream;
    private readonly IPEndPoint endPoint = new(IPAddress.Loopback, Ports.Next());
    private readonly ConcurrentDictionary<FaultyConnection, Task> connections = new();
    private readonly ConcurrentQueue<RecordedRequest> requests = new();
    private readonly Lock gate = new();
    private FaultRule[] rules = [];
    private Socket? listener;
    private int peak;

    public FaultyServer(Uri upstream)
    {
        this.upstream = upstream;
        Address = new Uri($"http://{endPoint}/");
        Accept();
    }

    public Uri Address { get; }

    /// <summary>Requests are kept; not where a test runs for long.</summary>
    public bool Records { get; set; } = true;

    public IPEndPoint Upstream => new(IPAddress.Parse(upstream.Host), upstream.Port);

    /// <summary>Everything that arrived, in the order of arrival.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. requests];

    public IEnumerable<RecordedRequest> Writes => Requests.Where(request => request.IsWrite);

    /// <summary>Connections open now.</summary>
    public int OpenConnections => connections.Count;

    /// <summary>The most connections that were open at once.</summary>
    public int PeakConnections => Volatile.Read(ref peak);

    /// <summary>Applies a fault to requests that match, the first matching rule first.</summary>
    public FaultRule On(Func<RecordedRequest, bool> matches, Fault fault, int times = int.MaxValue)
    {
        FaultRule rule = new(matches, fault, times);
        lock (gate)
            rules = [.. rules, rule];
        return rule;
    }

    public FaultRule OnAll(Fault fault) => On(_ => true, fault);

    public FaultRule OnWrites(Fault fault, int times = int.MaxValue) => On(request => request.IsWrite, fault, times);

    public FaultRule OnQueries(Fault fault, int times = int.MaxValue) => On(request => request.IsQuery, fault, times);

    /// <summary>Forgets every rule and ends connections that hang.</summary>
    public void Heal()
    {
        lock (gate)
            rules = [];
        foreach (FaultyConnection connection in connections.Keys.Where(connection => connection.Hangs))
            connection.End(reset: true);
    }

    /// <summary>Nothing listens any more, and open connections are reset: what a dead process looks like.</summary>
    public void Refuse()
    {
        lock (gate)
        {
            listener?.Dispose();
            listener = null;
        }

        foreach (FaultyConnection connection in connections.Keys)
            connection.End(reset: true);
    }

    /// <summary>Listens again, on the same port.</summary>
    public void Accept()
    {
        lock (gate)
        {
            if (listener is not null)
                return;
            listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(endPoint);
            listener.Listen(512);
            _ = AcceptLoopAsync(listener);
        }
    }

    public FaultRule? RuleFor(RecordedRequest request)
    {
        if (Records)
            requests.Enqueue(request);
        return Volatile.Read(ref rules).FirstOrDefault(rule => rule.Take(request));
    }

    /// <summary>The rule is in force.</summary>
    public bool Applies(FaultRule rule) => Volatile.Read(ref rules).Contains(rule);

    public async ValueTask DisposeAsync()
    {
        Refuse();
        await Task.WhenAny(Task.WhenAll(connections.Values), Task.Delay(TimeSpan.FromSeconds(5)));
    }

    private async Task AcceptLoopAsync(Socket accepting)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await accepting.AcceptAsync();
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }

            FaultyConnection connection = new(this, socket);
            TaskCompletionSource started = new();
            connections[connection] = Run();
            peak = Math.Max(peak, connections.Count);
            started.SetResult();

            async Task Run()
            {
                await started.Task;
                await connection.ServeAsync();
                connections.TryRemove(connection, out _);
            }
        }
    }
}
