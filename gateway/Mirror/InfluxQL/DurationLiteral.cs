namespace InfluxMirror.InfluxQL;

/// <summary>Durations as InfluxQL writes them: <c>90s</c>, <c>1h30m</c>.</summary>
internal static class DurationLiteral
{
    /// <summary>Its nanoseconds, or 0 for anything that is no duration or does not fit.</summary>
    public static long Parse(ReadOnlySpan<char> text)
    {
        Int128 total = 0;
        int i = 0;
        while (i < text.Length)
        {
            Int128 number = 0;
            int digits = i;
            while (i < text.Length && char.IsAsciiDigit(text[i]) && number <= long.MaxValue)
            {
                number = (number * 10) + (text[i++] - '0');
            }

            int unit = i;
            while (i < text.Length && !char.IsAsciiDigit(text[i]))
            {
                i++;
            }

            long size = Unit(text[unit..i]);
            total += number * size;
            if (unit == digits || size == 0 || total > long.MaxValue)
            {
                return 0;
            }
        }

        return (long)total;
    }

    private static long Unit(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "u" or "\u00b5" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "w" => 604_800_000_000_000,
        _ => 0,
    };
}
