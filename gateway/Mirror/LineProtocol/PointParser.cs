namespace InfluxMirror.LineProtocol;

/// <summary>
/// The plain, exact reading of one line, step by step in the order in which influxd 1.6.7 finds faults. Everything
/// faster in this folder only shortens the way to the same answer.
/// </summary>
internal static class PointParser
{
    public const int MaxKeyLength = 65535;

    /// <param name="line">The line without white space at its start and without its newline; not empty.</param>
    /// <param name="precision">The unit of its timestamp.</param>
    public static LineVerdict Parse(ReadOnlySpan<byte> line, Precision precision)
    {
        LineFault fault = SeriesText.Scan(line, out int keyLength);
        if (fault != LineFault.None)
            return fault;
        if (keyLength > MaxKeyLength)
            return new LineVerdict { Fault = LineFault.KeyTooLong, KeyLength = keyLength };

        int fieldsStart = LineSplitter.SkipWhitespace(line, keyLength);
        LineVerdict verdict = FieldText.Scan(line, fieldsStart, out int fieldsEnd);
        if (verdict.Fault != LineFault.None)
            return verdict;

        verdict = FieldWalk.Check(line, fieldsStart..fieldsEnd, keyLength, out bool endsInfluxd);
        if (verdict.Fault != LineFault.None)
            return verdict;

        verdict = ScanTime(line, fieldsEnd, precision);
        return verdict.Fault == LineFault.None && endsInfluxd ? LineFault.EndsInfluxd : verdict;
    }

    private static LineVerdict ScanTime(ReadOnlySpan<byte> line, int fieldsEnd, Precision precision)
    {
        int start = LineSplitter.SkipWhitespace(line, fieldsEnd);
        int i = start;
        while (i < line.Length && line[i] is not ((byte)'\n' or (byte)' '))
        {
            if (!char.IsAsciiDigit((char)line[i]) && !(i == start && line[i] == '-'))
                return LineFault.BadTimestamp;
            i++;
        }

        if (i == start)
        {
            // influxd looks no further than a newline here, so that a time added behind it would not be seen.
            bool unreachable = i < line.Length || EndsInsideEscape(line, fieldsEnd);
            return new LineVerdict { Stamp = unreachable ? Stamp.Impossible : Stamp.Absent };
        }

        LineFault fault = CheckTime(line[start..i], precision);
        if (fault != LineFault.None)
            return new LineVerdict { Fault = fault, Detail = start..i };
        return line[i..].IndexOfAnyExcept((byte)' ') < 0 ? LineFault.None : LineFault.TextBehindTimestamp;
    }

    /// <summary>The last byte of the line is a backslash that would hide a byte added behind it.</summary>
    private static bool EndsInsideEscape(ReadOnlySpan<byte> line, int fieldsEnd)
    {
        if (fieldsEnd < line.Length)
            return false;
        int backslashes = line.Length - 1 - line.LastIndexOfAnyExcept((byte)'\\');
        return (backslashes & 1) == 1;
    }

    private static LineFault CheckTime(ReadOnlySpan<byte> text, Precision precision)
    {
        bool negative = text[0] == '-';
        ReadOnlySpan<byte> digits = negative ? text[1..] : text;
        if (digits.IsEmpty)
            return LineFault.TimestampWithoutDigits;
        if (!NumberText.TryReadInteger(digits, negative, out long time))
            return LineFault.TimestampTooLong;

        Int128 nanoseconds = (Int128)time * precision.UnitNanoseconds();
        return nanoseconds >= long.MinValue + 2 && nanoseconds <= long.MaxValue - 1
            ? LineFault.None
            : LineFault.TimeOutsideRange;
    }
}
