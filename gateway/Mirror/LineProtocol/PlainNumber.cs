using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InfluxMirror.LineProtocol;

/// <summary>Field values and timestamps of the common forms, each checked in one load of 32 bytes.</summary>
internal static class PlainNumber
{
    /// <summary>The load; so many bytes must be readable wherever a text starts.</summary>
    public const int LoadLength = 32;

    // One digit less than the longest integer: nothing to compare with its limit.
    private const int SafeIntegerDigits = 18;

    /// <summary>Whether the text is a number or boolean influxd accepts. False also means: not known here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsValue(ref byte text, int length)
    {
        if ((uint)(length - 1) >= LoadLength - 1)
            return false;

        int sign = text == '-' ? 1 : 0;
        int unsigned = length - sign;
        uint odd = ~Digits(ref text) & ((1u << length) - 1) & ~(uint)sign;
        if (odd == 0)
            return unsigned > 0;
        if ((odd & (odd - 1)) != 0)
            return IsRareValue(ref text, length);

        int at = BitOperations.TrailingZeroCount(odd);
        return Unsafe.Add(ref text, at) switch
        {
            (byte)'i' => at == length - 1 && (uint)(unsigned - 2) < SafeIntegerDigits,
            (byte)'.' => unsigned > 1,
            _ => IsRareValue(ref text, length),
        };
    }

    /// <summary>Whether the text is nothing but digits, at least one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsDigits(ref byte text, int length) =>
        (uint)(length - 1) < LoadLength - 1 && (~Digits(ref text) & ((1u << length) - 1)) == 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsRareValue(ref byte start, int length)
    {
        ReadOnlySpan<byte> text = MemoryMarshal.CreateReadOnlySpan(ref start, length);
        return NumberText.StartsNumber(start)
            ? NumberText.Check(text) == LineFault.None
            : NumberText.IsBoolean(text);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Digits(ref byte text)
    {
        Vector256<byte> units = Vector256.LoadUnsafe(ref text) - Vector256.Create((byte)'0');
        return Vector256.LessThan(units, Vector256.Create((byte)10)).ExtractMostSignificantBits();
    }
}
