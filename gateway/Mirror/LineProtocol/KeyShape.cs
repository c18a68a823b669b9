using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Where in a line its tag keys are: masks of 64 bytes each, up to the space behind the tags. Most lines have the
/// shape of the line before, and then the keys can be compared in place. For processors that have no step to put the
/// text of the keys together (<see cref="KeyText"/>).
/// </summary>
internal struct KeyShape
{
    /// <summary>Bytes behind a line that must be readable.</summary>
    public const int Spare = ByteKinds.BlockLength;

    // The line before, and how many masks of its shape are known.
    private int _known;
    private nint _count;

    /// <summary>Looks for the first line with a key that is in it twice.</summary>
    /// <param name="text">Lines, and what is readable behind them.</param>
    /// <param name="position">Where in the body they are.</param>
    /// <param name="ends">The ends of the lines, in the text.</param>
    /// <param name="rows">The rows of the text.</param>
    /// <param name="shape">The shape of the line before.</param>
    /// <returns>How many lines are in front of it.</returns>
    public int Check(
        ReadOnlySpan<byte> text, int position, ReadOnlySpan<ushort> ends, ref ulong rows, ref ulong shape)
    {
        ref byte start = ref MemoryMarshal.GetReference(text);
        nint known = _known - position;

        // Where reading stopped in front of the line checked last, that one is not a line before.
        nint count = known < 0 ? _count : 0;
        nint at = 0;
        int line = 0;
        for (; line < ends.Length; line++)
        {
            nint end = ends[line];
            bool readable = end + Spare <= text.Length;
            if (!readable)
                count = 0;
            bool differ = readable
                && (IsSame(ref start, at, count == 0 ? at : known, ref rows, ref shape, ref count)
                    || Ascends(ref Unsafe.Add(ref start, at), ref shape, count));
            if (!differ && !TagKeys.Differ(text[(int)at..]))
            {
                count = 0;
                break;
            }

            known = at;
            at = end + 1;
        }

        _known = position + (int)known;
        _count = count;
        return line;
    }

    /// <summary>Compares the keys of a line, where they are and what they are, with those of the line before.</summary>
    /// <param name="text">The text.</param>
    /// <param name="line">Where the line starts.</param>
    /// <param name="known">Where the line before starts.</param>
    /// <param name="rows">The rows of the text.</param>
    /// <param name="shape">The shape of the line before; becomes that of the line.</param>
    /// <param name="count">How many masks it has.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSame(
        ref byte text, nint line, nint known, ref ulong rows, ref ulong shape, ref nint count)
    {
        ref ulong row = ref Unsafe.Add(ref rows, (nint)((nuint)line / ByteKinds.BlockLength));
        int offset = (int)line & (ByteKinds.BlockLength - 1);
        ref byte left = ref Unsafe.Add(ref text, line);
        nint distance = known - line;
        ulong differing = 0;
        ulong spaces;
        nint i = 0;
        do
        {
            spaces = From(ref Unsafe.Add(ref row, ByteKinds.Spaces), offset);
            ulong keys = From(ref Unsafe.Add(ref row, PlainGrammar.TagKeys), offset) & (spaces ^ (spaces - 1));
            differing |= keys & Differing(ref left, ref Unsafe.Add(ref left, distance));
            differing |= keys ^ Unsafe.Add(ref shape, i);
            Unsafe.Add(ref shape, i) = keys;
            left = ref Unsafe.Add(ref left, ByteKinds.BlockLength);
            row = ref Unsafe.Add(ref row, 1);
            i++;
        }
        while (spaces == 0);

        bool same = differing == 0 && i == count;
        count = i;
        return same;
    }

    /// <summary>64 bits of a row from an offset in the first mask on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong From(ref ulong row, int offset) =>
        row >> offset | Unsafe.Add(ref row, 1) << 1 << ~offset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Differing(ref byte left, ref byte right)
    {
        uint low = Vector256.Equals(Vector256.LoadUnsafe(ref left), Vector256.LoadUnsafe(ref right))
            .ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.LoadUnsafe(ref left, 32), Vector256.LoadUnsafe(ref right, 32))
            .ExtractMostSignificantBits();
        return ~(low | (ulong)high << 32);
    }

    /// <summary>Whether the starts of the keys ascend. False also means: not known here.</summary>
    private static bool Ascends(ref byte line, ref ulong shape, nint count)
    {
        ulong previous = 0;
        ulong last = 0;
        nint start = -1;
        int tags = 0;
        for (nint i = 0; i < count; i++)
        {
            // A bit at the first byte of each key, and one behind its equals sign.
            ulong keys = Unsafe.Add(ref shape, i);
            ulong borders = keys ^ (keys << 1 | last >> 63);
            last = keys;
            for (; borders != 0; borders &= borders - 1)
            {
                nint at = i * ByteKinds.BlockLength + BitOperations.TrailingZeroCount(borders);
                if (start < 0)
                {
                    start = at;
                    continue;
                }

                ulong prefix = TagKeys.Prefix(ref Unsafe.Add(ref line, start), (int)(at - 1 - start));
                if (prefix <= previous)
                    return false;
                previous = prefix;
                start = -1;
                tags++;
            }
        }

        return tags < SeriesText.TagSlots;
    }
}
