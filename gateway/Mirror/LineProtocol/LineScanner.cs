using System.Runtime.CompilerServices;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Finds out what influxd 1.6 will make of a body of line protocol: how many points it holds, which lines are
/// refused, which have no timestamp.
/// </summary>
/// <remarks>
/// Two readers work side by side. <see cref="PlainReader"/> is fast and knows only plain lines;
/// <see cref="PointParser"/> is exact and takes every line the first one leaves.
/// </remarks>
public static class LineScanner
{
    /// <summary>Scans a whole body. Nothing is allocated but what the lists need to grow.</summary>
    /// <param name="body">Line protocol, not compressed.</param>
    /// <param name="precision">The unit of its timestamps, for their range.</param>
    /// <param name="unstampedEnds">
    /// Takes, for each point without a timestamp that can be given one, the offset of the line's end, where a space
    /// and the time are to be inserted. Null if not wanted.
    /// </param>
    public static BodyScan Scan(
        ReadOnlySpan<byte> body, Precision precision, InsertionPoints? unstampedEnds = null) =>
        Scan(body, precision, unstampedEnds, faultyLines: null);

    /// <param name="body">Line protocol.</param>
    /// <param name="precision">The unit of its timestamps.</param>
    /// <param name="unstampedEnds">Takes the ends of points without a timestamp.</param>
    /// <param name="faultyLines">Takes the start and the end of every refused line, in turn.</param>
    /// <param name="blocks">Whether many lines are read at once, on processors that can.</param>
    [SkipLocalsInit]
    internal static BodyScan Scan(
        ReadOnlySpan<byte> body,
        Precision precision,
        InsertionPoints? unstampedEnds,
        InsertionPoints? faultyLines,
        bool blocks = true)
    {
        BodyScan scan = default;
        Span<ushort> tokens = stackalloc ushort[TokenIndexer.Capacity];
        Span<ulong> masks = stackalloc ulong[PlainBlocks.IsSupported ? PlainBlocks.Room : 0];
        PlainReader plain = new(body, tokens, blocks ? masks : default, precision);
        int position = plain.Read(0, ref scan, unstampedEnds);
        while (position < body.Length)
        {
            LineEnd line = LineSplitter.Find(body, position);
            ReadExactly(body, position..line.End, precision, ref scan, unstampedEnds, faultyLines);
            scan.EndsOpen = line.Open;
            position = line.End + 1;
            if (position < body.Length)
                position = plain.Read(position, ref scan, unstampedEnds);
        }

        scan.EndsWithNewline = body.IsEmpty || (body[^1] == '\n' && !scan.EndsOpen);
        return scan;
    }

    private static void ReadExactly(
        ReadOnlySpan<byte> body,
        Range range,
        Precision precision,
        ref BodyScan scan,
        InsertionPoints? unstampedEnds,
        InsertionPoints? faultyLines)
    {
        (int lineStart, int length) = range.GetOffsetAndLength(body.Length);
        int end = lineStart + length;
        int start = LineSplitter.SkipWhitespace(body[..end], lineStart);
        if (start == end || body[start] == '#')
            return;

        // Only the last line can keep a newline: one in quotes that never close.
        if (body[end - 1] == '\n')
            end--;

        LineVerdict verdict = PointParser.Parse(body[start..end], precision);
        if (verdict.Fault != LineFault.None)
        {
            if (scan.Faults++ == 0)
                scan.FirstFault = new LineFaultLocation(start, end - start, verdict.Fault);
            scan.EndsInfluxd |= verdict.Fault == LineFault.EndsInfluxd;
            scan.FailsInfluxd |= verdict.Fault == LineFault.TagCountFailsInfluxd;
            faultyLines?.Add(start);
            faultyLines?.Add(end);
            return;
        }

        scan.Points++;
        if (verdict.Stamp == Stamp.Present)
            return;

        scan.Unstamped++;
        if (verdict.Stamp == Stamp.Impossible)
            scan.Unstampable++;
        else
            unstampedEnds?.Add(end);
    }
}
