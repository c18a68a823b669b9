using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Checks the form of many lines at once on the masks of <see cref="ByteKinds"/>: the order of the tokens, field
/// values, the digits of timestamps. Left to a look at each line are its tag keys and the range of its time.
/// </summary>
/// <remarks>
/// The masks of 512 bytes are eight lanes of one long number, and two carries do the work. A bit added behind a
/// token to the mask of what is no token runs to the next token: the sum has lost the text in between. A bit taken
/// at the start of a part from a bit at its end leaves the part.
/// </remarks>
internal static class PlainGrammar
{
    /// <summary>The row of the bytes of tag keys and of the equals signs behind them.</summary>
    public const int TagKeys = ByteKinds.Room;

    /// <summary>The row of the newlines behind a timestamp.</summary>
    public const int Stamped = TagKeys + ByteKinds.ChunkLength / ByteKinds.BlockLength;

    /// <summary>Masks of the rows of both classes.</summary>
    public const int Room = Stamped + ByteKinds.ChunkLength / ByteKinds.BlockLength;

    private const int Lanes = ByteKinds.GroupLength / ByteKinds.BlockLength;

    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ByteKinds.IsSupported && Avx512F.IsSupported;
    }

    /// <param name="masks">The rows of a text that starts where a line does. Takes two more.</param>
    /// <param name="length">Bytes of the text.</param>
    /// <returns>How many bytes from the start are plain; a line is, if its newline is among them.</returns>
    public static int Check(Span<ulong> masks, int length)
    {
        ref ulong start = ref MemoryMarshal.GetReference(masks);
        BeginLine(ref start);
        uint openKey = 0;
        uint openSpace = 0;
        uint openFields = 0;
        uint openFraction = 0;
        Runs runs = default;
        for (nint block = 0; block < length / ByteKinds.BlockLength; block += Lanes)
        {
            ref ulong rows = ref Unsafe.Add(ref start, block);
            Vector512<ulong> tokens = Row(ref rows, ByteKinds.Tokens);
            Vector512<ulong> equals = Row(ref rows, ByteKinds.EqualsSigns);
            Vector512<ulong> spaces = Row(ref rows, ByteKinds.Spaces);
            Vector512<ulong> newlines = Row(ref rows, ByteKinds.Newlines);
            Vector512<ulong> text = ~tokens;

            // Each of these has a bit at the next token, and no bits in the text up to it.
            Vector512<ulong> afterKeyStart = Next(tokens & ~(equals | newlines), text, ref openKey);
            Vector512<ulong> afterSpace = Next(spaces, text, ref openSpace);
            Vector512<ulong> firstEquals = afterSpace & equals;
            Vector512<ulong> stamped = afterSpace & newlines;

            // No token follows another one at once. A comma or space is followed by an equals sign, or the space by
            // the newline; and nothing else by an equals sign.
            Vector512<ulong> odd = tokens & Before(ref rows, ByteKinds.Tokens, tokens, 1);
            odd |= (afterKeyStart & tokens) ^ (equals | stamped);

            // Each line has one equals sign behind a space.
            Vector512<ulong> fields = Parts(firstEquals, newlines, ref openFields);
            odd |= (firstEquals & ~fields) | (newlines & fields);

            Vector512<ulong> digits = Row(ref rows, ByteKinds.Digits);
            Vector512<ulong> inFields = fields & text;
            odd |= inFields & ~afterSpace & ~digits;
            odd |= OddValues(ref rows, inFields & afterKeyStart, text, ref openFraction, ref runs);
            odd |= Row(ref rows, ByteKinds.Backslashes);
            odd |= Row(ref rows, ByteKinds.Openers) & Before(ref rows, ByteKinds.Newlines, newlines, 1);

            (((text & ~afterKeyStart & afterSpace) | equals) & ~fields).StoreUnsafe(ref rows, TagKeys);
            stamped.StoreUnsafe(ref rows, Stamped);
            if (odd != Vector512<ulong>.Zero)
                return (int)block * ByteKinds.BlockLength + FirstBit(odd);
        }

        return length;
    }

    /// <summary>What is not right in numbers of the forms <c>-1</c>, <c>-1i</c> and <c>-1.5</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> OddValues(
        ref ulong rows, Vector512<ulong> values, Vector512<ulong> text, ref uint openFraction, ref Runs runs)
    {
        Vector512<ulong> tokens = ~text;
        Vector512<ulong> equals = Row(ref rows, ByteKinds.EqualsSigns);
        Vector512<ulong> digits = Row(ref rows, ByteKinds.Digits);
        Vector512<ulong> dots = Row(ref rows, ByteKinds.Dots);
        Vector512<ulong> minuses = Row(ref rows, ByteKinds.Minuses);
        Vector512<ulong> suffixes = Row(ref rows, ByteKinds.Suffixes);
        Vector512<ulong> digitBefore = Before(ref rows, ByteKinds.Digits, digits, 1);

        // A sign is the first byte and not the last one, which is too strict for names; a suffix is the last one.
        // Both a suffix and a dot stand behind a digit; behind a dot is neither. Dots in names do not matter, as what
        // is behind them ends with the name, and need not be told apart.
        Vector512<ulong> odd = values & ~(digits | dots | minuses | suffixes);
        odd |= values & minuses & ~Before(ref rows, ByteKinds.EqualsSigns, equals, 1);
        odd |= tokens & Before(ref rows, ByteKinds.Minuses, minuses, 1);
        odd |= values & Before(ref rows, ByteKinds.Suffixes, suffixes, 1);
        odd |= values & (dots | suffixes) & ~digitBefore;
        odd |= values & ~Next(dots, text, ref openFraction) & (dots | suffixes);

        // No value fills a block, so that none is long enough to be infinite; no integer has more than 18 digits.
        odd |= Vector512.Equals(values, Vector512<ulong>.AllBitsSet);
        Vector512<ulong> three = digits & digitBefore & Before(ref rows, ByteKinds.Digits, digits, 2);
        Vector512<ulong> nine = three & Before(three, runs.Three, 3) & Before(three, runs.Three, 6);
        Vector512<ulong> nineteen = nine & Before(nine, runs.Nine, 9) & Before(nine, runs.Nine, 10);
        odd |= values & suffixes & Before(nineteen, runs.Nineteen, 1);
        runs = new Runs { Three = three, Nine = nine, Nineteen = nineteen };
        return odd;
    }

    /// <summary>Puts a newline in front of the text.</summary>
    public static void BeginLine(ref ulong rows)
    {
        Unsafe.Add(ref rows, ByteKinds.Tokens - 1) = 1UL << 63;
        Unsafe.Add(ref rows, ByteKinds.Newlines - 1) = 1UL << 63;
        Unsafe.Add(ref rows, ByteKinds.EqualsSigns - 1) = 0;
        Unsafe.Add(ref rows, ByteKinds.Spaces - 1) = 0;
        Unsafe.Add(ref rows, ByteKinds.Digits - 1) = 0;
        Unsafe.Add(ref rows, ByteKinds.Minuses - 1) = 0;
        Unsafe.Add(ref rows, ByteKinds.Suffixes - 1) = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Row(ref ulong rows, int kind) => Vector512.LoadUnsafe(ref rows, (nuint)kind);

    /// <summary>The row moved, so that a bit tells of the byte so many bytes before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Before(ref ulong rows, int kind, Vector512<ulong> row, int bytes) =>
        row << bytes | Vector512.LoadUnsafe(ref rows, (nuint)kind - 1) >> (ByteKinds.BlockLength - bytes);

    /// <summary>The same for masks that are no row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Before(Vector512<ulong> masks, Vector512<ulong> previous, int bytes) =>
        masks << bytes | Avx512F.AlignRight64(masks, previous, Lanes - 1) >> (ByteKinds.BlockLength - bytes);

    /// <summary>Goes from each start to the token behind it.</summary>
    /// <param name="starts">Tokens or text.</param>
    /// <param name="text">What is no token.</param>
    /// <param name="open">One, if the text goes on from the group before.</param>
    /// <returns>The text without what lies behind a start, and the next tokens.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Next(Vector512<ulong> starts, Vector512<ulong> text, ref uint open)
    {
        Vector512<ulong> sum = (starts << 1) + text;
        ulong made = starts.ExtractMostSignificantBits() | Vector512.LessThan(sum, text).ExtractMostSignificantBits();

        // A start in the last bit leaves a lane as full as it was, and what came to it is behind a start as well.
        ulong passed = Vector512.Equals(sum, Vector512<ulong>.AllBitsSet).ExtractMostSignificantBits() & ~made;
        return sum + Carries((uint)made, (uint)passed, ref open);
    }

    /// <summary>The parts from each start to the end behind it.</summary>
    /// <param name="starts">A start not in a part is one of the result.</param>
    /// <param name="ends">An end of a part is none of the result.</param>
    /// <param name="open">One, if a part goes on from the group before.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Parts(Vector512<ulong> starts, Vector512<ulong> ends, ref uint open)
    {
        Vector512<ulong> difference = ends - starts;
        ulong made = Vector512.LessThan(ends, starts).ExtractMostSignificantBits();
        ulong passed = Vector512.Equals(difference, Vector512<ulong>.Zero).ExtractMostSignificantBits();
        return difference - Carries((uint)made, (uint)passed, ref open);
    }

    /// <summary>Carries from lane to lane, as one addition of a number with a bit for each lane.</summary>
    /// <param name="made">Lanes that carry by themselves.</param>
    /// <param name="passed">Lanes that carry if one is carried to them.</param>
    /// <param name="open">The carry to the first lane; takes that of the last one.</param>
    /// <returns>A one in each lane that gets a carry.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Carries(uint made, uint passed, ref uint open)
    {
        uint carries = ((made << 1) + open + passed) ^ passed;
        open = carries >> Lanes;
        return Avx512F.ShiftRightLogicalVariable(
            Vector512.Create((ulong)carries), Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7)) & Vector512<ulong>.One;
    }

    private static int FirstBit(Vector512<ulong> masks)
    {
        ulong lanes = ~Vector512.Equals(masks, Vector512<ulong>.Zero).ExtractMostSignificantBits();
        int lane = BitOperations.TrailingZeroCount(lanes);
        return lane * ByteKinds.BlockLength + BitOperations.TrailingZeroCount(masks[lane]);
    }

    /// <summary>Where so many digits in a row end, of the group before.</summary>
    private struct Runs
    {
        public Vector512<ulong> Three;
        public Vector512<ulong> Nine;
        public Vector512<ulong> Nineteen;
    }
}
