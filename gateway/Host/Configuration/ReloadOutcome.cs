namespace Gateway.Configuration;

/// <summary>How the last reading of the file ended; the start counts as one.</summary>
internal sealed class ReloadOutcome
{
    private readonly TimeProvider _time;
    private volatile Reading _last;

    public ReloadOutcome(TimeProvider time)
    {
        _time = time;
        _last = new([], time.GetUtcNow());
    }

    /// <summary>The file as it was last seen is in force.</summary>
    public bool Successful => _last.Faults.Count == 0;

    /// <summary>When a file was last taken into force.</summary>
    public DateTimeOffset LastSuccess => _last.LastSuccess;

    /// <summary>Why the last file was refused; empty when it was not.</summary>
    public IReadOnlyList<ConfigFault> Faults => _last.Faults;

    public void Record(IReadOnlyList<ConfigFault> faults) =>
        _last = new(faults, faults.Count == 0 ? _time.GetUtcNow() : _last.LastSuccess);

    private sealed record Reading(IReadOnlyList<ConfigFault> Faults, DateTimeOffset LastSuccess);
}
