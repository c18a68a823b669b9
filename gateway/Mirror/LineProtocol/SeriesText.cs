namespace InfluxMirror.LineProtocol;

/// <summary>The measurement and the tags at the start of a line.</summary>
internal static class SeriesText
{
    /// <summary>Fewer tags than these never fail influxd.</summary>
    public const int TagSlots = 100;

    /// <summary>Scans to the space that ends measurement and tags.</summary>
    /// <param name="line">A line without white space at its start; not empty.</param>
    /// <param name="length">Bytes of measurement and tags.</param>
    public static LineFault Scan(ReadOnlySpan<byte> line, out int length)
    {
        length = 0;
        if (line[0] == ',')
            return LineFault.MissingMeasurement;

        int i = 1;
        while (i < line.Length && (line[i] is not ((byte)',' or (byte)' ') || line[i - 1] == '\\'))
            i++;
        if (i >= line.Length)
            return LineFault.MissingFields;

        int firstTag = i + 1;
        int tags = 0;
        while (line[i] == ',')
        {
            LineFault fault = ScanTag(line, i + 1, out i);
            if (fault != LineFault.None)
                return fault;
            tags++;
        }

        length = i;
        if (FailsInfluxd(tags))
            return LineFault.TagCountFailsInfluxd;
        return TagKeys.HaveDuplicate(line, firstTag, tags) ? LineFault.DuplicateTags : LineFault.None;
    }

    /// <summary>
    /// influxd notes where each tag starts, and where the last one ends, in an array of 100 slots that doubles when
    /// a tag finds it full; the end of the last tag does not double it, and the request fails.
    /// </summary>
    public static bool FailsInfluxd(int tags)
    {
        long slots = TagSlots;
        while (slots < tags)
            slots *= 2;
        return slots == tags;
    }

    /// <param name="line">The line.</param>
    /// <param name="start">Offset behind the comma.</param>
    /// <param name="end">Offset of the comma or space behind the tag.</param>
    private static LineFault ScanTag(ReadOnlySpan<byte> line, int start, out int end)
    {
        end = start;
        if (start >= line.Length || line[start] is (byte)' ' or (byte)',' or (byte)'=')
            return LineFault.MissingTagKey;

        int value = EndOfTagPart(line, start) + 1;
        if (value > line.Length || line[value - 1] != '=')
            return LineFault.MissingTagValue;
        if (value == line.Length || line[value] is (byte)',' or (byte)' ')
            return LineFault.MissingTagValue;

        end = EndOfTagPart(line, value);
        if (end == line.Length)
            return LineFault.MissingFields;
        return line[end] == '=' ? LineFault.InvalidTagFormat : LineFault.None;
    }

    /// <summary>
    /// The first equals sign, comma or space without a backslash in front of it, behind the first byte of a tag key
    /// or of a tag value, which may itself be an equals sign.
    /// </summary>
    public static int EndOfTagPart(ReadOnlySpan<byte> line, int start)
    {
        int i = start + 1;
        while (i < line.Length && (line[i] is not ((byte)'=' or (byte)',' or (byte)' ') || line[i - 1] == '\\'))
            i++;
        return i;
    }
}
