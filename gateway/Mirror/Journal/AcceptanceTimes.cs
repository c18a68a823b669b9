namespace InfluxMirror.Journal;

/// <summary>
/// When records were accepted, by the clock that only goes on. On disk and across runs that is wall time, but within a
/// run the wall clock may jump: remembers from which position on it is how far off. What was accepted before this run
/// is as old as the wall clock said when the run began, and not younger than that beginning. One thread at a time
/// notes, any number ask.
/// </summary>
internal sealed class AcceptanceTimes(TimeProvider time, long tail)
{
    // Less is no jump: the clocks are read one after the other.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    // Of a clock that jumps all the time the oldest jumps are forgotten.
    private const int MaxJumps = 100;

    private readonly DateTimeOffset _start = time.GetUtcNow();
    private readonly long _startedAt = time.GetTimestamp();
    private volatile Reading[] _readings = [];

    /// <summary>A record is accepted now, by both clocks.</summary>
    public void Note(long position, DateTimeOffset accepted, long timestamp)
    {
        var readings = _readings;
        if (readings is [.., var last]
            && (accepted - last.Wall - time.GetElapsedTime(last.Timestamp, timestamp)).Duration() <= Tolerance)
            return;
        _readings = [.. readings.TakeLast(MaxJumps - 1), new Reading(position, accepted, timestamp)];
    }

    /// <summary>The timestamp at which a record was accepted.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="accepted">When it was accepted, by the wall clock of then.</param>
    public long Of(long position, DateTimeOffset accepted)
    {
        if (position <= tail)
            return Math.Min(_startedAt, _startedAt + Ticks(accepted - _start));
        var readings = _readings;
        for (var i = readings.Length - 1; i >= 0; i--)
        {
            if (i == 0 || readings[i].From <= position)
                return readings[i].Timestamp + Ticks(accepted - readings[i].Wall);
        }

        return _startedAt;
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>Both clocks, as they were when the record at a position was accepted.</summary>
    private sealed record Reading(long From, DateTimeOffset Wall, long Timestamp);
}
