using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// How long a disk that fails to give what waits for one destination is asked again, before what it does not give is
/// given up: a cable or a network may come back, a bad sector does not. Safe for any number of threads.
/// </summary>
internal sealed class ReadPatience(TimeProvider time)
{
    /// <summary>How long one place is asked for, without a success.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>And how often at least: a try may take as long as that, or nobody may ask for long.</summary>
    public const int LeastTries = 5;

    // What counts of the time between two tries.
    private static readonly TimeSpan MostBetween = Limit / (LeastTries - 1);

    /// <summary>A failure so long after the last one is new trouble.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);

    // Beyond that all are forgotten, and have their time once more.
    private const int MostPlaces = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Trouble> _failing = [];
    private volatile bool _isTroubled;
    private long? _hopeless;

    /// <summary>
    /// Notes that the disk failed to give a place; whether it need not be asked for any longer. Where one place was
    /// given up and none has come back since, others are asked for twice only: a disk that has ended holds nobody up
    /// for half a minute at each of them.
    /// </summary>
    /// <param name="place">The position that was to be read.</param>
    /// <param name="failure">How it failed.</param>
    public bool IsOver(long place, DiskException failure)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!_failing.TryGetValue(place, out var trouble))
            {
                if (_failing.Count == MostPlaces)
                    _failing.Clear();
                _failing[place] = trouble = new Trouble(now);
            }

            _isTroubled = true;
            if (_hopeless is { } last)
                _hopeless = time.GetElapsedTime(last, now) < Forgotten ? now : null;
            if (++trouble.Tries == 1)
                return false;
            if (failure.Fault == DiskFault.Missing)
                return true;
            trouble.NoteTry(now, time.GetElapsedTime(trouble.TriedAt, now));
            if (trouble.AskedFor >= Limit)
                _hopeless = now;
            return trouble.IsGivenUp = _hopeless is not null;
        }
    }

    /// <summary>Notes that what comes at a place was read; one that had failed before gives hope.</summary>
    public void NoteRead(long place)
    {
        if (!_isTroubled)
            return;
        lock (_gate)
        {
            if (_failing.Remove(place, out var trouble) && !trouble.IsGivenUp)
                _hopeless = null;
            _isTroubled = _failing.Count > 0;
        }
    }

    private sealed class Trouble(long triedAt)
    {
        public long TriedAt { get; private set; } = triedAt;

        public TimeSpan AskedFor { get; private set; }

        public int Tries { get; set; }

        public bool IsGivenUp { get; set; }

        public void NoteTry(long at, TimeSpan later)
        {
            TriedAt = at;
            AskedFor += later < MostBetween ? later : MostBetween;
        }
    }
}
