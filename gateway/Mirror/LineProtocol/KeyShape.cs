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

    /// <summary>Masks of two shapes.</summary>
    public const int Room = 2 * MostMasks;

    private const int MostMasks = ByteKinds.ChunkLength / ByteKinds.BlockLength + 1;

    // The line before: where it starts, where its shape does, and how many masks that has, none if it is not known.
    private int _known;
    private nint _shape;
    private nint _count;

    /// <summary>Looks for the first line with a key that is in it twice.</summary>
    /// <param name="text">Lines, and what is readable behind them.</param>
    /// <param name="position">Where in the body they are.</param>
    /// <param name="ends">The ends of the lines, in the text.</param>
    /// <param name="rows">The rows of the text.</param>
    /// <param name="shapes">Scratch of <see cref="Room"/>, the same for all lines of a body.</param>
    /// <returns>How many lines are in front of it.</returns>
    public int Check(
        ReadOnlySpan<byte> text, int position, ReadOnlySpan<ushort> ends, ref ulong rows, ref ulong shapes)
    {
        ref byte start = ref MemoryMarshal.GetReference(text);
        nint known = _known - position;

        // Where reading stopped in front of the line checked last, that one is not a line before.
        nint count = known < 0 ? _count : 0;
        ref ulong shape = ref Unsafe.Add(ref shapes, MostMasks - _shape);
        ref ulong knownShape = ref Unsafe.Add(ref shapes, _shape);
        nint at = 0;
        int line = 0;
        for (; line < ends.Length; line++)
        {
            ref byte bytes = ref Unsafe.Add(ref start, at);
            ref byte knownBytes = ref Unsafe.Add(ref start, count == 0 ? at : known);
            ref ulong row = ref Unsafe.Add(ref rows, (nint)((nuint)at / ByteKinds.BlockLength));
            int offset = (int)at & (ByteKinds.BlockLength - 1);
            nint end = ends[line];
            bool readable = end + Spare <= text.Length;
            if (!readable || !IsSame(ref bytes, ref row, offset, ref knownBytes, ref knownShape, count))
            {
                nint length = readable ? Find(ref row, offset, ref shape) : 0;
                if (!Differ(ref bytes, ref shape, length, ref knownBytes, ref knownShape, count)
                    && !TagKeys.Differ(text[(int)at..]))
                    break;

                ref ulong spare = ref knownShape;
                knownShape = ref shape;
                shape = ref spare;
                count = length;
            }

            known = at;
            at = end + 1;
        }

        _known = position + (int)known;
        _shape = Unsafe.ByteOffset(ref shapes, ref knownShape) / sizeof(ulong);
        _count = count;
        return line;
    }

    /// <summary>Compares the shape of a line and its keys with those of the line before.</summary>
    /// <param name="line">The line.</param>
    /// <param name="row">The rows of the block where it starts.</param>
    /// <param name="offset">Where in the block it starts.</param>
    /// <param name="known">The line before.</param>
    /// <param name="shape">The shape of that.</param>
    /// <param name="count">How many masks the shape has.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSame(
        ref byte line, ref ulong row, int offset, ref byte known, ref ulong shape, nint count)
    {
        nint distance = Unsafe.ByteOffset(ref line, ref known);
        ulong differing = 0;
        ulong spaces;
        nint i = 0;
        do
        {
            ulong keys = KeyBytes(ref row, offset, out spaces);
            differing |= keys & Differing(ref line, ref Unsafe.Add(ref line, distance));
            differing |= keys ^ Unsafe.Add(ref shape, i);
            line = ref Unsafe.Add(ref line, ByteKinds.BlockLength);
            row = ref Unsafe.Add(ref row, 1);
            i++;
        }
        while (spaces == 0);

        return differing == 0 && i == count;
    }

    /// <summary>Finds the shape of a line.</summary>
    /// <returns>How many masks it has.</returns>
    private static nint Find(ref ulong row, int offset, ref ulong shape)
    {
        ulong spaces;
        nint i = 0;
        do
        {
            Unsafe.Add(ref shape, i) = KeyBytes(ref Unsafe.Add(ref row, i), offset, out spaces);
            i++;
        }
        while (spaces == 0);

        return i;
    }

    /// <summary>The bytes of keys among 64, as far as the space behind the tags.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong KeyBytes(ref ulong row, int offset, out ulong spaces)
    {
        spaces = From(ref Unsafe.Add(ref row, ByteKinds.Spaces), offset);
        return From(ref Unsafe.Add(ref row, PlainGrammar.TagKeys), offset) & (spaces ^ (spaces - 1));
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

    /// <summary>Whether the keys ascend or are those of the line before. False also means: not known here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Differ(
        ref byte line, ref ulong shape, nint count, ref byte known, ref ulong knownShape, nint knownCount)
    {
        if (count == 0)
            return false;
        return Ascend(ref line, new Keys(ref shape, count)) || (knownCount > 0
            && AreSame(ref line, new Keys(ref shape, count), ref known, new Keys(ref knownShape, knownCount)));
    }

    /// <summary>Whether the starts of the keys ascend.</summary>
    private static bool Ascend(ref byte line, Keys keys)
    {
        ulong previous = 0;
        int tags = 0;
        while (keys.MoveNext())
        {
            ulong prefix = TagKeys.Prefix(ref Unsafe.Add(ref line, keys.Start), (int)(keys.End - keys.Start));
            if (prefix <= previous)
                return false;
            previous = prefix;
            tags++;
        }

        return tags < SeriesText.TagSlots;
    }

    /// <summary>Whether two lines have the same keys, wherever they are.</summary>
    private static bool AreSame(ref byte left, Keys leftKeys, ref byte right, Keys rightKeys)
    {
        while (leftKeys.MoveNext())
        {
            if (!rightKeys.MoveNext() || leftKeys.End - leftKeys.Start != rightKeys.End - rightKeys.Start)
                return false;
            ref byte leftKey = ref Unsafe.Add(ref left, leftKeys.Start);
            if (!AreSame(ref leftKey, ref Unsafe.Add(ref right, rightKeys.Start), leftKeys.End - leftKeys.Start))
                return false;
        }

        return !rightKeys.MoveNext();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AreSame(ref byte left, ref byte right, nint length)
    {
        for (nint i = 0; i < length; i += ByteKinds.BlockLength)
        {
            ulong differing = Differing(ref Unsafe.Add(ref left, i), ref Unsafe.Add(ref right, i));
            if (BitOperations.TrailingZeroCount(differing) < Math.Min(length - i, ByteKinds.BlockLength))
                return false;
        }

        return true;
    }

    /// <summary>Goes from key to key of a shape.</summary>
    private ref struct Keys(ref ulong shape, nint count)
    {
        private readonly ref ulong _shape = ref shape;
        private nint _next;
        private ulong _last;
        private ulong _borders;

        public nint Start { get; private set; }

        /// <summary>Where the equals sign is.</summary>
        public nint End { get; private set; }

        public bool MoveNext()
        {
            if (!FindBorder())
                return false;
            Start = TakeBorder();
            FindBorder();
            End = TakeBorder() - 1;
            return true;
        }

        private bool FindBorder()
        {
            while (_borders == 0 && _next < count)
            {
                // A bit at the first byte of each key, and one behind its equals sign.
                ulong keys = Unsafe.Add(ref _shape, _next);
                _borders = keys ^ (keys << 1 | _last >> 63);
                _last = keys;
                _next++;
            }

            return _borders != 0;
        }

        private nint TakeBorder()
        {
            nint at = (_next - 1) * ByteKinds.BlockLength + BitOperations.TrailingZeroCount(_borders);
            _borders &= _borders - 1;
            return at;
        }
    }
}
