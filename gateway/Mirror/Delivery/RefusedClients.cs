namespace InfluxMirror.Delivery;

/// <summary>
/// Clients whose writes were refused a short while ago: their records travel alone, so that nobody else's batch is
/// taken apart for them, and they get at most a tenth of a busy lane. Bounded.
/// </summary>
public sealed class RefusedClients(TimeProvider time)
{
    private const int Limit = 4096;
    private const int MaxTargetLength = 4096;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Client, WriteTarget Target), Entry> _entries = [];

    /// <summary>Nobody was refused lately.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    private int _count;

    /// <summary>A record of this client was refused.</summary>
    public void Note(string client, WriteTarget target)
    {
        if (target.PathAndQuery.Length > MaxTargetLength)
            return;
        lock (_gate)
        {
            if (_entries.Count >= Limit)
                RemoveExpired_NeedsLock();
            if (_entries.Count >= Limit)
                _entries.Clear();
            if (_entries.TryGetValue((client, target), out var entry))
                entry.Until = Expiry();
            else
                _entries.Add((client, target), new Entry { Until = Expiry() });
            _count = _entries.Count;
        }
    }

    /// <summary>Whether this client was refused lately.</summary>
    public bool Contains(string client, WriteTarget target)
    {
        if (IsEmpty)
            return false;
        lock (_gate)
            return Find_NeedsLock(client, target) is not null;
    }

    /// <summary>
    /// Whether such a client may send now, when its lane has sent <paramref name="sends"/> requests: one in ten.
    /// </summary>
    public bool MaySend(string client, WriteTarget target, long sends)
    {
        lock (_gate)
        {
            if (Find_NeedsLock(client, target) is not { } entry)
                return true;
            if (entry.LastSend is { } last && sends - last < 10)
                return false;
            entry.LastSend = sends;
            return true;
        }
    }

    private Entry? Find_NeedsLock(string client, WriteTarget target)
    {
        if (!_entries.TryGetValue((client, target), out var entry))
            return null;
        if (entry.Until > time.GetTimestamp())
            return entry;
        _entries.Remove((client, target));
        _count = _entries.Count;
        return null;
    }

    private void RemoveExpired_NeedsLock()
    {
        var now = time.GetTimestamp();
        foreach (var key in _entries.Where(pair => pair.Value.Until <= now).Select(pair => pair.Key).ToArray())
            _entries.Remove(key);
    }

    private long Expiry() => time.GetTimestamp() + (long)(Memory.TotalSeconds * time.TimestampFrequency);

    private sealed class Entry
    {
        public long Until { get; set; }

        public long? LastSend { get; set; }
    }
}
