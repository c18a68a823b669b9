using System.Buffers.Binary;
using System.Numerics;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Finds what a folder holds after whatever end the program before had. Keeps every intact record, tells a write
/// that was cut short from damage, passes over damage, deletes no record and never refuses.
/// </summary>
public static class Recovery
{
    // A frame's first bytes with at most so many bits wrong are still known as such: chance does that to one place
    // in three billion.
    private const int ResemblingBits = 8;

    private const int PartBytes = 64 * 1024;

    /// <summary>Looks through the folder, which the caller has locked.</summary>
    /// <exception cref="DiskException">The folder itself cannot be listed.</exception>
    public static RecoveredLog Run(IDisk disk, LogOptions options)
    {
        List<LogDamage> damage = [];
        var saved = CursorFile.LoadAll(disk, file => damage.Add(OfFile(LogDamageKind.Cursor, file)));
        var cursors = Furthest(saved);
        var names = disk.List();
        var files = ReadHeaders(disk, names, damage);
        var takenOver = LeaveOutTakenOver(files);
        var lastPosition = saved.Select(one => one.Value.Highest).Append(options.TakenThrough).Max();
        List<Segment> segments = [];
        for (var i = 0; i < files.Count; i++)
        {
            var header = files[i].Header;
            // A position is never used twice: not those of lost records, nor of ones that were withdrawn from a
            // segment that failed. The header tells how far they had got when it was written.
            lastPosition = Math.Max(lastPosition, Math.Max(header.Given, header.First - 1));
            var next = i + 1 < files.Count ? files[i + 1].Header.First : long.MaxValue;
            segments.Add(Restore(disk, files, i, next, damage, ref lastPosition));
        }

        if (segments.Count > 0 && options.Safety == LogSafety.Disk)
            MakeSafe(disk, segments[^1], damage);
        ReportMissing(segments, [.. cursors.Values], damage);
        var lastGeneration = names.Select(SegmentFormat.GenerationOf).DefaultIfEmpty(0).Max();
        return new RecoveredLog(
            segments, KeepSpares(disk, names, takenOver, options), lastGeneration, lastPosition, cursors,
            [.. saved.Select(static one => one.Key)], damage);
    }

