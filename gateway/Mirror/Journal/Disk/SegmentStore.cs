namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The files behind segments. Overwriting blocks that exist makes a sync twice as fast as growing a file, so files
/// are filled ahead of use, and used again when their records are not needed any more.
/// </summary>
internal sealed class SegmentStore
{
    // Synced piece by piece, so that filling a file does not hold up the log's own syncs for long.
    private const int FillBytes = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Lock _preparing = new();
    private readonly Lock _making = new();
    private readonly IDisk _disk;
    private readonly LogOptions _options;
    private readonly Queue<string> _spares;
    private long _generation;
    private long _retiring;

    // What the writer's file, and a spare that is being made, may still take of the disk.
    private long _growing;
    private long _filling;
    private volatile bool _isShortOfSpace;

    public SegmentStore(IDisk disk, LogOptions options, IEnumerable<string> spares, long lastGeneration)
    {
        _disk = disk;
        _options = options;
        _spares = new Queue<string>(spares);
        _generation = lastGeneration;
    }

    /// <summary>Files ready for use.</summary>
    public int Spares
    {
        get
        {
            lock (_gate)
                return _spares.Count;
        }
    }

    /// <summary>The same with one that is being made, whose space is taken.</summary>
    public int SparesSoon => Spares + (Interlocked.Read(ref _filling) > 0 ? 1 : 0);

    /// <summary>Bytes of these, and of a file that is being made ready or removed.</summary>
    public long SpareBytes => ((long)Spares * _options.SegmentBytes) + Interlocked.Read(ref _retiring);

    /// <summary>The last time a file was to be made there was no room for it.</summary>
    public bool IsShortOfSpace => _isShortOfSpace;

    /// <summary>
    /// A file that begins with a new segment's header, durably, name included, and has room for
    /// <paramref name="bytes"/>. Whatever fails, no file of that name is left that could be taken for a segment
    /// with records.
    /// </summary>
    /// <param name="bytes">Room for records that is needed.</param>
    /// <param name="draft">The header, apart from generation and salt.</param>
    /// <exception cref="DiskException">No file can be had.</exception>
    public (Segment Segment, DiskFile File) Open(long bytes, SegmentHeader draft)
    {
        var generation = Interlocked.Increment(ref _generation);
        var header = draft with { Generation = generation, Salt = _options.Salts() };
        var name = TakeSpare(bytes) ?? MakeOrAwait(SegmentFormat.Name(generation, SegmentFormat.Unfinished), bytes);
        DiskFile? file = null;
        try
        {
            // Crash before the rename: a spare, or a file that is deleted at the next start. After it: a segment
            // without records, of which nobody was told anything. Only behind SyncDirectory records count.
            file = _disk.Open(name);
            file.Write(0, SegmentFormat.Encode(header));
            file.Sync();
            var last = SegmentFormat.Name(generation, SegmentFormat.Segment);
            _disk.Rename(name, last);
            name = last;
            _disk.SyncDirectory();
            var length = Math.Max(file.Length, Math.Max(_options.SegmentBytes, SegmentFormat.DataStart + bytes));
            return (
                new Segment(last, header, SegmentFormat.DataStart, SegmentFormat.DataStart, header.First - 1, length),
                file);
        }
        catch (DiskException)
        {
            file?.Dispose();
            TryDelete(name);
            NoteWritten(long.MaxValue);
            throw;
        }
    }

    /// <summary>The writer's file has been written up to there; to its end when it is left.</summary>
    public void NoteWritten(long end)
    {
        lock (_making)
            _growing = Math.Max(0, Math.Min(_growing, _options.SegmentBytes - end));
    }

    /// <summary>
    /// Whether a file may take so many bytes more: a write that finds no space takes what there is of it, and then
    /// nothing is left to save by.
    /// </summary>
    public bool MayGrow(long bytes) => bytes <= 0 || _disk.FreeBytes - bytes >= _options.KeptBytes;

    /// <summary>Makes a spare when there is none. May take long; runs beside the writer.</summary>
    /// <exception cref="DiskException">It cannot be made.</exception>
    public void Prepare()
    {
        lock (_preparing)
            Prepare_NeedsLock();
    }

