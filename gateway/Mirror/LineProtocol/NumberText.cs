namespace InfluxMirror.LineProtocol;

/// <summary>The texts influxd takes for numbers and booleans.</summary>
internal static class NumberText
{
    // influxd reads numbers of this length to check their range, shorter ones it trusts.
    private const int IntegerCheckLength = 19;
    private const int FloatCheckLength = 25;

    public static bool StartsNumber(byte first) => first is (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)'-'
        or (byte)'N' or (byte)'n';

    public static bool IsBoolean(ReadOnlySpan<byte> text) => text.Length switch
    {
        1 => text[0] is (byte)'t' or (byte)'T' or (byte)'f' or (byte)'F',
        4 => text.SequenceEqual("true"u8) || text.SequenceEqual("True"u8) || text.SequenceEqual("TRUE"u8),
        5 => text.SequenceEqual("false"u8) || text.SequenceEqual("False"u8) || text.SequenceEqual("FALSE"u8),
        _ => false,
    };

    /// <summary>Checks a value for which <see cref="StartsNumber"/> holds; not empty.</summary>
    public static LineFault Check(ReadOnlySpan<byte> text)
    {
        bool negative = text[0] == '-';
        ReadOnlySpan<byte> digits = negative ? text[1..] : text;
        if (digits.Length > 1 && digits[^1] == 'i')
            return CheckInteger(digits[..^1], negative);

        bool point = false;
        bool exponent = false;
        for (int i = 0; i < digits.Length; i++)
        {
            switch (digits[i])
            {
                case >= (byte)'0' and <= (byte)'9':
                    break;
                case (byte)'.' when !point:
                    point = true;
                    break;
                case (byte)'e' or (byte)'E' when negative || i > 0:
                    exponent = true;
                    break;
                case (byte)'+' or (byte)'-' when i > 0 && digits[i - 1] is (byte)'e' or (byte)'E':
                    break;
                default:
                    return LineFault.InvalidNumber;
            }
        }

        if (digits.Length == (point ? 1 : 0))
            return LineFault.InvalidNumber;
        if (!exponent && text.Length < FloatCheckLength)
            return LineFault.None;
        return FloatRange.Holds(digits) ? LineFault.None : LineFault.InvalidFloat;
    }

    /// <summary>Reads digits into the 64 bits of a signed integer.</summary>
    /// <returns>False if it is out of range.</returns>
    public static bool TryReadInteger(ReadOnlySpan<byte> digits, bool negative, out long value)
    {
        value = 0;
        ulong limit = negative ? 1UL << 63 : long.MaxValue;
        ulong sum = 0;
        foreach (byte digit in digits)
        {
            uint unit = (uint)(digit - '0');
            if (sum > (limit - unit) / 10)
                return false;
            sum = sum * 10 + unit;
        }

        value = negative ? unchecked(-(long)sum) : (long)sum;
        return true;
    }

    private static LineFault CheckInteger(ReadOnlySpan<byte> digits, bool negative)
    {
        if (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return LineFault.InvalidNumber;
        bool trusted = digits.Length + (negative ? 1 : 0) < IntegerCheckLength;
        return trusted || TryReadInteger(digits, negative, out _) ? LineFault.None : LineFault.IntegerOutOfRange;
    }
}
