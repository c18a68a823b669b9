using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// How long a disk that fails to give what waits for one destination is asked again, before what it does not give is
/// given up: a cable or a network may come back, a bad sector does not. Safe for any number of threads.
/// </summary>
internal sealed class ReadPatience(TimeProvider time)
{
    /// <summary>How long.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>A failure so long after the last one is new trouble.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private (long Since, long Last)? _trouble;

    /// <summary>Notes a failure; whether what it is about need not be asked for any longer.</summary>
    public bool IsOver(DiskException failure)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            var goesOn = _trouble is { } before && time.GetElapsedTime(before.Last, now) < Forgotten;
            var since = goesOn ? _trouble!.Value.Since : now;
            _trouble = (since, now);
            return failure.Fault == DiskFault.Missing || time.GetElapsedTime(since, now) >= Limit;
        }
    }
}
