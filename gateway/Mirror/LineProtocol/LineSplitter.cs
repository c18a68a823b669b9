using System.Buffers;

namespace InfluxMirror.LineProtocol;

/// <summary>Where one line of a body ends.</summary>
/// <param name="End">Offset of the newline, or the length of the body.</param>
/// <param name="Open">The line reaches the end of the body inside quotes or with an escape.</param>
internal readonly record struct LineEnd(int End, bool Open);

/// <summary>
/// Cuts a body into lines exactly as influxd does. A newline inside quotes is no end, and quotes count only in the
/// value of a field, which this cut takes to be behind the first space where more equals signs than commas were
/// seen. A backslash hides the next byte, but not when fewer than two bytes follow in the body.
/// </summary>
internal static class LineSplitter
{
    private static readonly SearchValues<byte> Marks = SearchValues.Create("\\ =,\"\n"u8);

    public static LineEnd Find(ReadOnlySpan<byte> body, int start)
    {
        bool quoted = false;
        bool inFields = false;
        bool brokenEscape = false;
        int openValues = 0;
        int i = start;
        while (true)
        {
            int skipped = body[i..].IndexOfAny(Marks);
            if (skipped < 0)
                return new LineEnd(body.Length, quoted || brokenEscape);

            i += skipped;
            switch (body[i])
            {
                case (byte)'\\' when i + 2 < body.Length:
                    i++;
                    break;
                case (byte)'\\':
                    brokenEscape = true;
                    break;
                case (byte)' ':
                    inFields = true;
                    break;
                case (byte)'=' when inFields && !quoted:
                    openValues++;
                    break;
                case (byte)',' when inFields && !quoted:
                    openValues--;
                    break;
                case (byte)'"' when inFields && openValues > 0:
                    quoted = !quoted;
                    break;
                case (byte)'\n' when !quoted:
                    return new LineEnd(i, brokenEscape);
            }

            i++;
        }
    }

    /// <summary>Skips what influxd takes for white space: space, tab and NUL.</summary>
    public static int SkipWhitespace(ReadOnlySpan<byte> text, int start)
    {
        int i = start;
        while (i < text.Length && text[i] is (byte)' ' or (byte)'\t' or 0)
            i++;
        return i;
    }
}
