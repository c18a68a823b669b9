using System.Buffers.Binary;
using System.Numerics;

namespace InfluxMirror.Journal.Disk;

/// <summary>Finds out from a segment's file alone what it holds.</summary>
internal static class SegmentScan
{
    // A frame's first bytes with at most so many bits wrong are still known as such: chance does that to one place
    // in three billion.
    private const int ResemblingBits = 8;

    /// <summary>The header of a file, as below; null also when it cannot be opened.</summary>
    /// <param name="disk">The folder.</param>
    /// <param name="name">The file.</param>
    /// <param name="isUnread">The disk did not give all of it. What is gone is not unread.</param>
    public static SegmentHeader? TryHeader(IDisk disk, string name, out bool isUnread)
    {
        try
        {
            using var file = disk.Open(name);
            return Header(file, name, out isUnread);
        }
        catch (DiskException fault)
        {
            isUnread = fault.Fault != DiskFault.Missing;
            return null;
        }
    }

    /// <summary>
    /// The header: the first copy, the second, or else the first frame helps: it begins with the salt, and the name
    /// has the generation. Null when none of them is whole.
    /// </summary>
    /// <param name="file">The segment's file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="isUnread">The disk did not give all of it.</param>
    private static SegmentHeader? Header(DiskFile file, string name, out bool isUnread)
    {
        var start = new byte[SegmentFormat.DataStart + RecordFormat.FrameLength];
        isUnread = false;
        // By halves: one page that cannot be read must not hide the other.
        const int half = SegmentFormat.DataStart / 2;
        foreach (var (from, to) in ((int, int)[])[(0, half), (half, 2 * half), (2 * half, start.Length)])
            isUnread |= !TryRead(file, from, start.AsSpan(from..to));
        var generation = SegmentFormat.GenerationOf(name);
        if (SegmentFormat.TryDecode(start, out var header))
            return header.Generation == generation ? header : null;
        // What a guess does not know, the header may know as soon as the disk gives it.
        return isUnread ? null : Guess(start, generation);
    }

    /// <summary>
    /// Crash during a write: any sectors of it may be missing. What is intact is kept, even behind a hole; each
    /// frame says up to where all had been safe when it was written, which tells holes of records that somebody was
    /// promised. Behind the last intact frame the segment ends. It is not written again, so that nothing needs
    /// cutting: the next segment's header will say where it ended.
    /// <para>What the disk does not give counts as promised, and so the segment reaches to the end of its file.</para>
    /// </summary>
    /// <param name="file">The segment's file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="header">Its header.</param>
    /// <param name="next">Positions from here on do not count: a later segment took them over.</param>
    /// <param name="skipsUnreadable">Goes over what the disk does not give.</param>
    /// <exception cref="DiskException">The disk does not give all of it.</exception>
    public static Found Content(
        DiskFile file, string name, in SegmentHeader header, long next, bool skipsUnreadable)
    {
        var length = file.Length;
        var whole = new Segment(name, header, length, SegmentFormat.DataStart, next - 1, length);
        using var walk = new FrameWalk(file, whole) { SkipsUnreadable = skipsUnreadable };
        List<LogDamage> damage = [], open = [];
        long end = SegmentFormat.DataStart, safe = SegmentFormat.DataStart, last = header.First - 1, highest = 0;
        for (var step = walk.Next(length, 0); step != WalkStep.End; step = walk.Next(length, 0))
        {
            highest = Math.Max(highest, walk.Frame.Position);
            if (step == WalkStep.Record)
                walk.Record!.Body.Release();
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

        if (walk.HasUnread)
        {
            var reached = new Segment(name, header, length, length, next - 1, length);
            return new Found(reached, highest, HasUnread: true, []);
        }

        // What had been safe counts, though nothing intact may be left behind it.
        end = Math.Max(end, safe);
        damage.AddRange(open.Where(hole => hole.Offset < end));
        if (open.Find(hole => hole.Offset >= end) is { } torn && IsOfRecord(file, torn, header.Key))
            damage.Add(torn with { Kind = LogDamageKind.TornTail, Length = length - torn.Offset });
        return new Found(
            new Segment(name, header, end, safe, next == long.MaxValue ? last : next - 1, length), highest,
            HasUnread: false, damage);
    }

    /// <summary>One that was written anew ends with its file.</summary>
    public static Segment Rewritten(string name, in SegmentHeader header, long last, long length)
    {
        var end = header.End > 0 ? header.End : length;
        return new Segment(name, header with { End = end }, end, end, last, length);
    }

    /// <summary>The last record in a segment; when the disk does not give all of it, the last it may hold.</summary>
    public static long LastIn(IDisk disk, Segment segment)
    {
        if (segment.IsUnread)
            return segment.Last;
        try
        {
            using var file = disk.Open(segment.Name);
            using var walk = new FrameWalk(file, segment);
            var last = segment.Header.First - 1;
            for (var step = walk.Next(segment.End, 0); step != WalkStep.End; step = walk.Next(segment.End, 0))
            {
                last = Math.Max(last, walk.Frame.Position);
                if (step == WalkStep.Record)
                    walk.Record!.Body.Release();
            }

            return last;
        }
        catch (DiskException)
        {
            return segment.Last;
        }
    }

    /// <summary>It is what was left of others.</summary>
    public static bool IsRewritten(string name) => SegmentFormat.RewriteOf(name) > 0;

    /// <summary>Reads if the disk gives it; else there are zeros, and a reader finds out what it costs.</summary>
    public static bool TryRead(DiskFile file, long from, Span<byte> to)
    {
        try
        {
            file.Read(from, to);
            return true;
        }
        catch (DiskException)
        {
            to.Clear();
            return false;
        }
    }

    private static SegmentHeader? Guess(ReadOnlySpan<byte> start, long generation)
    {
        var first = start[SegmentFormat.DataStart..];
        var salt = BinaryPrimitives.ReadUInt64LittleEndian(first);
        return RecordFormat.TryRead(first, SegmentKey.Of(generation, salt), out var frame)
            ? new SegmentHeader(generation, salt, frame.Position, frame.Position)
            : null;
    }

    /// <summary>Old content of a file is behind every end; a frame's beginning is there only when one was written.
    /// </summary>
    private static bool IsOfRecord(DiskFile file, LogDamage torn, SegmentKey key)
    {
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        TryRead(file, torn.Offset, salt);
        var wrong = BitOperations.PopCount(BinaryPrimitives.ReadUInt64LittleEndian(salt) ^ key.Salt);
        return torn.Position > 0 || wrong <= ResemblingBits;
    }

    /// <summary>What is in a file.</summary>
    /// <param name="Segment">The segment.</param>
    /// <param name="Highest">The highest position that was met, whether it counts or not.</param>
    /// <param name="HasUnread">The disk did not give all of it.</param>
    /// <param name="Damage">What is damaged, apart from that.</param>
    public readonly record struct Found(Segment Segment, long Highest, bool HasUnread, List<LogDamage> Damage);
}
