namespace InfluxMirror.Telemetry;

/// <summary>
/// Lets a few messages of a kind pass in each stretch of time: a client that is refused a thousand times a second must
/// not fill the log. What is not logged is counted by the metrics all the same.
/// </summary>
internal sealed class LogThrottle(TimeProvider time)
{
    private const int Burst = 10;
    private static readonly TimeSpan Stretch = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private long _since;
    private int _passed;
    private int _held;

    /// <summary>Whether a message may be logged now.</summary>
    /// <param name="held">How many were not, since the last one that was.</param>
    public bool Passes(out int held)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_since == 0 || time.GetElapsedTime(_since, now) >= Stretch)
            {
                _since = now;
                _passed = 0;
            }

            if (_passed >= Burst)
            {
                _held++;
                held = 0;
                return false;
            }

            _passed++;
            held = _held;
            _held = 0;
            return true;
        }
    }
}
