using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Reads the plainest of lines, numbers for fields and no backslash, many at a time, on processors that can. Says
/// yes only where the exact reading would.
/// </summary>
internal ref struct PlainBlocks
{
    private const int LeastChunk = 1024;
    private const int Alignment = 64;

    // The shortest plain line is m v=1; behind the last one are any newlines of a block, and two of no line.
    private const int MostLines = ByteKinds.ChunkLength / 6 + ByteKinds.BlockLength + 2;

    // Keys longer than that are not kept from chunk to chunk.
    private const int KnownRoom = 1024;

    // Behind the rows: the text of the keys, or their shapes, and where it stands at each block, the ends of the lines,
    // and a group.
    private const int Keys = PlainGrammar.Room;
    private const int KeyEnds = Keys + (KnownRoom + ByteKinds.ChunkLength + KeyText.Spare) / sizeof(ulong);
    private const int Lines = KeyEnds + ByteKinds.ChunkLength / ByteKinds.BlockLength;
    private const int Padded = Lines + (MostLines + 3) / 4;

    /// <summary>Scratch for one body.</summary>
    public const int Room = Padded + (ByteKinds.GroupLength + KeyShape.Spare + Alignment) / sizeof(ulong);

    private readonly ReadOnlySpan<byte> _body;
    private readonly Span<ulong> _masks;
    private readonly TimestampLimit _time;

    // The keys of the line read last, at the start of the text of the keys; -1 for none.
    private int _known;

    // In place of their text, where that is not put together.
    private KeyShape _shape;

    /// <param name="body">Line protocol.</param>
    /// <param name="masks">Scratch of <see cref="Room"/>.</param>
    /// <param name="precision">The unit of the timestamps.</param>
    public PlainBlocks(ReadOnlySpan<byte> body, Span<ulong> masks, Precision precision)
    {
        _body = body;
        _masks = masks.IsEmpty ? masks : masks[Misalignment(masks)..];
        _time = TimestampLimit.For(precision);
        _known = -1;
    }

    public static bool IsSupported => IsWide || PlainGrammar256.IsSupported;

    /// <summary>Whether vectors of 512 bits are used, not of 256.</summary>
    private static bool IsWide
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PlainGrammar.IsSupported && KeyText.IsSupported;
    }

    private static int GroupLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsWide ? ByteKinds.GroupLength : ByteKinds256.GroupLength;
    }

    /// <summary>Reads lines from <paramref name="position"/> on until one is not of the plainest.</summary>
    /// <returns>Where that line starts, or the length of the body.</returns>
    public int Read(int position, ref BodyScan scan, InsertionPoints? unstampedEnds)
    {
        int size = LeastChunk;
        bool more = true;
        while (more && position < _body.Length)
        {
            ReadOnlySpan<byte> text = Chunk(position, size);
            int plain = FindPlain(text);
            int lines = FindLines(text, plain);
            int known = IsWide ? lines : CheckKeys(position, lines);
            int read = ReadLines(text, position, known, ref scan, unstampedEnds, out int length);
            position += length;

            // Where no line ends, more text may help.
            bool grows = size < ByteKinds.ChunkLength && text.Length == size;
            more = plain == text.Length && read == lines && (lines > 0 || grows);
            size = Math.Min(size * 2, ByteKinds.ChunkLength);
        }

        return position;
    }

    /// <summary>How many elements lie in front of the first that a line of the cache starts with.</summary>
    private static unsafe int Misalignment(Span<ulong> masks)
    {
        // On the stack nothing moves; where the masks did, they would be as right, and slower.
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(masks));
        return (int)(0 - address & (Alignment - 1)) / sizeof(ulong);
    }

    /// <summary>Whole groups of the body; what is less than one is filled up.</summary>
    private readonly ReadOnlySpan<byte> Chunk(int position, int size)
    {
        ReadOnlySpan<byte> rest = _body[position..];
        if (rest.Length >= GroupLength)
            return rest[..(Math.Min(rest.Length, size) & -GroupLength)];

        Span<byte> padded = MemoryMarshal.AsBytes(_masks[Padded..]);
        padded = padded[..GroupLength];
        rest.CopyTo(padded);
        padded[rest.Length..].Clear();
        return padded;
    }

    private readonly int FindPlain(ReadOnlySpan<byte> text)
    {
        if (IsWide)
        {
            ByteKinds.Find(text, _masks);
            return PlainGrammar.Check(_masks, text.Length);
        }

        ByteKinds256.Find(text, _masks);
        return PlainGrammar256.Check(_masks, text.Length);
    }

    /// <summary>Notes the ends of lines, and puts the text of all tag keys together.</summary>
    /// <returns>How many lines end in the plain part.</returns>
    private readonly int FindLines(ReadOnlySpan<byte> text, int plain)
    {
        ref byte source = ref MemoryMarshal.GetReference(text);
        ref ulong masks = ref MemoryMarshal.GetReference(_masks);
        ref byte keys = ref Unsafe.As<ulong, byte>(ref Unsafe.Add(ref masks, Keys));
        ref ushort lines = ref Unsafe.As<ulong, ushort>(ref Unsafe.Add(ref masks, Lines));
        nint count = 0;
        nint keyEnd = Math.Max(_known, 0);
        nint blocks = (plain + ByteKinds.BlockLength - 1) / ByteKinds.BlockLength;
        for (nint block = 0; block < blocks; block++)
        {
            ref ulong rows = ref Unsafe.Add(ref masks, block);
            nint offset = block * ByteKinds.BlockLength;
            if (IsWide)
            {
                ulong key = Unsafe.Add(ref rows, PlainGrammar.TagKeys);
                KeyText.Add(ref Unsafe.Add(ref source, offset), key, ref Unsafe.Add(ref keys, keyEnd));
                Unsafe.Add(ref rows, KeyEnds) = (ulong)keyEnd;
                keyEnd += BitOperations.PopCount(key);
            }

            // Two without a look at the count, as most blocks hold no more; what is too much is overwritten.
            ulong newlines = Unsafe.Add(ref rows, ByteKinds.Newlines);
            nint next = count + BitOperations.PopCount(newlines);
            Unsafe.Add(ref lines, count) = (ushort)(offset + BitOperations.TrailingZeroCount(newlines));
            newlines &= newlines - 1;
            Unsafe.Add(ref lines, count + 1) = (ushort)(offset + BitOperations.TrailingZeroCount(newlines));
            for (count += 2; count < next; count++)
            {
                newlines &= newlines - 1;
                Unsafe.Add(ref lines, count) = (ushort)(offset + BitOperations.TrailingZeroCount(newlines));
            }

            count = next;
        }

        while (count > 0 && Unsafe.Add(ref lines, count - 1) >= plain)
            count--;
        return (int)count;
    }

    /// <summary>Looks at the tag keys in place.</summary>
    /// <returns>How many lines have keys that differ.</returns>
    private int CheckKeys(int position, int count)
    {
        ReadOnlySpan<byte> text = _body[position..];
        if (text.Length < GroupLength)
        {
            // The group that was filled up holds no line of before.
            text = MemoryMarshal.AsBytes(_masks[Padded..])[..(GroupLength + KeyShape.Spare)];
            _shape = default;
        }

        ReadOnlySpan<ushort> ends = MemoryMarshal.Cast<ulong, ushort>(_masks[Lines..])[..count];
        ref ulong shapes = ref MemoryMarshal.GetReference(_masks.Slice(Keys, KeyShape.Room));
        return _shape.Check(text, position, ends, ref MemoryMarshal.GetReference(_masks), ref shapes);
    }

    /// <summary>Looks at what is left to check of each line.</summary>
    /// <returns>How many lines are plain.</returns>
    private int ReadLines(
        ReadOnlySpan<byte> text,
        int position,
        int count,
        ref BodyScan scan,
        InsertionPoints? unstampedEnds,
        out int length)
    {
        ref ulong masks = ref MemoryMarshal.GetReference(_masks);
        ref byte keys = ref Unsafe.As<ulong, byte>(ref Unsafe.Add(ref masks, Keys));
        ref ushort lines = ref Unsafe.As<ulong, ushort>(ref Unsafe.Add(ref masks, Lines));
        nint start = 0;
        nint known = 0;
        nint knownLength = _known;
        nint key = Math.Max(_known, 0);
        int unstamped = 0;
        int line = 0;
        for (; line < count; line++)
        {
            nint end = Unsafe.Add(ref lines, line);
            ref ulong rows = ref Unsafe.Add(ref masks, end / ByteKinds.BlockLength);
            int bit = (int)end % ByteKinds.BlockLength;
            nint keyEnd = 0;
            nint keyLength = 0;
            if (IsWide)
            {
                ulong keysBefore = Unsafe.Add(ref rows, PlainGrammar.TagKeys) & ((1UL << bit) - 1);
                keyEnd = (nint)Unsafe.Add(ref rows, KeyEnds) + BitOperations.PopCount(keysBefore);
                keyLength = keyEnd - key;
                ref byte lineKeys = ref Unsafe.Add(ref keys, key);
                bool same = keyLength == knownLength
                    && KeyText.IsSame(ref Unsafe.Add(ref keys, known), ref lineKeys, keyLength);
                if (!same && !KeyText.Ascends(ref lineKeys, keyLength) && !TagKeys.Differ(text[(int)start..]))
                    break;
            }

            if ((Unsafe.Add(ref rows, PlainGrammar.Stamped) >> bit & 1) == 0)
            {
                unstamped++;
                unstampedEnds?.Add(position + (int)end);
            }
            else
            {
                // The 63 bytes in front of the newline hold the space, or there are too many digits.
                ulong spaces = Unsafe.Add(ref rows, ByteKinds.Spaces) << (63 - bit)
                    | Unsafe.Add(ref rows, ByteKinds.Spaces - 1) >> bit >> 1;
                int digits = BitOperations.LeadingZeroCount(spaces) - 1;
                if (!_time.InRange(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), end - digits), digits))
                    break;
            }

            known = key;
            knownLength = keyLength;
            key = keyEnd;
            start = end + 1;
        }

        scan.Points += line;
        scan.Unstamped += unstamped;
        Keep(known, knownLength);
        length = (int)start;
        return line;
    }

    /// <summary>Moves the keys of the line read last to the front.</summary>
    private void Keep(nint start, nint length)
    {
        _known = length <= KnownRoom ? (int)length : -1;
        Span<byte> keys = MemoryMarshal.AsBytes(_masks[Keys..KeyEnds]);
        if (_known > 0)
            keys.Slice((int)start, (int)length).CopyTo(keys);
    }
}
