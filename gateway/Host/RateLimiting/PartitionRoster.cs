using System.Collections.Concurrent;

namespace Gateway.RateLimiting;

/// <summary>
/// Bounds how many partitions a policy has: whoever comes when it is full shares one partition with all the others
/// that did, until somebody has been away for long enough.
/// </summary>
internal sealed class PartitionRoster(TimeProvider time)
{
    /// <summary>The partition of all who found the roster full. No request names it: names have no NUL.</summary>
    public const string Overflow = "\0";

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, long> _lastSeen = new(StringComparer.Ordinal);
    private int _count;
    private long _lastSweep = time.GetTimestamp();

    /// <summary>The name itself while there is room for it, else <see cref="Overflow"/>.</summary>
    /// <param name="name">Whose partition is asked for.</param>
    /// <param name="limit">Most names with a partition of their own.</param>
    /// <param name="idle">How long a name keeps its place without a request.</param>
    public string Admit(string name, int limit, TimeSpan idle)
    {
        long now = time.GetTimestamp();
        if (_lastSeen.ContainsKey(name))
        {
            _lastSeen[name] = now;
            return name;
        }
        if (Volatile.Read(ref _count) >= limit)
            Sweep(now, idle);
        if (Interlocked.Increment(ref _count) > limit)
        {
            Interlocked.Decrement(ref _count);
            return Overflow;
        }
        if (!_lastSeen.TryAdd(name, now))
            Interlocked.Decrement(ref _count);
        return name;
    }

    private void Sweep(long now, TimeSpan idle)
    {
        long last = Volatile.Read(ref _lastSweep);
        if (time.GetElapsedTime(last, now) < SweepInterval
            || Interlocked.CompareExchange(ref _lastSweep, now, last) != last)
            return;
        foreach (KeyValuePair<string, long> entry in _lastSeen)
            if (time.GetElapsedTime(entry.Value, now) >= idle && _lastSeen.TryRemove(entry))
                Interlocked.Decrement(ref _count);
    }
}
