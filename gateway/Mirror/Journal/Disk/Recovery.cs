namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Finds what a folder holds after whatever end the program before had. Keeps every intact record, tells a write
/// that was cut short from damage, passes over damage, deletes no record and never refuses.
/// </summary>
public static class Recovery
{
    private const int PartBytes = 64 * 1024;

    /// <summary>Looks through the folder, which the caller has locked.</summary>
    /// <exception cref="DiskException">The folder itself cannot be listed.</exception>
    public static RecoveredLog Run(IDisk disk, LogOptions options)
    {
        disk = new PatientDisk(disk, options.StartPatience);
        List<LogDamage> damage = [];
        var saved = CursorFile.LoadAll(disk, file => damage.Add(OfFile(LogDamageKind.Cursor, file)));
        var cursors = Furthest(saved);
        var names = disk.List();
        var files = ReadHeaders(disk, names, damage);
        var takenOver = LeaveOutTakenOver(files);
        var lastPosition = saved.Select(one => one.Value.Highest).Append(options.TakenThrough).Max();
        var knownThrough = lastPosition;
        if (damage.Exists(static one => one.Kind == LogDamageKind.Cursor))
            lastPosition += Beyond(options);
        var first = saved.Select(static one => one.Value.LowWaterMark).DefaultIfEmpty(0).Min() + 1;
        List<Segment> segments = [];
        for (var i = 0; i < files.Count; i++)
        {
            // A position is never used twice: not those of lost records, nor of ones that were withdrawn from a
            // segment that failed. The header tells how far they had got when it was written.
            if (files[i].Header is { } header)
            {
                knownThrough = Math.Max(knownThrough, Math.Max(header.Given, header.First - 1));
                lastPosition = Math.Max(lastPosition, knownThrough);
            }

            var segment = Restore(disk, files, i, first, options, damage, ref lastPosition);
            segment.Seal();
            segments.Add(segment);
            first = segment.Last + 1;
            if (!segment.IsUnread)
                knownThrough = Math.Max(knownThrough, segment.Last);
        }

        if (segments is [.., { IsUnread: false }] && options.Safety == LogSafety.Disk)
            MakeSafe(disk, segments[^1], damage);
        ReportMissing(segments, [.. cursors.Values], damage);
        var lastGeneration = names.Select(SegmentFormat.GenerationOf).DefaultIfEmpty(0).Max();
        return new RecoveredLog(
            segments, KeepSpares(disk, names, takenOver, options), lastGeneration, lastPosition, knownThrough,
            cursors, [.. saved.Select(static one => one.Key)], damage);
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
    /// is not is damage. What the disk does not give is not damaged: it may be as good as ever, and so is not absent.
    /// </summary>
    private static List<SegmentFile> ReadHeaders(IDisk disk, IReadOnlyList<string> names, List<LogDamage> damage)
    {
        List<SegmentFile> files = [];
        foreach (var name in names.Where(name => name.EndsWith(SegmentFormat.Segment, StringComparison.Ordinal)))
        {
            var (header, isUnread) = HeaderOf(disk, name);
            if (header is null)
                damage.Add(OfFile(LogDamageKind.Segment, name));
            if (header is not null || (isUnread && SegmentFormat.GenerationOf(name) > 0))
                files.Add(new SegmentFile(name, header));
        }

        files.Sort(static (left, right) => left.Order.CompareTo(right.Order));
        return files;
    }

    private static (SegmentHeader? Header, bool IsUnread) HeaderOf(IDisk disk, string name)
    {
        try
        {
            using var file = disk.Open(name);
            return (SegmentScan.Header(file, name, out var isUnread), isUnread);
        }
        catch (DiskException fault)
        {
            return (null, fault.Fault != DiskFault.Missing);
        }
    }

    /// <summary>
    /// Crash between the writing anew of segments and their removal: what is still needed of them is in the new one,
    /// and their files are of no use. Their names.
    /// </summary>
    private static List<string> LeaveOutTakenOver(List<SegmentFile> files)
    {
        List<string> takenOver = [];
        SegmentHeader? rewritten = null;
        for (var i = files.Count - 1; i >= 0; i--)
        {
            var (name, header) = files[i];
            var isLeftOver = header is { } known
                ? known.First >= rewritten?.First
                : SegmentFormat.GenerationOf(name) > rewritten?.Previous;
            if (isLeftOver)
                files.RemoveAt(i);
            // One that cannot be read stays for a start that can.
            if (isLeftOver && header is not null)
                takenOver.Add(name);
            else if (!isLeftOver && SegmentScan.IsRewritten(name))
                rewritten = header ?? rewritten;
        }

        return takenOver;
    }

    /// <summary>
    /// Crash, or a failed sync, behind which another segment was begun: that one's header says where this one ends,
    /// and what follows in it does not count. Without such a header the segment is read to its end.
    /// </summary>
    private static Segment Restore(
        IDisk disk, List<SegmentFile> files, int index, long first, LogOptions options, List<LogDamage> damage,
        ref long lastPosition)
    {
        var (name, known) = files[index];
        // The first one: those that name it later knew less of its end.
        var follower = files.Find(
            other => other.Header?.Previous == SegmentFormat.GenerationOf(name)).Header.GetValueOrDefault();
        var next = files.Skip(index + 1).Select(static file => file.Header?.First).FirstOrDefault(
            static position => position is not null) ?? long.MaxValue;
        // Where the next one begins is not known if it cannot be read: then this one says how far it goes.
        var isBounded = index + 1 == files.Count || files[index + 1].Header is not null;
        long length = options.SegmentBytes;
        if (known is { } header)
        {
            try
            {
                using var file = disk.Open(name);
                length = file.Length;
                if (follower.Generation > 0 && isBounded)
                    return SegmentScan.IsRewritten(name)
                        ? SegmentScan.Rewritten(name, header, next - 1, length)
                        : new Segment(name, header, follower.PreviousEnd, follower.PreviousSafeEnd, next - 1, length);
                var found = SegmentScan.Content(file, name, header, next, skipsUnreadable: true);
                lastPosition = Math.Max(lastPosition, found.Highest);
                damage.AddRange(found.Damage);
                if (!found.HasUnread)
                    return found.Segment;
            }
            catch (DiskException)
            {
                // As if its content could not be read.
            }

            damage.Add(OfFile(LogDamageKind.Segment, name));
        }

        // It may hold positions that nothing else knows of.
        if (next == long.MaxValue)
            next = (lastPosition += Beyond(options)) + 1;
        var (end, safeEnd) = (follower.PreviousEnd, follower.PreviousSafeEnd);
        if (SegmentScan.IsRewritten(name))
            (end, safeEnd) = (0, 0);
        var generation = SegmentFormat.GenerationOf(name);
        return new Segment(
            name, known ?? new SegmentHeader(generation, 0, Math.Min(first, next), 0), end, safeEnd, next - 1, length)
        {
            IsUnread = true,
        };
    }

    /// <summary>
    /// So many positions a segment or cursor that cannot be read may know of, beyond all that is known: more than a
    /// segment has records, as between them there may be some that were cancelled.
    /// </summary>
    private static long Beyond(LogOptions options) => options.SegmentBytes;

    /// <summary>
    /// Crash of the program alone: what it wrote last is in the kernel's memory, and readers will act on it, so it
    /// is made to last. It is written once more: if the program had been told of a failed sync before it ended, the
    /// kernel takes for written what the disk never got. When that fails, nobody had been promised it.
    /// </summary>
    private static void MakeSafe(IDisk disk, Segment newest, List<LogDamage> damage)
    {
        try
        {
            using var file = disk.Open(newest.Name);
            var part = new byte[PartBytes];
            var end = Math.Min(newest.End, file.Length);
            for (var at = newest.SafeEnd; at < end; at += part.Length)
            {
                var found = part.AsSpan(0, (int)Math.Min(part.Length, end - at));
                if (SegmentScan.TryRead(file, at, found))
                    file.Write(at, found);
            }

            file.Sync();
        }
        catch (DiskException)
        {
            damage.Add(OfFile(LogDamageKind.Segment, newest.Name));
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
        using var file = disk.Open(name);
        return file.Length;
    }

    private static LogDamage OfFile(LogDamageKind kind, string file) =>
        new(kind, file, 0, 0, After: 0, Before: 0, Acknowledged: false, Position: 0, default);

    /// <summary>A file that holds a segment; its header is not there if the disk did not give it.</summary>
    private readonly record struct SegmentFile(string Name, SegmentHeader? Header)
    {
        /// <summary>Generations in turn, and what was written anew behind what it was made from.</summary>
        public (long, int) Order => (SegmentFormat.GenerationOf(Name), SegmentFormat.RewriteOf(Name));
    }
}
