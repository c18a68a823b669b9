using System.Diagnostics;
using System.Runtime.InteropServices;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The one hand that writes segments. It keeps every record until it is safe: when a write or sync fails, the file
/// is left for good and what was not safe in it is written again into a new one. Used by one thread.
/// </summary>
internal sealed class SegmentWriter(
    SegmentSet segments, SegmentStore store, LogOptions options, Action<LogEvent> tell) : IDisposable
{
    private const long MaxWriteBytes = 4 * 1024 * 1024;
    private const int MaxFilesAtOnce = 3;

    private readonly FrameBatch _batch = new();
    private readonly List<LogEntry> _unsafe = [];
    private Segment? _current;
    private Segment? _abandoned;
    private DiskFile? _file;
    private long _end;
    private int _written;

    /// <summary>Records that are not safe yet, in order.</summary>
    public IReadOnlyList<LogEntry> Unsafe => _unsafe;

    /// <summary>Bytes of them.</summary>
    public long UnsafeBytes { get; private set; }

    /// <summary>What it did so far.</summary>
    public LogCounters Counters { get; } = new();

    /// <summary>Bytes left in the current segment.</summary>
    public long Room => _current is null ? 0 : Math.Max(0, options.SegmentBytes - Volatile.Read(ref _end));

    /// <summary>Writes records, and what an earlier call left, and makes them safe when asked to.</summary>
    /// <param name="entries">The next records, in order.</param>
    /// <param name="given">The highest position handed out.</param>
    /// <param name="sync">Whether they are to be safe when it returns.</param>
    /// <exception cref="DiskException">It cannot go on now. Nothing is lost: the next call goes on.</exception>
    public void Commit(ReadOnlySpan<LogEntry> entries, long given, bool sync)
    {
        foreach (var entry in entries)
        {
            _unsafe.Add(entry);
            UnsafeBytes += entry.Size;
        }

        for (var files = 1; ; files++)
        {
            try
            {
                Write(given);
                if (sync)
                    MakeSafe();
                return;
            }
            catch (DiskException e) when (_file is null && e.Fault != DiskFault.Full && files < MaxFilesAtOnce)
            {
                // The file is poisoned, or none could be opened: another one may do.
                tell(new LogEvent(LogEventKind.NextFile, e.Message));
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Write(long given)
    {
        while (_written < _unsafe.Count)
        {
            if (_file is not null && _end > SegmentFormat.DataStart && _unsafe[_written].Size > Room)
            {
                // A segment is safe to its end before the next one begins: its header says where this one ended.
                MakeSafe();
                Leave();
            }

            if (_file is null)
                Open(given);
            var entries = Fitting();
            _batch.Build(entries, _current!.Header.Key, _current.End);
            try
            {
                if (!store.MayGrow(_end + _batch.Bytes - _file!.Length))
                    throw new DiskException(DiskFault.Full, $"No space for more of '{_current.Name}'.");
                _file.Write(_end, _batch.Pieces);
            }
            catch (DiskException e) when (e.Fault == DiskFault.Full)
            {
                // Without space the same bytes go to the same place later; nothing behind _end counts until then.
                if (store.Spares == 0 || entries[0].Size > options.SegmentBytes - SegmentFormat.DataStart)
                    throw;
                // Others have taken what it was to grow into, and there is a file that has its space.
                MakeSafe();
                Abandon();
                continue;
            }
            catch (DiskException e)
            {
                Poison(e);
                throw;
            }

            Counters.Wrote(_batch.Bytes);
            Volatile.Write(ref _end, _end + _batch.Bytes);
            store.NoteWritten(_end);
            _written += entries.Length;
            if (options.Safety == LogSafety.Process)
                MakeSafe();
        }
    }

    private ReadOnlySpan<LogEntry> Fitting()
    {
        var rest = CollectionsMarshal.AsSpan(_unsafe)[_written..];
        var room = Math.Max(Room, rest[0].Size);
        var bytes = 0L;
        var count = 0;
        while (count < rest.Length && bytes + rest[count].Size <= room && (count == 0 || bytes < MaxWriteBytes))
            bytes += rest[count++].Size;
        return rest[..count];
    }

    private void MakeSafe()
    {
        if (_written == 0)
            return;
        if (options.Safety == LogSafety.Disk)
        {
            try
            {
                var began = Stopwatch.GetTimestamp();
                _file!.Sync();
                options.Synced(Stopwatch.GetElapsedTime(began));
            }
            catch (DiskException e)
            {
                Poison(e);
                throw;
            }

            Counters.Synced();
        }

        _current!.Extend(_end, _unsafe[_written - 1].Position);
        foreach (var entry in CollectionsMarshal.AsSpan(_unsafe)[.._written])
        {
            UnsafeBytes -= entry.Size;
            entry.Answer(isSafe: true);
            entry.LetGo();
        }

        _unsafe.RemoveRange(0, _written);
        _written = 0;
    }

    private void Open(long given)
    {
        // Where one that could not be read ends, a start finds out that can.
        var previous = segments.All.LastOrDefault(segment => segment != _abandoned && !segment.IsUnread);
        var draft = new SegmentHeader(
            0, 0, _unsafe[_written].Position, given, previous?.Header.Generation ?? 0, previous?.End ?? 0,
            previous?.SafeEnd ?? 0);
        (_current, _file) = store.Open(_unsafe[_written].Size, draft);
        Volatile.Write(ref _end, SegmentFormat.DataStart);
        segments.Add(_current);
        if (_abandoned is null)
            return;
        segments.Remove(_abandoned);
        store.TryDelete(_abandoned.Name);
        _abandoned = null;
    }

    private void Poison(DiskException cause)
    {
        tell(new LogEvent(LogEventKind.Poisoned, $"{_current!.Name} is given up: {cause.Message}"));
        Counters.GaveUp();
        _current.IsPoisoned = true;
        Abandon();
        _written = 0;
    }

    private void Abandon()
    {
        // Nothing in it was ever acknowledged, and the next segment takes all of it. Until that one is there, this
        // one may be the only file that knows how far positions have got.
        if (_current!.End == SegmentFormat.DataStart)
            _abandoned = _current;
        Leave();
    }

    private void Leave()
    {
        store.NoteWritten(long.MaxValue);
        _current!.Seal();
        _file!.Dispose();
        _current = null;
        _file = null;
    }
}
