namespace InfluxMirror.Delivery;

/// <summary>
/// How fast a backlog is read: within the bound an operator sets, and slower when clients' requests wait for the
/// processor. Used by one thread at a time.
/// </summary>
internal sealed class CatchUpPace(TimeProvider time)
{
    // So often it is looked whether others wait.
    private const int Breath = 1024 * 1024;

    // Shorter pauses than that are saved up: timers are no more exact.
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    // A yield that takes longer has waited behind others; and nobody waits longer than that for them.
    private static readonly TimeSpan Crowded = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MostForOthers = TimeSpan.FromMilliseconds(100);

    private long _unlooked;
    private long _due;

    /// <summary>It is time to see whether others wait.</summary>
    public bool IsTimeToYield => _unlooked >= Breath;

    /// <summary>So many bytes were read.</summary>
    /// <param name="bytes">Of one record.</param>
    /// <param name="bytesPerSecond">The bound; 0 for none.</param>
    /// <returns>How long to pause to keep within the bound.</returns>
    public TimeSpan Read(long bytes, long bytesPerSecond)
    {
        _unlooked += bytes;
        if (bytesPerSecond == 0)
            return TimeSpan.Zero;
        var now = time.GetTimestamp();
        // What was not used before is gone: a bound holds at any time.
        _due = Math.Max(_due, now) + (long)((double)bytes / bytesPerSecond * time.TimestampFrequency);
        var ahead = time.GetElapsedTime(now, _due);
        return ahead >= Grain ? ahead : TimeSpan.Zero;
    }

    /// <summary>A yield took so long.</summary>
    /// <returns>How long to leave the processor to others: half of the time is theirs.</returns>
    public TimeSpan Yielded(TimeSpan waited)
    {
        _unlooked = 0;
        return waited < Crowded ? TimeSpan.Zero : waited < MostForOthers ? waited : MostForOthers;
    }
}
