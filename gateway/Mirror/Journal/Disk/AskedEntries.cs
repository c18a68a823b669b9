namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The records somebody waits for, in the order of their asking, so that nobody need look through all that wait to be
/// written. Safe for any number of threads.
/// </summary>
internal sealed class AskedEntries
{
    private readonly Lock _gate = new();

    // Some were answered meanwhile: they are forgotten when they come to the front.
    private readonly Queue<LogEntry> _entries = new();

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _entries.Count;
        }
    }

    /// <inheritdoc cref="LogCore.Ask"/>
    public void Add(LogEntry entry, long now, Action<bool> waiting)
    {
        lock (_gate)
        {
            ForgetAnswered_NeedsLock();
            if (entry.Ask(now, waiting))
                _entries.Enqueue(entry);
        }
    }

    /// <inheritdoc cref="LogCore.Ripe"/>
    public (long Through, long Next) Ripe(long before)
    {
        lock (_gate)
        {
            ForgetAnswered_NeedsLock();
            var through = 0L;
            foreach (var entry in _entries)
            {
                var asked = entry.AskedAt;
                if (asked == 0)
                    continue;
                if (asked > before)
                    return (through, asked);
                through = Math.Max(through, entry.Position);
            }

            return (through, long.MaxValue);
        }
    }

    private void ForgetAnswered_NeedsLock()
    {
        while (_entries.TryPeek(out var first) && first.AskedAt == 0)
            _entries.Dequeue();
    }
}
