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
    private readonly IDisk _disk;
    private readonly LogOptions _options;
    private readonly Queue<string> _spares;
    private long _generation;
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
        var name = TakeSpare(bytes) ?? Make(SegmentFormat.Name(generation, SegmentFormat.Unfinished), bytes);
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
            throw;
        }
    }

    /// <summary>Makes a spare when there is none. May take long; runs beside the writer.</summary>
    /// <exception cref="DiskException">It cannot be made.</exception>
    public void Prepare()
    {
        if (_options.MaxSpares == 0 || Spares > 0)
        {
            _isShortOfSpace = false;
            return;
        }

        var generation = Interlocked.Increment(ref _generation);
        var unfinished = Make(SegmentFormat.Name(generation, SegmentFormat.Unfinished), _options.SegmentBytes);
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
    }

    /// <summary>A segment whose records nobody needs: its file waits for another use, or goes.</summary>
    /// <exception cref="DiskException">It cannot be removed; it comes back at the next start, which does no harm.
    /// </exception>
    public void Retire(Segment segment)
    {
        var isUnread = segment.Retire();
        if (isUnread && !segment.IsPoisoned && segment.FileBytes <= _options.SegmentBytes &&
            Spares < _options.MaxSpares && TryMakeSpare(segment))
            return;
        _disk.Delete(segment.Name);
        _isShortOfSpace = false;
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
                Fill(file);
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

    private string Make(string name, long bytes)
    {
        _isShortOfSpace = _disk.FreeBytes - Math.Max(bytes, _options.SegmentBytes) < _options.ReserveBytes;
        if (_isShortOfSpace)
            throw new DiskException(DiskFault.Full, $"No space for '{name}' above the reserve.");
        try
        {
            _disk.Create(name).Dispose();
        }
        catch (DiskException e) when (e.Fault == DiskFault.Full)
        {
            _isShortOfSpace = true;
            throw;
        }

        return name;
    }

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
