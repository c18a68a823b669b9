using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Finds the bytes that shape line protocol (comma, equals sign, space, newline, quote, backslash) 64 at a time and
/// writes down where they are, so that the reading of a line goes from one to the next and skips the text between.
/// </summary>
internal static class TokenIndexer
{
    /// <summary>Bytes indexed at once: offsets fit 16 bits, text and offsets the first-level cache.</summary>
    public const int ChunkLength = 8192;

    /// <summary>Room for an offset of every byte, and for what the last write puts behind them.</summary>
    public const int Capacity = ChunkLength + 64;

    private const int BlockLength = 64;

    /// <summary>Indexes the start of <paramref name="text"/>, up to a chunk of it.</summary>
    /// <param name="text">Bytes; nothing is found in fewer than 64.</param>
    /// <param name="tokens"><see cref="Capacity"/> offsets.</param>
    /// <returns>How many offsets were written, ascending.</returns>
    public static int Index(ReadOnlySpan<byte> text, Span<ushort> tokens)
    {
        if (text.Length < BlockLength || tokens.Length < Capacity)
            return 0;

        ref byte source = ref MemoryMarshal.GetReference(text);
        ref ushort target = ref MemoryMarshal.GetReference(tokens);
        int wholeBlocks = Math.Min(text.Length, ChunkLength) & -BlockLength;
        nint count = 0;
        for (int offset = 0; offset < wholeBlocks; offset += BlockLength)
            count = Write(ref target, count, offset, Mask(ref Unsafe.Add(ref source, offset)));

        int rest = text.Length - wholeBlocks;
        if (wholeBlocks < ChunkLength && rest > 0)
        {
            // The last block overlaps the one before; its first bytes were seen already.
            ulong mask = Mask(ref Unsafe.Add(ref source, text.Length - BlockLength)) >> (BlockLength - rest);
            count = Write(ref target, count, wholeBlocks, mask);
        }

        return (int)count;
    }

    // Sixteen offsets without a look at the count, as many as most blocks hold: guessing wrong how many there are
    // would cost more. What is too much is overwritten by the next block.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Write(ref ushort tokens, nint count, int offset, ulong mask)
    {
        nint end = count + BitOperations.PopCount(mask);
        mask = WriteEight(ref Unsafe.Add(ref tokens, count), offset, mask);
        mask = WriteEight(ref Unsafe.Add(ref tokens, count + 8), offset, mask);
        for (count += 16; count < end; count += 8)
            mask = WriteEight(ref Unsafe.Add(ref tokens, count), offset, mask);
        return end;
    }

    // Written out, as the compiler does not unroll the loop.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong WriteEight(ref ushort tokens, int offset, ulong mask)
    {
        tokens = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 1) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 2) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 3) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 4) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 5) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 6) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        mask &= mask - 1;
        Unsafe.Add(ref tokens, 7) = (ushort)(offset + BitOperations.TrailingZeroCount(mask));
        return mask & (mask - 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mask(ref byte block)
    {
        if (Vector512.IsHardwareAccelerated)
            return Tokens(Vector512.LoadUnsafe(ref block)).ExtractMostSignificantBits();

        if (Vector256.IsHardwareAccelerated)
        {
            return Tokens(Vector256.LoadUnsafe(ref block)).ExtractMostSignificantBits()
                | (ulong)Tokens(Vector256.LoadUnsafe(ref block, 32)).ExtractMostSignificantBits() << 32;
        }

        return Tokens(Vector128.LoadUnsafe(ref block)).ExtractMostSignificantBits()
            | (ulong)Tokens(Vector128.LoadUnsafe(ref block, 16)).ExtractMostSignificantBits() << 16
            | (ulong)Tokens(Vector128.LoadUnsafe(ref block, 32)).ExtractMostSignificantBits() << 32
            | (ulong)Tokens(Vector128.LoadUnsafe(ref block, 48)).ExtractMostSignificantBits() << 48;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Tokens(Vector512<byte> text) =>
        Vector512.Equals(text, Vector512.Create((byte)','))
        | Vector512.Equals(text, Vector512.Create((byte)'='))
        | Vector512.Equals(text, Vector512.Create((byte)' '))
        | Vector512.Equals(text, Vector512.Create((byte)'\n'))
        | Vector512.Equals(text, Vector512.Create((byte)'"'))
        | Vector512.Equals(text, Vector512.Create((byte)'\\'));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Tokens(Vector256<byte> text) =>
        Vector256.Equals(text, Vector256.Create((byte)','))
        | Vector256.Equals(text, Vector256.Create((byte)'='))
        | Vector256.Equals(text, Vector256.Create((byte)' '))
        | Vector256.Equals(text, Vector256.Create((byte)'\n'))
        | Vector256.Equals(text, Vector256.Create((byte)'"'))
        | Vector256.Equals(text, Vector256.Create((byte)'\\'));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Tokens(Vector128<byte> text) =>
        Vector128.Equals(text, Vector128.Create((byte)','))
        | Vector128.Equals(text, Vector128.Create((byte)'='))
        | Vector128.Equals(text, Vector128.Create((byte)' '))
        | Vector128.Equals(text, Vector128.Create((byte)'\n'))
        | Vector128.Equals(text, Vector128.Create((byte)'"'))
        | Vector128.Equals(text, Vector128.Create((byte)'\\'));
}