    /// <summary>
    /// Crash, or an older program, between a save under a name that is spelled anew and the removal of the file
    /// before: names that differ in the case of letters are one reader's. It only ever gets further, so that the
    /// state that is further is the newer one; whichever it were, nothing in it was not done.
    /// </summary>
    private static Dictionary<string, CursorState> Furthest(IEnumerable<KeyValuePair<string, CursorState>> saved)
    {
        var cursors = new Dictionary<string, CursorState>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, state) in saved.OrderBy(one => one.Value.LowWaterMark).ThenBy(one => one.Value.Highest))
        {
            // Also with the name it has.
            cursors.Remove(name);
            cursors.Add(name, state);
        }

        return cursors;
    }

    /// <summary>
    /// Crash while a segment is opened: its header is whole on disk before it has a segment's name, so a header that
    /// cannot be read is damage. The second copy helps, and else the first frame: it begins with the salt, and the
    /// name has the generation.
    /// </summary>
    private static List<SegmentFile> ReadHeaders(IDisk disk, IReadOnlyList<string> names, List<LogDamage> damage)
    {
        List<SegmentFile> files = [];
        foreach (var name in names.Where(name => name.EndsWith(SegmentFormat.Segment, StringComparison.Ordinal)))
        {
            var generation = SegmentFormat.GenerationOf(name);
            var start = ReadStart(disk, name);
            if (SegmentFormat.TryDecode(start, out var header) && header.Generation == generation)
                files.Add(new SegmentFile(name, header));
            else if (header.Generation == 0 && Guess(start, generation) is { } guess)
                files.Add(new SegmentFile(name, guess));
            else
                damage.Add(OfFile(LogDamageKind.Segment, name));
        }

        files.Sort(static (left, right) => left.Order.CompareTo(right.Order));
        return files;
    }

    /// <summary>
    /// Crash between the writing anew of segments and their removal: what is still needed of them is in the new one,
    /// and their files are of no use. Their names.
    /// </summary>
    private static List<string> LeaveOutTakenOver(List<SegmentFile> files)
    {
        List<string> takenOver = [];
        var first = long.MaxValue;
        for (var i = files.Count - 1; i >= 0; i--)
        {
            if (files[i].Header.First >= first)
            {
                takenOver.Add(files[i].Name);
                files.RemoveAt(i);
            }
            else if (SegmentFormat.RewriteOf(files[i].Name) > 0)
            {
                first = files[i].Header.First;
            }
        }

        return takenOver;
    }

    private static byte[] ReadStart(IDisk disk, string name)
    {
        var start = new byte[SegmentFormat.DataStart + RecordFormat.FrameLength];
        try
        {
            using var file = Open(disk, name);
            // By halves: one page that cannot be read must not hide the other.
            const int half = SegmentFormat.DataStart / 2;
            foreach (var (from, to) in ((int, int)[])[(0, half), (half, 2 * half), (2 * half, start.Length)])
                ReadPart(file, from, start.AsSpan(from..to));
        }
        catch (DiskException)
        {
            Array.Clear(start);
        }

        return start;
    }

    private static void ReadPart(DiskFile file, int from, Span<byte> to)
    {
        if (!TryRead(file, from, to))
            to.Clear();
    }

    private static SegmentHeader? Guess(ReadOnlySpan<byte> start, long generation)
    {
        var first = start[SegmentFormat.DataStart..];
        var salt = BinaryPrimitives.ReadUInt64LittleEndian(first);
        return RecordFormat.TryRead(first, SegmentKey.Of(generation, salt), out var frame)
            ? new SegmentHeader(generation, salt, frame.Position, frame.Position)
            : null;
    }

    /// <summary>
    /// Crash, or a failed sync, behind which another segment was begun: that one's header says where this one ends,
    /// and what follows in it does not count. Without such a header the segment is read to its end.
    /// </summary>
    private static Segment Restore(
        IDisk disk, List<SegmentFile> files, int index, long next, List<LogDamage> damage, ref long lastPosition)
    {
        var (name, header) = files[index];
        var follower = files.FindLast(other => other.Header.Previous == header.Generation).Header;
        Segment segment;
        try
        {
            using var file = Open(disk, name);
            // What was written anew ends with its file.
            var isRewritten = SegmentFormat.RewriteOf(name) > 0;
            if (isRewritten && header.End == 0)
                header = header with { End = file.Length };
            var (end, safeEnd) = isRewritten
                ? (header.End, header.End)
                : (follower.PreviousEnd, follower.PreviousSafeEnd);
            segment = follower.Generation > 0
                ? new Segment(name, header, end, safeEnd, next - 1, file.Length)
                : Scan(name, file, header, next, damage, ref lastPosition);
        }
        catch (DiskException)
        {
            damage.Add(OfFile(LogDamageKind.Segment, name));
            segment = new Segment(name, header, SegmentFormat.DataStart, SegmentFormat.DataStart, header.First - 1, 0);
        }

        segment.Seal();
        return segment;
    }

    /// <summary>
    /// Crash during a write: any sectors of it may be missing. What is intact is kept, even behind a hole; each
    /// frame says up to where all had been safe when it was written, which tells holes of records that somebody was
    /// promised. Behind the last intact frame the segment ends. It is not written again, so that nothing needs
    /// cutting: the next segment's header will say where it ended.
    /// </summary>
    private static Segment Scan(
        string name, DiskFile file, in SegmentHeader header, long next, List<LogDamage> damage, ref long lastPosition)
    {
        var length = file.Length;
        var whole = new Segment(name, header, length, SegmentFormat.DataStart, next - 1, length);
        using var walk = new FrameWalk(file, whole) { SkipsUnreadable = true };
        List<LogDamage> open = [];
        long end = SegmentFormat.DataStart, safe = SegmentFormat.DataStart, last = header.First - 1;
        for (var step = walk.Next(length, 0); step != WalkStep.End; step = walk.Next(length, 0))
        {
            lastPosition = Math.Max(lastPosition, walk.Frame.Position);
            if (step == WalkStep.Record)
                walk.Record!.Body.Release();
            // A later segment took it over.
            if (walk.Frame.Position >= next)
                break;
            safe = Math.Max(safe, Math.Min(walk.Frame.SafeEnd, length));
            if (step == WalkStep.Damage)
            {
                open.Add(walk.Damage!);
                continue;
            }

            (end, last) = (walk.Offset, walk.Record!.Position);
            damage.AddRange(open);
            open.Clear();
        }

        // What had been safe counts, though nothing intact may be left behind it.
        end = Math.Max(end, safe);
        damage.AddRange(open.Where(hole => hole.Offset < end));
        if (open.Find(hole => hole.Offset >= end) is { } torn && IsOfRecord(file, torn, header.Key))
            damage.Add(torn with { Kind = LogDamageKind.TornTail, Length = length - torn.Offset });
        return new Segment(name, header, end, safe, Math.Max(last, header.First - 1), length);
    }

    /// <summary>Old content of a file is behind every end; a frame's beginning is there only when one was written.
    /// </summary>
    private static bool IsOfRecord(DiskFile file, LogDamage torn, SegmentKey key)
    {
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        ReadPart(file, (int)torn.Offset, salt);
        var wrong = BitOperations.PopCount(BinaryPrimitives.ReadUInt64LittleEndian(salt) ^ key.Salt);
        return torn.Position > 0 || wrong <= ResemblingBits;
    }

    /// <summary>
    /// Crash of the program alone: what it wrote last is in the kernel's memory, and readers will act on it, so it
    /// is made to last. It is written once more: if the program had been told of a failed sync before it ended, the
    /// kernel takes for written what the disk never got. When that fails, nobody had been promised it.
    /// </summary>
    private static void MakeSafe(IDisk disk, Segment newest, List<LogDamage> damage)
    {
        try
        {
            using var file = Open(disk, newest.Name);
            var part = new byte[PartBytes];
            var end = Math.Min(newest.End, file.Length);
            for (var at = newest.SafeEnd; at < end; at += part.Length)
            {
                var found = part.AsSpan(0, (int)Math.Min(part.Length, end - at));
                if (TryRead(file, at, found))
                    file.Write(at, found);
            }

            file.Sync();
        }
        catch (DiskException)
        {
            damage.Add(OfFile(LogDamageKind.Segment, newest.Name));
        }
    }

    /// <summary>What cannot be opened now is not read for as long as the program runs, and so it is tried twice.
    /// </summary>
    private static DiskFile Open(IDisk disk, string name)
    {
        try
        {
            return disk.Open(name);
        }
        catch (DiskException)
        {
            return disk.Open(name);
        }
    }

    private static bool TryRead(DiskFile file, long from, Span<byte> to)
    {
        try
        {
            file.Read(from, to);
            return true;
        }
        catch (DiskException)
        {
            // A reader finds out what it costs.
            return false;
        }
    }

    /// <summary>
    /// A segment that is missing between others was lost, if anybody is not done with what stands between them; else
    /// it went because nobody needed it.
    /// </summary>
    private static void ReportMissing(
        List<Segment> segments, IReadOnlyList<CursorState> cursors, List<LogDamage> damage)
    {
        for (var i = 1; i < segments.Count; i++)
        {
            var (before, header) = (segments[i - 1], segments[i].Header);
            if (header.Previous <= before.Header.Generation
                || (cursors.Count > 0 && cursors.All(cursor => cursor.IsDone(before.Last + 1, header.First - 1))))
                continue;
            damage.Add(OfFile(
                LogDamageKind.MissingSegment, SegmentFormat.Name(header.Previous, SegmentFormat.Segment)) with
            {
                After = before.Last,
                Before = header.First,
                Acknowledged = true,
            });
        }
    }

    private static List<string> KeepSpares(
        IDisk disk, IReadOnlyList<string> names, List<string> takenOver, LogOptions options)
    {
        List<string> spares = [];
        try
        {
            foreach (var name in takenOver)
                disk.Delete(name);
            // A spare's name must last before the file is written: see SegmentStore.
            disk.SyncDirectory();
            foreach (var name in names)
            {
                if (name.EndsWith(SegmentFormat.Unfinished, StringComparison.Ordinal))
                    disk.Delete(name);
                if (!name.EndsWith(SegmentFormat.Spare, StringComparison.Ordinal))
                    continue;
                if (spares.Count < options.MaxSpares && LengthOf(disk, name) == options.SegmentBytes)
                    spares.Add(name);
                else
                    disk.Delete(name);
            }
        }
        catch (DiskException)
        {
            // Without spares the log makes new files; what is left here is looked at again at the next start.
            spares.Clear();
        }

        return spares;
    }

    private static long LengthOf(IDisk disk, string name)
    {
        using var file = Open(disk, name);
        return file.Length;
    }

    private static LogDamage OfFile(LogDamageKind kind, string file) =>
        new(kind, file, 0, 0, After: 0, Before: 0, Acknowledged: false, Position: 0, default);

    /// <summary>A file that holds a segment.</summary>
    private readonly record struct SegmentFile(string Name, SegmentHeader Header)
    {
        /// <summary>Generations in turn, and what was written anew behind what it was made from.</summary>
        public (long, int) Order => (Header.Generation, SegmentFormat.RewriteOf(Name));
    }
}
