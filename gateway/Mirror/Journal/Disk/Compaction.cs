namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Writes what is still needed of adjacent segments into one file in their place, so that a few records that wait for
/// long do not hold much else. Records keep their positions, and readers notice nothing. By one thread at a time,
/// beside the writer.
/// </summary>
internal sealed class Compaction(IDisk disk, SegmentSet segments, SegmentStore store, LogOptions options)
{
    private const long BatchBytes = 1024 * 1024;

    private readonly FrameBatch _batch = new();

    /// <summary>
    /// Bytes of a file with what is needed of a sealed segment; null when something between its records is damaged, or
    /// cannot be read.
    /// </summary>
    /// <exception cref="DiskException">It has gone.</exception>
    public long? Measure(Segment segment, Func<long, bool> isNeeded)
    {
        long bytes = SegmentFormat.DataStart, end = segment.End;
        using var file = Open(segment);
        if (file is null)
            return null;
        using var walk = new FrameWalk(file, segment) { SkipsUnreadable = true };
        while (walk.Ahead(end) is { } frame)
        {
            bytes += isNeeded(frame.Position) ? frame.Size : 0;
            walk.Pass(frame);
        }

        return walk.Offset == end ? bytes : null;
    }

    /// <summary>
    /// Does so unless something needed, or between records, is damaged: damage stays where the readers find it.
    /// </summary>
    /// <param name="run">Sealed segments, adjacent, oldest first; not the newest one.</param>
    /// <param name="isNeeded">Whether somebody needs the record of a position, also after a crash.</param>
    /// <returns>The first segment that is damaged, and then nothing was done; null when it was.</returns>
    /// <exception cref="DiskException">
    /// It could not be done (<see cref="DiskFault.Missing"/>: one of them was removed meanwhile); or it was, and a file
    /// could not be removed, which does no harm.
    /// </exception>
    public Segment? Run(IReadOnlyList<Segment> run, Func<long, bool> isNeeded)
    {
        Segment[] replaced;
        var pinned = run.TakeWhile(static segment => segment.TryPin()).ToArray();
        try
        {
            if (pinned.Length < run.Count)
                throw new DiskException(DiskFault.Missing, $"{run[pinned.Length].Name} is being removed.");
            var (written, damaged) = Write(run, isNeeded);
            if (written is null)
                return damaged;
            replaced = segments.Replace([.. run], written);
            if (replaced.Length == 0)
                disk.Delete(written.Name);
        }
        finally
        {
            foreach (var segment in pinned)
                segment.Unpin();
        }

        // If a crash brings one of them back, it does not count: it begins no earlier than the new one.
        foreach (var segment in replaced)
            store.Retire(segment);
        return null;
    }

    /// <summary>
    /// Its file; null when the disk does not give it. One that cannot be read counts as damaged, and stays as it is:
    /// the others are written anew all the same.
    /// </summary>
    private DiskFile? Open(Segment segment)
    {
        if (segment.IsUnread)
            return null;
        try
        {
            return disk.Open(segment.Name);
        }
        catch (DiskException fault) when (fault.Fault == DiskFault.Failed)
        {
            return null;
        }
    }

    /// <summary>The segment that was written, or the one that is damaged.</summary>
    private (Segment? Written, Segment? Damaged) Write(IReadOnlyList<Segment> run, Func<long, bool> isNeeded)
    {
        var (first, last) = (run[0].Header, run[^1].Header);
        var rewrite = SegmentFormat.RewriteOf(run[^1].Name) + 1;
        var header = first with
        {
            Generation = last.Generation,
            Salt = options.Salts(),
            Given = last.Given,
        };
        var name = SegmentFormat.Name(last.Generation, rewrite, SegmentFormat.Unfinished);
        disk.Delete(name);
        try
        {
            using var file = disk.Create(name);
            var (end, damaged) = Copy(run, isNeeded, file, header.Key);
            if (damaged is not null)
            {
                disk.Delete(name);
                return (null, damaged);
            }

            header = header with { End = end };
            file.Write(0, SegmentFormat.Encode(header));
            file.Sync();
            var whole = SegmentFormat.Name(last.Generation, rewrite, SegmentFormat.Segment);
            disk.Rename(name, whole);
            name = whole;
            disk.SyncDirectory();
            var written = new Segment(whole, header, end, end, run[^1].Last, end);
            written.Seal();
            return (written, null);
        }
        catch (DiskException)
        {
            store.TryDelete(name);
            throw;
        }
    }

    /// <summary>Where the records end, or the segment that is damaged.</summary>
    private (long End, Segment? Damaged) Copy(
        IReadOnlyList<Segment> run, Func<long, bool> isNeeded, DiskFile file, SegmentKey key)
    {
        List<LogEntry> taken = [];
        long end = SegmentFormat.DataStart, bytes = 0;
        try
        {
            foreach (var segment in run)
            {
                using var source = Open(segment);
                if (source is null)
                    return (end, segment);
                using var walk = new FrameWalk(source, segment) { SkipsUnreadable = true };
                while (walk.Ahead(segment.End) is { } frame)
                {
                    if (!isNeeded(frame.Position))
                    {
                        walk.Pass(frame);
                        continue;
                    }

                    if (walk.Next(segment.End, 0) != WalkStep.Record)
                        return (end, segment);
                    var record = walk.Record!;
                    taken.Add(new LogEntry(record.Kind, record.Header, record.Body) { Position = record.Position });
                    bytes += taken[^1].Size;
                    if (bytes >= BatchBytes)
                        WriteTaken();
                }

                if (walk.Offset < segment.End)
                    return (end, segment);
            }

            WriteTaken();
            return (end, null);
        }
        finally
        {
            LetGo();
        }

        void WriteTaken()
        {
            if (taken.Count == 0)
                return;
            _batch.Build([.. taken], key, SegmentFormat.DataStart);
            file.Write(end, _batch.Pieces);
            end += _batch.Bytes;
            bytes = 0;
            LetGo();
        }

        void LetGo()
        {
            foreach (var entry in taken)
                entry.LetGo();
            taken.Clear();
        }
    }
}
