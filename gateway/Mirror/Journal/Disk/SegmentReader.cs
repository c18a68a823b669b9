namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Reads safe records in order, segment after segment, while the log is written. Holds one file open and one window
/// of memory. Used by one thread.
/// </summary>
public sealed class SegmentReader : IDisposable
{
    private readonly IDisk _disk;
    private readonly SegmentSet _segments;
    private readonly Action<LogDamage> _damaged;
    private readonly LogSafety _safety;
    private Segment? _segment;

    // The same, or what there is of it when the rest is given up.
    private Segment? _content;
    private DiskFile? _file;
    private FrameWalk? _walk;
    private long _generation;

    /// <param name="disk">The folder.</param>
    /// <param name="segments">Its segments.</param>
    /// <param name="from">The first position it gives.</param>
    /// <param name="damaged">Told of what it passes over.</param>
    /// <param name="safety">How far what a start could not read is made to last before anything of it is given.</param>
    internal SegmentReader(
        IDisk disk, SegmentSet segments, long from, Action<LogDamage> damaged, LogSafety safety)
    {
        _disk = disk;
        _segments = segments;
        _damaged = damaged;
        _safety = safety;
        Next = from;
    }

    /// <summary>No record below this position will be given.</summary>
    public long Next { get; private set; }

    /// <summary>Records below <paramref name="position"/> are passed over unread from now on.</summary>
    public void PassTo(long position) => Next = Math.Max(Next, position);

    /// <summary>
    /// The next record, or null when there is none yet. Positions grow, with holes where records were cancelled,
    /// damaged or trimmed.
    /// </summary>
    /// <exception cref="DiskException">Something cannot be read now. The next call tries again;
    /// <see cref="SkipUnreadable"/> gives it up.</exception>
    public LogRecord? TryRead()
    {
        while (_walk is not null || TryEnter(givenUp: null))
        {
            // Looked at before the end: once sealed, the end seen afterwards is the last one.
            var isSealed = _segment!.IsSealed;
            switch (_walk!.Next(_content!.End, Next))
            {
                case WalkStep.Record:
                    var record = _walk.Record!;
                    Next = record.Position + 1;
                    _walk.SkipsUnreadable = false;
                    return record;
                case WalkStep.Damage:
                    Report(_walk.Damage!);
                    break;
                default:
                    if (!isSealed)
                        return null;
                    Leave();
                    break;
            }
        }

        return null;
    }

    /// <summary>
    /// Gives up what could not be read: a file that cannot be opened, or the bytes before the next record, which
    /// are reported as damage.
    /// </summary>
    public void SkipUnreadable()
    {
        if (_walk is not null)
        {
            _walk.SkipsUnreadable = true;
            return;
        }

        if (NextSegment() is not { } segment || (segment.IsUnread && TryEnterUnread(segment)))
            return;
        // It was taken over, or can be read by now.
        if (NextSegment() != segment)
            return;
        _generation = segment.Header.Generation;
        // Where it begins is not known without its header; but what is before it was read.
        var first = segment.HasHeader ? segment.Header.First : Next;
        if (segment.Last >= Next)
            _damaged(new LogDamage(
                LogDamageKind.Segment, segment.Name, 0, segment.FileBytes, first - 1, segment.Last + 1,
                Acknowledged: true, Position: 0, default));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => Leave();

    private void Report(LogDamage damage)
    {
        // The last one of a segment is bounded by the next segment, and those below where this reader begins are
        // none of its business.
        if (damage.Before == 0 && _segments.Behind(_segment!.Header.Generation) is { } behind)
            damage = damage with { Before = behind.HasHeader ? behind.Header.First : _content!.Last + 1 };
        if (damage.Position >= Next || (damage.Position == 0 && (damage.Before == 0 || damage.Before > Next)))
            _damaged(damage);
        Next = Math.Max(Next, damage.Position + 1);
    }

    private Segment? NextSegment() =>
        _generation == 0 ? _segments.Holding(Next) : _segments.Behind(_generation);

    /// <param name="givenUp">One that a start could not read, of which is taken what can be read now.</param>
    private bool TryEnter(Segment? givenUp)
    {
        while (NextSegment() is { } segment)
        {
            if (!segment.TryPin())
            {
                // It is being removed, and so are those before it; or another one has taken its place by now.
                if (NextSegment() == segment)
                    _generation = segment.Header.Generation;
                continue;
            }

            try
            {
                if (segment.IsUnread && !TryLook(segment, segment == givenUp))
                {
                    segment.Unpin();
                    continue;
                }

                _content ??= segment;
                _file = _disk.Open(segment.Name);
            }
            catch (DiskException)
            {
                _content = null;
                segment.Unpin();
                // Another one may have taken its place in between.
                if (NextSegment() != segment)
                    continue;
                throw;
            }

            _segment = segment;
            _generation = segment.Header.Generation;
            _walk = new FrameWalk(_file, _content) { SkipsUnreadable = segment == givenUp };
            return true;
        }

        return false;
    }

    /// <summary>
    /// Puts what a start could not read in its place, for everybody. False then, as it is another one from now on; true
    /// when it is given up, and there is something of it all the same.
    /// </summary>
    private bool TryLook(Segment unread, bool isGivenUp)
    {
        // One after the other: when another one has taken its place, the file may be in use for something else.
        lock (_segments.Looking)
            return _segments.All.Contains(unread) && TryLook_NeedsLock(unread, isGivenUp);
    }

    private bool TryLook_NeedsLock(Segment unread, bool isGivenUp)
    {
        var found = SegmentFiles.Look(_disk, _segments.All, unread, isGivenUp);
        if (found is not null && _safety == LogSafety.Disk && !isGivenUp)
            SegmentFiles.MakeSafe(_disk, found);
        if (found is null)
            _segments.Remove(unread);
        else if (isGivenUp)
            _content = found;
        else
            _segments.Replace([unread], found);
        return _content is not null;
    }

    /// <summary>Not all of what a start could not read need be lost.</summary>
    private bool TryEnterUnread(Segment segment)
    {
        try
        {
            return TryEnter(segment);
        }
        catch (DiskException)
        {
            return false;
        }
    }

    private void Leave()
    {
        _walk?.Dispose();
        _file?.Dispose();
        _segment?.Unpin();
        _walk = null;
        _file = null;
        _segment = _content = null;
    }
}
