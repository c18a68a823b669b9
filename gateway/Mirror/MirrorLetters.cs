using InfluxMirror.Delivery;

namespace InfluxMirror;

/// <summary>A dead letter and the cluster it belongs to.</summary>
/// <param name="Cluster">YARP's cluster id.</param>
/// <param name="Letter">What is known of it; its bytes are read when asked for.</param>
/// <param name="Retried">It is being sent once more.</param>
public sealed record ClusterLetter(string Cluster, DeadLetter Letter, bool Retried);

/// <summary>What an operator does with dead letters: looks, sends one again, takes it out, drops it.</summary>
public sealed class MirrorLetters
{
    private readonly CourierFleet _fleet;
    private readonly TimeProvider _time;

    internal MirrorLetters(CourierFleet fleet, TimeProvider time) => (_fleet, _time) = (fleet, time);

    /// <summary>Letters, oldest first in each cluster.</summary>
    /// <param name="destination">Only those of this destination; null: all.</param>
    /// <param name="database">Only those of this database; null: all.</param>
    public IReadOnlyList<ClusterLetter> List(string? destination = null, string? database = null) =>
    [
        .. from cluster in _fleet.Clusters.OrderBy(static one => one.Id, StringComparer.Ordinal)
           from letter in cluster.Letters.List()
           where destination is null || letter.Destination.Equals(destination, StringComparison.OrdinalIgnoreCase)
           where database is null || letter.Database == database
           select new ClusterLetter(cluster.Id, letter, cluster.Letters.IsTaken(letter.Id)),
    ];

    /// <summary>A letter; null when there is none.</summary>
    public DeadLetter? Find(string cluster, long id) => _fleet.Find(cluster)?.Letters.Find(id);

    /// <summary>
    /// The record of a letter, for <see cref="RecordText"/>; null when it is gone or cannot be read. Whoever asks
    /// releases its body.
    /// </summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public ValueTask<MirroredRecord?> ReadAsync(string cluster, DeadLetter letter) =>
        _fleet.Find(cluster)?.Letters.ReadAsync(letter) ?? default;

    /// <summary>
    /// Sends a letter's record to its destination once more, in its turn, and waits for what comes of it as long as
    /// allowed; after that it goes on by itself.
    /// </summary>
    /// <exception cref="IOException">The disk fails to give it.</exception>
    public async Task<(RetryOutcome Outcome, string? Reason)> RetryAsync(string cluster, long id, TimeSpan patience)
    {
        if (_fleet.Find(cluster) is not { } mirrored)
            return (RetryOutcome.Missing, null);
        var (outcome, retry) = await LetterRetry.BeginAsync(mirrored, id).ConfigureAwait(false);
        if (retry is null)
            return (outcome, null);
        try
        {
            return await retry.Outcome.WaitAsync(patience, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return (RetryOutcome.UnderWay, null);
        }
    }

    /// <summary>Removes a letter: its points stay rejected for good.</summary>
    public async Task<DropOutcome> DropAsync(string cluster, long id)
    {
        if (_fleet.Find(cluster)?.Letters is not { } letters || letters.Find(id) is null)
            return DropOutcome.Missing;
        if (letters.Take(id) is null)
            return DropOutcome.Busy;
        try
        {
            return await letters.RemoveAsync(id).ConfigureAwait(false) ? DropOutcome.Dropped : DropOutcome.NotRemoved;
        }
        finally
        {
            letters.PutBack(id);
        }
    }
}

/// <summary>What came of dropping a letter.</summary>
public enum DropOutcome
{
    /// <summary>It is gone.</summary>
    Dropped,

    /// <summary>There is no such letter.</summary>
    Missing,

    /// <summary>It is being sent once more.</summary>
    Busy,

    /// <summary>The disk fails: it may be back after a restart.</summary>
    NotRemoved,
}
