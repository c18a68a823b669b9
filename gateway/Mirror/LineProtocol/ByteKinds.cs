using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Tells for every byte of a text which of the kinds it is that matter in line protocol. A kind is a row of masks,
/// one of 64 bits for each block of 64 bytes, the lowest bit for the first byte.
/// </summary>
/// <remarks>
/// Comparing 64 bytes with each kind, one after the other, takes three times as long as this: the bits of eight
/// blocks are turned, so that a vector holds the same bit of 512 bytes, and a few logical steps on eight such
/// vectors make a kind of all those bytes.
/// </remarks>
internal static class ByteKinds
{
    /// <summary>Bytes looked at in one step; a text is a multiple of it.</summary>
    public const int GroupLength = 512;

    /// <summary>The longest text: it, its masks and what is made of them fit the first-level cache.</summary>
    public const int ChunkLength = 8192;

    public const int BlockLength = 64;

    // In front of each row is room for the mask of the block before the first one.
    private const int RowLength = 8 + ChunkLength / BlockLength;

    /// <summary>Where the row of a kind starts; tokens are comma, equals sign, space and newline.</summary>
    public const int Tokens = 8;
    public const int EqualsSigns = Tokens + RowLength;
    public const int Spaces = EqualsSigns + RowLength;
    public const int Newlines = Spaces + RowLength;
    public const int Digits = Newlines + RowLength;
    public const int Dots = Digits + RowLength;
    public const int Minuses = Dots + RowLength;

    /// <summary>The letter that ends an integer.</summary>
    public const int Suffixes = Minuses + RowLength;

    public const int Backslashes = Suffixes + RowLength;

    /// <summary>Number sign, tab and NUL, which mean something at the start of a line.</summary>
    public const int Openers = Backslashes + RowLength;

