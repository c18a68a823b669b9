namespace InfluxMirror.Delivery;

/// <summary>
/// How fast a backlog goes, from what was settled and what waits at successive moments; smoothed over about ten
/// seconds. Used by one thread, read by any.
/// </summary>
public sealed class DrainMeter
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private TimeSpan _at;
    private long _notes;
    private long _settled;
    private long _waiting;
    private double _rate;
    private double _growth;

    /// <summary>Bytes that get their fate in a second.</summary>
    public double BytesPerSecond => Volatile.Read(ref _rate);

    /// <summary>
    /// Seconds until nothing waits, if everything goes on as it does: 0 when nothing waits, null when what waits does
    /// not get less.
    /// </summary>
    public double? SecondsLeft
    {
        get
        {
            var waiting = Interlocked.Read(ref _waiting);
            var growth = Volatile.Read(ref _growth);
            return waiting == 0 ? 0 : growth < 0 ? waiting / -growth : null;
        }
    }

    /// <summary>Takes the numbers of one moment.</summary>
    /// <param name="now">Time on a clock that only runs forward.</param>
    /// <param name="settled">Bytes that have got their fate so far.</param>
    /// <param name="waiting">Bytes that wait.</param>
    public void Note(TimeSpan now, long settled, long waiting)
    {
        var seconds = (now - _at).TotalSeconds;
        if (seconds <= 0)
            return;
        // The first numbers are no change, and the first change is all there is to go by.
        if (_notes > 0)
        {
            var weight = _notes == 1 ? 1 : 1 - Math.Exp(-seconds / Memory.TotalSeconds);
            Volatile.Write(ref _rate, _rate + (weight * (((settled - _settled) / seconds) - _rate)));
            Volatile.Write(ref _growth, _growth + (weight * (((waiting - _waiting) / seconds) - _growth)));
        }

        _notes++;
        _at = now;
        _settled = settled;
        Interlocked.Exchange(ref _waiting, waiting);
    }
}
