using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// The tag keys of a line one behind the other, each with its equals sign. Most lines have the keys of the line
/// before, and one comparison tells.
/// </summary>
internal static class KeyText
{
    /// <summary>Bytes behind a text that must be readable, and are written when it is added to.</summary>
    public const int Spare = VectorLength;

    private const int VectorLength = 64;

    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512Vbmi2.IsSupported && Avx512BW.IsSupported;
    }

    /// <summary>Adds some bytes of a block.</summary>
    /// <param name="block">64 bytes.</param>
    /// <param name="mask">A bit for each byte that is added.</param>
    /// <param name="end">Where the text ends.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref byte block, ulong mask, ref byte end) =>
        Avx512Vbmi2.Compress(Vector512<byte>.Zero, Bytes(mask), Vector512.LoadUnsafe(ref block)).StoreUnsafe(ref end);

    /// <summary>Compares texts of the same length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSame(ref byte left, ref byte right, nint length)
    {
        nint i = 0;
        for (; i <= length - VectorLength; i += VectorLength)
        {
            if (Vector512.LoadUnsafe(ref left, (nuint)i) != Vector512.LoadUnsafe(ref right, (nuint)i))
                return false;
        }

        Vector512<byte> same =
            Vector512.Equals(Vector512.LoadUnsafe(ref left, (nuint)i), Vector512.LoadUnsafe(ref right, (nuint)i));
        return BitOperations.TrailingZeroCount(~same.ExtractMostSignificantBits()) >= length - i;
    }

    /// <summary>Whether the starts of the keys ascend. False also means: not known here.</summary>
    public static bool Ascends(ref byte keys, nint length)
    {
        nint start = 0;
        ulong previous = 0;
        int count = 0;
        for (nint i = 0; i < length; i += VectorLength)
        {
            ulong ends = Vector512.Equals(Vector512.LoadUnsafe(ref keys, (nuint)i), Vector512.Create((byte)'='))
                .ExtractMostSignificantBits();
            for (; ends != 0; ends &= ends - 1)
            {
                nint end = i + BitOperations.TrailingZeroCount(ends);
                if (end >= length)
                    break;
                ulong prefix = TagKeys.Prefix(ref Unsafe.Add(ref keys, start), (int)(end - start));
                if (prefix <= previous)
                    return false;
                previous = prefix;
                start = end + 1;
                count++;
            }
        }

        return count < SeriesText.TagSlots;
    }

    /// <summary>All bits of a byte for each bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Bytes(ulong mask)
    {
        Vector512<byte> spread = Avx512BW.Shuffle(Vector512.Create(mask).AsByte(), Vector512.Create(
            0x0000000000000000UL, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303,
            0x0404040404040404, 0x0505050505050505, 0x0606060606060606, 0x0707070707070707).AsByte());
        return ~Vector512.Equals(spread & Vector512.Create(0x8040201008040201).AsByte(), Vector512<byte>.Zero);
    }
}
