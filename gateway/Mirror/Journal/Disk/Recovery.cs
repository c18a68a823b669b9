namespace InfluxMirror.Journal.Disk;

/// <summary>
/// Finds what a folder holds after whatever end the program before had. Keeps every intact record, tells a write
/// that was cut short from damage, passes over damage, deletes no record and never refuses.
/// </summary>
public static class Recovery
{
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
        // A position is never used twice: not those of lost records, nor of ones that were withdrawn from a segment
        // that failed. A header tells how far they had got when it was written.
        var knownThrough = saved.Select(static one => one.Value.Highest)
            .Concat(files.Select(static file => Math.Max(file.Header?.Given ?? 0, file.Header?.First - 1 ?? 0)))
            .Append(options.TakenThrough).Max();
        var unknown = Beyond(knownThrough, options);
        var lastPosition = damage.Exists(static one => one.Kind == LogDamageKind.Cursor) ? unknown : knownThrough;
        var first = saved.Select(static one => one.Value.LowWaterMark).DefaultIfEmpty(0).Min() + 1;
        List<Segment> segments = [];
        for (var i = 0; i < files.Count; i++)
        {
            if (TryRestore(disk, files, i, damage, ref lastPosition) is { } segment)
            {
                knownThrough = Math.Max(knownThrough, segment.Last);
            }
            else
            {
                // One that cannot be read may hold positions that nothing else knows of.
                if (SegmentFiles.Next(files, i) is null)
                    lastPosition = Math.Max(lastPosition, unknown);
                segment = Unread(disk, files[i], first, SegmentFiles.Next(files, i) ?? lastPosition + 1, options);
            }

            segment.Seal();
            segments.Add(segment);
            first = segment.Last + 1;
        }

        if (segments is [.., { IsUnread: false }] && options.Safety == LogSafety.Disk)
            MakeSafe(disk, segments[^1], damage);
        ReportMissing(disk, segments, [.. cursors.Values], damage);
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
            var header = SegmentScan.TryHeader(disk, name, out var isUnread);
            if (header is null)
                damage.Add(OfFile(LogDamageKind.Segment, name));
            if (header is not null || (isUnread && SegmentFormat.GenerationOf(name) > 0))
                files.Add(new SegmentFile(name, header));
        }

        files.Sort(static (left, right) => left.Order.CompareTo(right.Order));
        return files;
    }

    /// <summary>
    /// What was taken over, as far as that is known for certain, or goes by the name: behind it there is the same once
    /// more, written anew. Names of files of no use.
    /// </summary>
    private static List<string> LeaveOutTakenOver(List<SegmentFile> files)
    {
        List<string> takenOver = [];
        for (var i = files.Count - 1; i >= 0; i--)
        {
            var isTakenOver = SegmentFiles.IsTakenOver(files, i);
            // While one of the two cannot be read the file stays for a start that can.
            var isTwice = i + 1 < files.Count && files[i].Order.Generation == files[i + 1].Order.Generation;
            if (isTakenOver)
                takenOver.Add(files[i].Name);
            if (isTakenOver || isTwice)
                files.RemoveAt(i);
        }

        return takenOver;
    }

    /// <summary>The segment in a file; null when the disk does not give what there is to know.</summary>
    private static Segment? TryRestore(
        IDisk disk, List<SegmentFile> files, int index, List<LogDamage> damage, ref long lastPosition)
    {
        if (SegmentFiles.Missing(files, index).Any())
            return null;
        try
        {
            var found = SegmentFiles.Find(disk, files, index, skipsUnreadable: true);
            lastPosition = Math.Max(lastPosition, found.Highest);
            damage.AddRange(found.Damage);
            if (!found.HasUnread)
                return found.Segment;
        }
        catch (DiskException)
        {
            // As if its content could not be read.
        }

        damage.Add(OfFile(LogDamageKind.Segment, files[index].Name));
        return null;
    }

    /// <summary>One that could not be read, or of which that is not known which depends on another.</summary>
    private static Segment Unread(IDisk disk, in SegmentFile file, long first, long next, LogOptions options)
    {
        var header = file.Header ?? new SegmentHeader(file.Order.Generation, 0, Math.Min(first, next), 0);
        var length = TryLengthOf(disk, file.Name) ?? options.SegmentBytes;
        return new Segment(file.Name, header, 0, 0, next - 1, length)
        {
            IsUnread = true,
            HasHeader = file.Header is not null,
        };
    }

    /// <summary>
    /// No segment or cursor that cannot be read knows of a position above: since 1970 there were not as many as
    /// microseconds, and where an earlier start left out some, it went no further. Should the clock be wrong, at least
    /// as many are left out as a segment has bytes.
    /// </summary>
    private static long Beyond(long known, LogOptions options) => Math.Max(
        known + options.SegmentBytes,
        (options.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    /// <summary>Readers will act on it. When it fails, nobody had been promised what it was about.</summary>
    private static void MakeSafe(IDisk disk, Segment newest, List<LogDamage> damage)
    {
        try
        {
            SegmentFiles.MakeSafe(disk, newest);
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
        IDisk disk, List<Segment> segments, IReadOnlyList<CursorState> cursors, List<LogDamage> damage)
    {
        // Files go without whoever is behind the oldest one, as it cannot go on anyway.
        var first = segments.Count > 0 ? segments[0].Header.First : 0;
        CursorState[] waiting = [.. cursors.Where(cursor => cursor.LowWaterMark + 1 >= first)];
        // What was written anew and cannot be read may hold what seems to be missing before it.
        var i = segments.FindLastIndex(static one => !one.HasHeader && SegmentScan.IsRewritten(one.Name)) + 1;
        for (i = Math.Max(i, 1); i < segments.Count; i++)
        {
            var (before, header) = (segments[i - 1], segments[i].Header);
            if (header.Previous <= before.Header.Generation)
                continue;
            var after = SegmentScan.LastIn(disk, before);
            if (cursors.Count > 0 && waiting.All(cursor => cursor.IsDone(after + 1, header.First - 1)))
                continue;
            damage.Add(OfFile(
                LogDamageKind.MissingSegment, SegmentFormat.Name(header.Previous, SegmentFormat.Segment)) with
            {
                After = after,
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
                if (name.EndsWith(SegmentFormat.Unfinished, StringComparison.Ordinal) &&
                    SegmentFormat.GenerationOf(name) > 0)
                    disk.Delete(name);
                if (!name.EndsWith(SegmentFormat.Spare, StringComparison.Ordinal))
                    continue;
                if (spares.Count < options.MaxSpares && TryLengthOf(disk, name) == options.SegmentBytes)
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

    private static long? TryLengthOf(IDisk disk, string name)
    {
        try
        {
            using var file = disk.Open(name);
            return file.Length;
        }
        catch (DiskException)
        {
            return null;
        }
    }

    private static LogDamage OfFile(LogDamageKind kind, string file) =>
        new(kind, file, 0, 0, After: 0, Before: 0, Acknowledged: false, Position: 0, default);
}