    private void Prepare_NeedsLock()
    {
        if (_options.MaxSpares == 0 || Spares > 0)
        {
            _isShortOfSpace = false;
            return;
        }

        var generation = Interlocked.Increment(ref _generation);
        var unfinished = Make(
            SegmentFormat.Name(generation, SegmentFormat.Unfinished), _options.SegmentBytes, ref _filling);
        try
        {
            using (var file = _disk.Open(unfinished))
                Fill(file);
            AddSpare(unfinished, generation);
        }
        catch (DiskException e)
        {
            _isShortOfSpace = e.Fault == DiskFault.Full;
            TryDelete(unfinished);
            throw;
        }
        finally
        {
            Interlocked.Exchange(ref _filling, 0);
        }
    }

    /// <summary>A segment whose records nobody needs: its file waits for another use, or goes.</summary>
    /// <exception cref="DiskException">It cannot be removed; it comes back at the next start, which does no harm.
    /// </exception>
    public void Retire(Segment segment)
    {
        Interlocked.Add(ref _retiring, segment.FileBytes);
        try
        {
            var isUnread = segment.Retire();
            if (isUnread && !segment.IsPoisoned && segment.FileBytes <= _options.SegmentBytes &&
                Spares < _options.MaxSpares && TryMakeSpare(segment))
                return;
            _disk.Delete(segment.Name);
            _isShortOfSpace = false;
        }
        finally
        {
            Interlocked.Add(ref _retiring, -segment.FileBytes);
        }
    }

    /// <summary>Removes a spare, for the space it takes; false when there is none.</summary>
    public bool TryDropSpare() => TakeSpare(0) is { } spare && TryDelete(spare);

    /// <summary>A file that holds nothing anybody was promised; when it cannot be deleted it does no harm.</summary>
    public bool TryDelete(string name)
    {
        try
        {
            _disk.Delete(name);
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    private bool TryMakeSpare(Segment segment)
    {
        try
        {
            using (var file = _disk.Open(segment.Name))
            {
                // What was written anew is small: filled, it takes space that may not be there.
                var missing = _options.SegmentBytes - file.Length;
                if (missing > FillBytes && !HasSpace(missing))
                    return false;
                Fill(file);
            }

            // Under a number of its own: what it held may go by its generation still, written anew.
            AddSpare(segment.Name, Interlocked.Increment(ref _generation));
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    private string? TakeSpare(long bytes)
    {
        lock (_gate)
            return bytes <= _options.SegmentBytes - SegmentFormat.DataStart && _spares.TryDequeue(out var name)
                ? name
                : null;
    }

    /// <summary>Its name must last before the file is used: a crash must not bring the old one back.</summary>
    private void AddSpare(string name, long generation)
    {
        var spare = SegmentFormat.Name(generation, SegmentFormat.Spare);
        _disk.Rename(name, spare);
        try
        {
            _disk.SyncDirectory();
        }
        catch (DiskException)
        {
            TryDelete(spare);
            throw;
        }

        lock (_gate)
            _spares.Enqueue(spare);
        _isShortOfSpace = false;
    }

    /// <summary>Makes a file; where there is no space for another one, the spare that is being made will do.</summary>
    private string MakeOrAwait(string name, long bytes)
    {
        try
        {
            return Make(name, bytes, ref _growing);
        }
        catch (DiskException e) when (e.Fault == DiskFault.Full)
        {
            lock (_preparing)
            {
                if (TakeSpare(bytes) is { } spare)
                    return spare;
            }

            throw;
        }
    }

    /// <param name="name">Its name.</param>
    /// <param name="bytes">Room for records that is needed.</param>
    /// <param name="promised">What it may still take of the disk.</param>
    private string Make(string name, long bytes, ref long promised)
    {
        var size = Math.Max(bytes, _options.SegmentBytes);
        lock (_making)
        {
            _isShortOfSpace = !HasSpace(size);
            if (_isShortOfSpace)
                throw new DiskException(DiskFault.Full, $"No space for '{name}' above the reserve.");
            try
            {
                _disk.Create(name).Dispose();
            }
            catch (DiskException e)
            {
                _isShortOfSpace = e.Fault == DiskFault.Full;
                throw;
            }

            promised = size;
        }

        return name;
    }

    /// <summary>So many bytes can be had without touching the reserve.</summary>
    private bool HasSpace(long bytes) =>
        _disk.FreeBytes - Interlocked.Read(ref _growing) - Interlocked.Read(ref _filling) - bytes
            >= _options.ReserveBytes;

    private void Fill(DiskFile file)
    {
        var zeros = new byte[FillBytes];
        for (var at = file.Length; at < _options.SegmentBytes; at += zeros.Length)
        {
            file.Write(at, zeros.AsSpan(0, (int)Math.Min(zeros.Length, _options.SegmentBytes - at)));
            file.Sync();
        }
    }
}
