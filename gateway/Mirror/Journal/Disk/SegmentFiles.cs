namespace InfluxMirror.Journal.Disk;

/// <summary>A file that holds a segment; its header is not there if the disk did not give it.</summary>
internal readonly record struct SegmentFile(string Name, SegmentHeader? Header)
{
    /// <summary>Generations in turn, and what was written anew behind what it was made from.</summary>
    public (long Generation, int Rewrite) Order => (SegmentFormat.GenerationOf(Name), SegmentFormat.RewriteOf(Name));
}

/// <summary>
/// What the files of segments, oldest first, say of each other: which of them count, and where each ends. A start asks,
/// and whoever comes to what a start could not read: what cannot be read is not known to be absent, and what depends on
/// it is not known either.
/// </summary>
internal static class SegmentFiles
{
    private const int PartBytes = 64 * 1024;

    /// <summary>
    /// Crash between the writing anew of segments and their removal: what is still needed of it is in a later one, and
    /// the file is of no use.
    /// </summary>
    public static bool IsTakenOver(IReadOnlyList<SegmentFile> files, int index) =>
        files[index].Header is { } header && files.Skip(index + 1).Any(
            other => SegmentScan.IsRewritten(other.Name) && other.Header?.First <= header.First);

    /// <summary>
    /// The headers that are missing to tell whether it counts and where it ends: its own, those of what was written
    /// anew behind it, and the next one, unless it is whole by itself.
    /// </summary>
    public static IEnumerable<int> Missing(IReadOnlyList<SegmentFile> files, int index)
    {
        for (var i = index; i < files.Count; i++)
        {
            var isNext = i == index + 1 && !SegmentScan.IsRewritten(files[index].Name);
            if (files[i].Header is null && (i == index || isNext || SegmentScan.IsRewritten(files[i].Name)))
                yield return i;
        }
    }

    /// <summary>Where the next one begins; null when that is not known.</summary>
    public static long? Next(IReadOnlyList<SegmentFile> files, int index) =>
        files.Skip(index + 1).FirstOrDefault(static file => file.Header is not null).Header?.First;

    /// <summary>
    /// Crash, or a failed sync, behind which another segment was begun: that one's header says where this one ends,
    /// and what follows in it does not count. Without such a header the segment is read to its end.
    /// </summary>
    /// <param name="disk">The folder.</param>
    /// <param name="files">All of them.</param>
    /// <param name="index">One of which the header is known.</param>
    /// <param name="skipsUnreadable">Goes over what the disk does not give.</param>
    /// <exception cref="DiskException">The disk does not give it, or not all of it.</exception>
    public static SegmentScan.Found Find(
        IDisk disk, IReadOnlyList<SegmentFile> files, int index, bool skipsUnreadable)
    {
        var (name, header) = (files[index].Name, files[index].Header!.Value);
        using var file = disk.Open(name);
        if (Next(files, index) is not { } next)
            return SegmentScan.Content(file, name, header, long.MaxValue, skipsUnreadable);
        if (SegmentScan.IsRewritten(name))
            return Known(SegmentScan.Rewritten(name, header, next - 1, file.Length));
        // The first one: those that name it later knew less of its end.
        var follower = files.FirstOrDefault(other => other.Header?.Previous == header.Generation).Header;
        return follower is { } known
            ? Known(new Segment(name, header, known.PreviousEnd, known.PreviousSafeEnd, next - 1, file.Length))
            : SegmentScan.Content(file, name, header, next, skipsUnreadable);
    }

    /// <summary>
    /// What a segment is that a start could not read, as a start would find it that can; null when it was taken over.
    /// </summary>
    /// <param name="disk">The folder.</param>
    /// <param name="segments">All segments.</param>
    /// <param name="unread">One of them.</param>
    /// <param name="skipsUnreadable">What the disk still does not give is given up.</param>
    /// <exception cref="DiskException">
    /// The disk does not give it, or something that would tell whether it counts and where it ends.
    /// </exception>
    public static Segment? Look(IDisk disk, IReadOnlyList<Segment> segments, Segment unread, bool skipsUnreadable)
    {
        SegmentFile[] files = [.. segments.Select(
            static segment => new SegmentFile(segment.Name, segment.HasHeader ? segment.Header : null))];
        var index = Array.FindIndex(files, file => file.Name == unread.Name);
        if (index < 0)
            throw new DiskException(DiskFault.Missing, $"{unread.Name} is being removed.");
        foreach (var missing in Missing(files, index).ToArray())
        {
            var header = SegmentScan.TryHeader(disk, files[missing].Name, out _);
            if (header is null && (missing == index || !skipsUnreadable))
                throw new DiskException(
                    DiskFault.Failed, $"The header of '{files[missing].Name}' cannot be read.");
            files[missing] = files[missing] with { Header = header };
        }

        if (IsTakenOver(files, index))
            return null;
        var segment = Find(disk, files, index, skipsUnreadable).Segment;
        segment.Seal();
        return segment;
    }

    /// <summary>
    /// Crash of the program alone: what it wrote last is in the kernel's memory, and is made to last before readers act
    /// on it. It is written once more: if the program had been told of a failed sync before it ended, the kernel takes
    /// for written what the disk never got.
    /// </summary>
    /// <exception cref="DiskException">It cannot be made to last now.</exception>
    public static void MakeSafe(IDisk disk, Segment segment)
    {
        using var file = disk.Open(segment.Name);
        var part = new byte[PartBytes];
        var end = Math.Min(segment.End, file.Length);
        for (var at = segment.SafeEnd; at < end; at += part.Length)
        {
            var found = part.AsSpan(0, (int)Math.Min(part.Length, end - at));
            if (SegmentScan.TryRead(file, at, found))
                file.Write(at, found);
        }

        file.Sync();
    }

    /// <summary>Nothing had to be looked for in it.</summary>
    private static SegmentScan.Found Known(Segment segment) => new(segment, 0, HasUnread: false, []);
}
