namespace InfluxMirror.Journal.Disk;

/// <summary>
/// How long to wait for a record's cancelling: up to a bound, or as long as writing takes if that is longer; but not at
/// all while that would be in vain for more than a few, because cancelling takes longer still (the mean of late and
/// twice the deviation, estimated as for TCP's retransmission timer, RFC 6298). Safe for any number of threads.
/// </summary>
internal sealed class Patience(TimeSpan most)
{
    private const int MeanShare = 32;
    private const int DeviationShare = 16;
    private const int WritingShare = 8;

    private readonly Lock _gate = new();
    private double _mean;
    private double _deviation;
    private double _writing;

    /// <summary>How long to wait now.</summary>
    public TimeSpan Value
    {
        get
        {
            lock (_gate)
                return _mean + (2 * _deviation) <= Bound.Ticks ? Bound : TimeSpan.Zero;
        }
    }

    private TimeSpan Bound => most > TimeSpan.Zero ? TimeSpan.FromTicks(Math.Max(most.Ticks, (long)_writing)) : most;

    /// <summary>So long after it was asked for a record was cancelled, whether it was written by then or not.</summary>
    public void NoteCancelled(TimeSpan waited)
    {
        lock (_gate)
        {
            // One record that was parked for a day says nothing about the others.
            Note_NeedsLock(Math.Min(waited.Ticks, Bound.Ticks * 4));
        }
    }

    /// <summary>
    /// A record was not cancelled for as long as there was patience. How long that still takes, if it comes at all, is
    /// told then: until then it counts as this long.
    /// </summary>
    public void NoteInVain()
    {
        lock (_gate)
            Note_NeedsLock(Bound.Ticks);
    }

    /// <summary>So long it took to write what waited.</summary>
    public void NoteWritten(TimeSpan took)
    {
        lock (_gate)
            _writing += (took.Ticks - _writing) / WritingShare;
    }

    private void Note_NeedsLock(long ticks)
    {
        _deviation += (Math.Abs(ticks - _mean) - _deviation) / DeviationShare;
        _mean += (ticks - _mean) / MeanShare;
    }
}
