namespace InfluxMirror.LineProtocol;

/// <summary>
/// The second reading of the fields, by which influxd takes keys and values apart. It knows other rules than the
/// first: only the byte before an equals sign can escape it, every quote in a value counts, and none in a key.
/// </summary>
internal static class FieldWalk
{
    // influxd adds its separator of four bytes between the series and the field.
    private const int SeparatorLength = 4;

    /// <param name="line">The line.</param>
    /// <param name="fields">Where <see cref="FieldText"/> found the fields.</param>
    /// <param name="seriesLength">Bytes of measurement and tags.</param>
    /// <param name="endsInfluxd">
    /// Some value is a single quote: influxd cuts a byte off both ends of a string, fails to, and as it does so
    /// outside of the request, ends. The two readings must disagree for that: <c>m \\="="</c>, or without any
    /// backslash <c>m a,b="=1,c=",d="</c>.
    /// </param>
    public static LineVerdict Check(ReadOnlySpan<byte> line, Range fields, int seriesLength, out bool endsInfluxd)
    {
        endsInfluxd = false;
        (int i, int length) = fields.GetOffsetAndLength(line.Length);
        int end = i + length;
        while (i < end)
        {
            int equals = EndOfKey(line, i, end);
            if (equals > end - 2)
                return new LineVerdict { Fault = LineFault.InvalidFieldValue, Detail = i..equals };

            int keyLength = seriesLength + SeparatorLength + (equals - i);
            if (keyLength > PointParser.MaxKeyLength)
                return new LineVerdict { Fault = LineFault.KeyTooLong, KeyLength = keyLength };

            int valueEnd = EndOfValue(line, equals + 1, end);
            endsInfluxd |= valueEnd == equals + 2 && line[equals + 1] == '"';
            i = valueEnd + 1;
        }

        return LineFault.None;
    }

    private static int EndOfKey(ReadOnlySpan<byte> line, int start, int end)
    {
        int i = start;
        while (i < end && (line[i] != '=' || (i > start && line[i - 1] == '\\')))
            i++;
        return i;
    }

    private static int EndOfValue(ReadOnlySpan<byte> line, int start, int end)
    {
        bool quoted = false;
        int i = start;
        while (i < end && (line[i] != ',' || quoted))
        {
            if (line[i] == '\\' && i + 1 < end && line[i + 1] is (byte)'"' or (byte)'\\')
                i++;
            else if (line[i] == '"')
                quoted = !quoted;
            i++;
        }

        return i;
    }
}
