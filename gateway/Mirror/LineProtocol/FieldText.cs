namespace InfluxMirror.LineProtocol;

/// <summary>The fields of a line: keys, values, and where they end.</summary>
internal static class FieldText
{
    /// <param name="line">The line.</param>
    /// <param name="start">Offset behind the white space that follows measurement and tags.</param>
    /// <param name="end">Offset of the space behind the fields, or the length of the line.</param>
    public static LineVerdict Scan(ReadOnlySpan<byte> line, int start, out int end)
    {
        bool quoted = false;
        int equals = 0;
        int commas = 0;
        int i = start;
        while (i < line.Length && (line[i] != ' ' || quoted))
        {
            byte current = line[i];
            if (current == '\\' && i + 1 < line.Length)
            {
                i += 2;
            }
            else if (current == '"' && equals > commas)
            {
                quoted = !quoted;
                i++;
            }
            else if (current == '=' && !quoted)
            {
                equals++;
                LineVerdict verdict = ScanValue(line, ref i);
                if (verdict.Fault != LineFault.None)
                {
                    end = i;
                    return verdict;
                }
            }
            else
            {
                if (current == ',' && !quoted)
                    commas++;
                i++;
            }
        }

        end = i;
        if (quoted)
            return LineFault.UnbalancedQuotes;
        return equals == 0 || commas != equals - 1 ? LineFault.InvalidFieldFormat : LineFault.None;
    }

    /// <summary>
    /// Checks both sides of an equals sign and goes on to the end of a number or boolean, or to a string's quote.
    /// </summary>
    private static LineVerdict ScanValue(ReadOnlySpan<byte> line, ref int i)
    {
        // At least a byte of measurement and a space come before the fields.
        if (line[i - 1] is (byte)' ' or (byte)',' && line[i - 2] != '\\')
            return LineFault.MissingFieldKey;

        int start = i + 1;
        if (start >= line.Length || line[start] is (byte)',' or (byte)' ')
            return LineFault.MissingFieldValue;

        i = start;
        if (line[start] == '"')
            return LineFault.None;

        int length = line[start..].IndexOfAny((byte)',', (byte)' ');
        i = length < 0 ? line.Length : start + length;
        ReadOnlySpan<byte> text = line[start..i];
        if (!NumberText.StartsNumber(text[0]))
            return NumberText.IsBoolean(text) ? LineFault.None : LineFault.InvalidBoolean;

        LineFault fault = NumberText.Check(text);
        return new LineVerdict { Fault = fault, Detail = start..(i - 1) };
    }
}