    /// <summary>Masks of all rows.</summary>
    public const int Room = Openers + RowLength;

    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Gfni.V512.IsSupported && Avx512Vbmi.IsSupported && Avx512BW.IsSupported && BitConverter.IsLittleEndian;
    }

    /// <param name="text">Whole groups, at most a chunk.</param>
    /// <param name="masks">Takes the rows; what is in front of a row stays.</param>
    public static void Find(ReadOnlySpan<byte> text, Span<ulong> masks)
    {
        ref byte source = ref MemoryMarshal.GetReference(text);
        ref ulong target = ref MemoryMarshal.GetReference(masks);
        nint groups = Math.Min(text.Length, ChunkLength) / GroupLength;
        for (nint group = 0; group < groups; group++)
            FindGroup(ref Unsafe.Add(ref source, group * GroupLength), ref Unsafe.Add(ref target, group * 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FindGroup(ref byte text, ref ulong masks)
    {
        Turn(
            ref text, out Vector512<ulong> b0, out Vector512<ulong> b1, out Vector512<ulong> b2,
            out Vector512<ulong> b3, out Vector512<ulong> b4, out Vector512<ulong> b5, out Vector512<ulong> b6,
            out Vector512<ulong> b7);

        // By the high half of the byte, then by the low one.
        Vector512<ulong> low = ~(b7 | b6);
        Vector512<ulong> high0 = low & ~b5 & ~b4;
        Vector512<ulong> high2 = low & b5 & ~b4;
        Vector512<ulong> high3 = low & b5 & b4;
        Vector512<ulong> letter = ~b7 & b6;
        Vector512<ulong> marks = high2 & b3 & b2;
        Vector512<ulong> equals = high3 & b3 & b2 & ~b1 & b0;
        Vector512<ulong> spaces = high2 & ~b3 & ~b2 & ~b1 & ~b0;
        Vector512<ulong> newlines = high0 & b3 & ~b2 & b1 & ~b0;
        Store(ref masks, Tokens, (marks & ~b1 & ~b0) | equals | spaces | newlines);
        Store(ref masks, EqualsSigns, equals);
        Store(ref masks, Spaces, spaces);
        Store(ref masks, Newlines, newlines);
        Store(ref masks, Digits, high3 & ~(b3 & (b2 | b1)));
        Store(ref masks, Dots, marks & b1 & ~b0);
        Store(ref masks, Minuses, marks & ~b1 & b0);
        Store(ref masks, Suffixes, letter & b5 & ~b4 & b3 & ~b2 & ~b1 & b0);
        Store(ref masks, Backslashes, letter & ~b5 & b4 & b3 & b2 & ~b1 & ~b0);
        Vector512<ulong> numberSign = high2 & ~b3 & ~b2 & b1 & b0;
        Store(ref masks, Openers, numberSign | (high0 & ~b2 & ~b1 & ~(b3 ^ b0)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref ulong masks, int kind, Vector512<ulong> mask) =>
        mask.StoreUnsafe(ref masks, (nuint)kind);

    /// <summary>Makes vectors of the lowest bits of 512 bytes, of the second lowest and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(
        ref byte text,
        out Vector512<ulong> b0,
        out Vector512<ulong> b1,
        out Vector512<ulong> b2,
        out Vector512<ulong> b3,
        out Vector512<ulong> b4,
        out Vector512<ulong> b5,
        out Vector512<ulong> b6,
        out Vector512<ulong> b7)
    {
        // The masks of the bits of one block are to come together bit by bit.
        (Vector512<ulong> even01, Vector512<ulong> odd01) = TurnTwo(ref text);
        (Vector512<ulong> even23, Vector512<ulong> odd23) = TurnTwo(ref Unsafe.Add(ref text, 2 * BlockLength));
        (Vector512<ulong> even45, Vector512<ulong> odd45) = TurnTwo(ref Unsafe.Add(ref text, 4 * BlockLength));
        (Vector512<ulong> even67, Vector512<ulong> odd67) = TurnTwo(ref Unsafe.Add(ref text, 6 * BlockLength));
        Merge(even01, even23, even45, even67, out b0, out b2, out b4, out b6);
        Merge(odd01, odd23, odd45, odd67, out b1, out b3, out b5, out b7);
    }

    /// <summary>The masks of the even bits of two blocks, in turn, and those of the odd bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<ulong> Even, Vector512<ulong> Odd) TurnTwo(ref byte text)
    {
        Vector512<ulong> first = TurnBlock(Vector512.LoadUnsafe(ref text));
        Vector512<ulong> second = TurnBlock(Vector512.LoadUnsafe(ref text, BlockLength));
        return (Avx512F.UnpackLow(first, second), Avx512F.UnpackHigh(first, second));
    }

    /// <summary>Eight masks, one for each bit, of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> TurnBlock(Vector512<byte> text)
    {
        // A multiplication of a matrix of 8 bytes by a byte of a single bit picks that bit of each of them. It
        // counts rows from the last.
        Vector512<byte> reversed = Avx512BW.Shuffle(text, Vector512.Create(
            0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f,
            0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f).AsByte());
        Vector512<byte> bits = Gfni.V512.GaloisFieldAffineTransform(
            Vector512.Create(0x8040201008040201).AsByte(), reversed, 0);
        return Avx512Vbmi.PermuteVar64x8(bits, Vector512.Create(
            0x3830282018100800, 0x3931292119110901, 0x3a322a221a120a02, 0x3b332b231b130b03,
            0x3c342c241c140c04, 0x3d352d251d150d05, 0x3e362e261e160e06, 0x3f372f271f170f07).AsByte()).AsUInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Merge(
        Vector512<ulong> blocks01,
        Vector512<ulong> blocks23,
        Vector512<ulong> blocks45,
        Vector512<ulong> blocks67,
        out Vector512<ulong> first,
        out Vector512<ulong> second,
        out Vector512<ulong> third,
        out Vector512<ulong> fourth)
    {
        Vector512<ulong> lower = Vector512.Create(0UL, 1, 8, 9, 4, 5, 12, 13);
        Vector512<ulong> upper = Vector512.Create(2UL, 3, 10, 11, 6, 7, 14, 15);
        Vector512<ulong> lower03 = Avx512F.PermuteVar8x64x2(blocks01, lower, blocks23);
        Vector512<ulong> upper03 = Avx512F.PermuteVar8x64x2(blocks01, upper, blocks23);
        Vector512<ulong> lower47 = Avx512F.PermuteVar8x64x2(blocks45, lower, blocks67);
        Vector512<ulong> upper47 = Avx512F.PermuteVar8x64x2(blocks45, upper, blocks67);
        first = Avx512F.Shuffle4x128(lower03, lower47, 0b_01_00_01_00);
        second = Avx512F.Shuffle4x128(upper03, upper47, 0b_01_00_01_00);
        third = Avx512F.Shuffle4x128(lower03, lower47, 0b_11_10_11_10);
        fourth = Avx512F.Shuffle4x128(upper03, upper47, 0b_11_10_11_10);
    }
}
