namespace InfluxMirror.LineProtocol;

/// <summary>
/// Whether Go's <c>strconv.ParseFloat</c> accepts a number: the syntax must hold, and the value must not round to
/// infinity. Values too small for a double are zero, and accepted.
/// </summary>
internal static class FloatRange
{
    // Go stops counting an exponent here; it is out of range in either direction anyhow.
    private const int ExponentLimit = 10_000;

    /// <summary>
    /// The digits of 2^1024 - 2^970, halfway between the largest double and the next step: the least value that
    /// rounds to infinity.
    /// </summary>
    private static ReadOnlySpan<byte> LeastInfinite =>
        "17976931348623158079372897140530341507993413271003"u8 +
        "78269361737789804449682927647509466490179775872070"u8 +
        "96330286416692887910946555547851940402630657488671"u8 +
        "50582068190890200070838367627385484581771153176447"u8 +
        "57302700698555713669596228429148198608349364752927"u8 +
        "19074168444365510704342711559699508093042880177904"u8 +
        "174497792"u8;

    /// <param name="text">Digits, points, signs and exponent marks, without the sign of the number.</param>
    public static bool Holds(ReadOnlySpan<byte> text)
    {
        int mantissaEnd = text.IndexOfAny((byte)'e', (byte)'E');
        if (mantissaEnd < 0)
            mantissaEnd = text.Length;
        ReadOnlySpan<byte> mantissa = text[..mantissaEnd];
        int point = mantissa.IndexOf((byte)'.');
        if (mantissa.Length == (point < 0 ? 0 : 1) || !TryReadExponent(text[mantissaEnd..], out int exponent))
            return false;

        int first = mantissa.IndexOfAnyExcept((byte)'0', (byte)'.');
        if (first < 0)
            return true;

        // The value is 0.d1d2d3… times ten to this power, where d1 is not zero.
        int wholeDigits = point < 0 ? mantissa.Length : point;
        int power = wholeDigits - first + (first > point && point >= 0 ? 1 : 0) + exponent;
        return power < LeastInfinite.Length
            || (power == LeastInfinite.Length && IsLess(mantissa[first..], LeastInfinite));
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty)
            return true;

        bool signed = text.Length > 1 && text[1] is (byte)'+' or (byte)'-';
        ReadOnlySpan<byte> digits = text[(signed ? 2 : 1)..];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;

        foreach (byte digit in digits)
        {
            if (exponent < ExponentLimit)
                exponent = exponent * 10 + (digit - '0');
        }

        if (text[1] == '-')
            exponent = -exponent;
        return true;
    }

    /// <summary>Compares digits, over a point among those on the left, as fractions.</summary>
    private static bool IsLess(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int i = 0;
        foreach (byte digit in left)
        {
            if (digit == '.')
                continue;
            if (i == right.Length)
                return false;
            if (digit != right[i])
                return digit < right[i];
            i++;
        }

        return i < right.Length;
    }
}
