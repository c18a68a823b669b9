using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// The rows of <see cref="ByteKinds"/> on processors with AVX2. There is no step for the bits of a block here, and the
/// bits of 256 bytes are turned by changing places between vectors.
/// </summary>
internal static class ByteKinds256
{
    /// <summary>Bytes looked at in one step; a text is a multiple of it.</summary>
    public const int GroupLength = 256;

    private const int Lanes = GroupLength / ByteKinds.BlockLength;

    public static bool IsSupported => Avx2.IsSupported && BitConverter.IsLittleEndian;

    /// <param name="text">Whole groups, at most a chunk.</param>
    /// <param name="masks">Takes the rows; what is in front of a row stays.</param>
    public static void Find(ReadOnlySpan<byte> text, Span<ulong> masks)
    {
        ref byte source = ref MemoryMarshal.GetReference(text);
        ref ulong target = ref MemoryMarshal.GetReference(masks);
        nint groups = Math.Min(text.Length, ByteKinds.ChunkLength) / GroupLength;
        for (nint group = 0; group < groups; group++)
            FindGroup(ref Unsafe.Add(ref source, group * GroupLength), ref Unsafe.Add(ref target, group * Lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FindGroup(ref byte text, ref ulong masks)
    {
        // First bytes change places, until a byte and the next seven are at the same place of eight vectors; then bits.
        Vector256<ushort> t0 = Pairs(ref text, 0);
        Vector256<ushort> t1 = Pairs(ref text, 16);
        Vector256<ushort> t2 = Pairs(ref text, 32);
        Vector256<ushort> t3 = Pairs(ref text, 48);
        Vector256<ushort> t4 = Pairs(ref text, 64);
        Vector256<ushort> t5 = Pairs(ref text, 80);
        Vector256<ushort> t6 = Pairs(ref text, 96);
        Vector256<ushort> t7 = Pairs(ref text, 112);

        Vector256<uint> u0 = Avx2.UnpackLow(t0, t1).AsUInt32();
        Vector256<uint> u1 = Avx2.UnpackHigh(t0, t1).AsUInt32();
        Vector256<uint> u2 = Avx2.UnpackLow(t2, t3).AsUInt32();
        Vector256<uint> u3 = Avx2.UnpackHigh(t2, t3).AsUInt32();
        Vector256<uint> u4 = Avx2.UnpackLow(t4, t5).AsUInt32();
        Vector256<uint> u5 = Avx2.UnpackHigh(t4, t5).AsUInt32();
        Vector256<uint> u6 = Avx2.UnpackLow(t6, t7).AsUInt32();
        Vector256<uint> u7 = Avx2.UnpackHigh(t6, t7).AsUInt32();

        Vector256<ulong> q0 = Avx2.UnpackLow(u0, u2).AsUInt64();
        Vector256<ulong> q1 = Avx2.UnpackHigh(u0, u2).AsUInt64();
        Vector256<ulong> q2 = Avx2.UnpackLow(u1, u3).AsUInt64();
        Vector256<ulong> q3 = Avx2.UnpackHigh(u1, u3).AsUInt64();
        Vector256<ulong> q4 = Avx2.UnpackLow(u4, u6).AsUInt64();
        Vector256<ulong> q5 = Avx2.UnpackHigh(u4, u6).AsUInt64();
        Vector256<ulong> q6 = Avx2.UnpackLow(u5, u7).AsUInt64();
        Vector256<ulong> q7 = Avx2.UnpackHigh(u5, u7).AsUInt64();

        Vector256<ulong> v0 = Avx2.UnpackLow(q0, q4);
        Vector256<ulong> v1 = Avx2.UnpackHigh(q0, q4);
        Vector256<ulong> v2 = Avx2.UnpackLow(q1, q5);
        Vector256<ulong> v3 = Avx2.UnpackHigh(q1, q5);
        Vector256<ulong> v4 = Avx2.UnpackLow(q2, q6);
        Vector256<ulong> v5 = Avx2.UnpackHigh(q2, q6);
        Vector256<ulong> v6 = Avx2.UnpackLow(q3, q7);
        Vector256<ulong> v7 = Avx2.UnpackHigh(q3, q7);

        Swap(ref v0, ref v4, 0x0f0f0f0f0f0f0f0f, 4);
        Swap(ref v1, ref v5, 0x0f0f0f0f0f0f0f0f, 4);
        Swap(ref v2, ref v6, 0x0f0f0f0f0f0f0f0f, 4);
        Swap(ref v3, ref v7, 0x0f0f0f0f0f0f0f0f, 4);
        Swap(ref v0, ref v2, 0x3333333333333333, 2);
        Swap(ref v1, ref v3, 0x3333333333333333, 2);
        Swap(ref v4, ref v6, 0x3333333333333333, 2);
        Swap(ref v5, ref v7, 0x3333333333333333, 2);
        Swap(ref v0, ref v1, 0x5555555555555555, 1);
        Swap(ref v2, ref v3, 0x5555555555555555, 1);
        Swap(ref v4, ref v5, 0x5555555555555555, 1);
        Swap(ref v6, ref v7, 0x5555555555555555, 1);

        MakeRows(ref masks, v0, v1, v2, v3, v4, v5, v6, v7);
    }

    /// <summary>Makes rows of the lowest bits of the bytes, of the second lowest and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MakeRows(
        ref ulong masks,
        Vector256<ulong> b0,
        Vector256<ulong> b1,
        Vector256<ulong> b2,
        Vector256<ulong> b3,
        Vector256<ulong> b4,
        Vector256<ulong> b5,
        Vector256<ulong> b6,
        Vector256<ulong> b7)
    {
        // By the high half of the byte, then by the low one.
        Vector256<ulong> letter = b7 | b6;
        Vector256<ulong> notHigh0 = letter | b5 | b4;
        Vector256<ulong> high2 = b5 & ~letter & ~b4;
        Vector256<ulong> high3 = b5 & ~letter & b4;
        Vector256<ulong> someOf10 = b1 | b0;
        Vector256<ulong> only0 = b0 & ~b1;
        Vector256<ulong> only1 = b1 & ~b0;
        Vector256<ulong> both32 = b3 & b2;
        Vector256<ulong> marks = high2 & both32;
        Vector256<ulong> equals = high3 & both32 & only0;
        Vector256<ulong> spaces = high2 & ~(b3 | b2 | someOf10);
        Vector256<ulong> newlines = b3 & only1 & ~(notHigh0 | b2);
        Store(ref masks, ByteKinds.Tokens, (marks & ~someOf10) | equals | spaces | newlines);
        Store(ref masks, ByteKinds.EqualsSigns, equals);
        Store(ref masks, ByteKinds.Spaces, spaces);
        Store(ref masks, ByteKinds.Newlines, newlines);
        Store(ref masks, ByteKinds.Digits, high3 & ~(b3 & (b2 | b1)));
        Store(ref masks, ByteKinds.Dots, marks & only1);
        Store(ref masks, ByteKinds.Minuses, marks & only0);
        Store(ref masks, ByteKinds.Suffixes, b6 & b5 & b3 & only0 & ~(b7 | b4 | b2));
        Store(ref masks, ByteKinds.Backslashes, b6 & b4 & both32 & ~(b7 | b5 | someOf10));
        Vector256<ulong> numberSign = high2 & b1 & b0 & ~(b3 | b2);
        Store(ref masks, ByteKinds.Openers, numberSign | ~(notHigh0 | b2 | b1 | (b3 ^ b0)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref ulong masks, int kind, Vector256<ulong> mask) =>
        mask.StoreUnsafe(ref masks, (nuint)kind);

    /// <summary>Sixteen bytes of each half of a group, every byte beside the eighth behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Pairs(ref byte text, int offset)
    {
        Vector256<byte> bytes = Vector256.Create(
            Vector128.LoadUnsafe(ref text, (nuint)offset),
            Vector128.LoadUnsafe(ref text, (nuint)offset + GroupLength / 2));
        return Avx2.Shuffle(bytes, Vector256.Create(
            0x0b030a0209010800UL, 0x0f070e060d050c04, 0x0b030a0209010800, 0x0f070e060d050c04).AsByte()).AsUInt16();
    }

    /// <summary>The high bits of parts of the left one and the low ones of the right one change places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Swap(ref Vector256<ulong> left, ref Vector256<ulong> right, ulong low, int bits)
    {
        Vector256<ulong> differing = ((left >> bits) ^ right) & Vector256.Create(low);
        right ^= differing;

        // There are more units that add than such that shift.
        left ^= bits == 1 ? differing + differing : differing << bits;
    }
}
