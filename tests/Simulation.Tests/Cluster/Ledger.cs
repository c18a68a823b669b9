using System.Collections.Concurrent;

namespace Gateway.SimulationTests.Cluster;

/// <summary>Every request of every client, and the promises that were seen to be broken.</summary>
internal sealed class Ledger(Lock gate)
{
    private readonly ConcurrentDictionary<int, ClientRequest> _requests = [];
    private readonly ConcurrentQueue<string> _complaints = new();

    /// <summary>The world's lock.</summary>
    public Lock Gate => gate;

    /// <summary>
    /// Writes may be dropped for a destination, which a kill may make forgotten: they are sent behind what came later,
    /// and all of that once more.
    /// </summary>
    public bool GivesWay { get; init; }

    /// <summary>All of them, in the order of sending.</summary>
    public IReadOnlyList<ClientRequest> Requests => [.. _requests.Values.OrderBy(request => request.Number)];

    public int NextNumber => _requests.Count + 1;

    /// <summary>What is wrong; empty as long as nothing is.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    /// <summary>What happened, in order, for people.</summary>
    public ConcurrentQueue<string> News { get; } = new();

    public void Add(ClientRequest request) => _requests[request.Number] = request;

    public ClientRequest Find(int number) => _requests[number];

    public void Complain(string about)
    {
        if (_complaints.Count < 10)
            _complaints.Enqueue(about);
    }

    /// <summary>What is sent, for the first time or again, is what was accepted, byte by byte.</summary>
    public void Compare(ClientRequest request, string target, string? authorization, string body)
    {
        if (target != request.Target || (request.Statement is null && body != request.Body))
            Complain($"I6: #{request.Number} was sent as {target} {body}, and is {request.Target} {request.Body}");
        if (authorization != request.Account)
            Complain($"I6: #{request.Number} was sent as {authorization ?? "nobody"}");
    }

    /// <summary>A statement passes what was parked before it.</summary>
    public void NoteParked(SimulatedDestination destination, ClientRequest statement, IReadOnlyList<string> databases)
    {
        foreach (ClientRequest before in _requests.Values)
        {
            if (before.Number < statement.Number && before.Statement is null && before.Position > 0
                && databases.Contains(before.Database) && before.At(destination.Name).Executions == 0)
                before.At(destination.Name).IsParked = true;
        }
    }

    /// <summary>Whether an older write has failed so often that what comes behind it is tried first.</summary>
    public bool HasSuspectBefore(SimulatedDestination destination, ClientRequest request) =>
        _requests.Values.Any(one => one.Number < request.Number && one.Statement is null
            && one.Database == request.Database && one.IsRaw == request.IsRaw
            && one.At(destination.Name) is { Failures: > 2, HasFailedLast: true });

    /// <summary>
    /// Whether what was executed of a database before an older request is beside the order: sent once more from dead
    /// letters, or a witness.
    /// </summary>
    public bool IsExcusedBefore(SimulatedDestination destination, string database, ClientRequest request, int newest) =>
        Enumerable.Range(request.Number + 1, newest - request.Number).Select(Find)
            .Where(later => later.Concerns(database) && later.IsInOrderWith(request)
                && later.At(destination.Name).Executions > 0)
            .All(later => later.At(destination.Name) is { IsRetried: true } or { IsWitness: true });
}
