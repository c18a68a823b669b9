using InfluxMirror.Journal;

namespace InfluxMirror.Delivery;

/// <summary>
/// Where in the journal records were withdrawn that somebody may still read back from disk, as other objects. In memory
/// only: a restart forgets them. Safe for any number of threads.
/// </summary>
internal sealed class WithdrawnPositions
{
    private readonly Lock _gate = new();
    private readonly PositionRuns _positions = [];
    private long _highest;

    /// <summary>A record was withdrawn.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="doneThrough">Nobody reads anything up to here any more.</param>
    public void Note(long position, long doneThrough)
    {
        lock (_gate)
        {
            _positions.Add(position, position);
            _positions.RemoveThrough(doneThrough);
            Interlocked.Exchange(ref _highest, Math.Max(_highest, position));
        }
    }

    /// <summary>Whether the record of a position was withdrawn.</summary>
    public bool Contains(long position)
    {
        if (position > Interlocked.Read(ref _highest))
            return false;
        lock (_gate)
            return _positions.Contains(position);
    }
}
