using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// The check of <see cref="PlainGrammar"/> by vectors of four lanes, in two passes, as there are few registers.
/// </summary>
internal static class PlainGrammar256
{
    private const int Lanes = ByteKinds256.GroupLength / ByteKinds.BlockLength;

    // The second pass finds the values in place of a row that is read no more.
    private const int Values = ByteKinds.Openers;

    public static bool IsSupported => ByteKinds256.IsSupported;

    /// <summary>Does what <see cref="PlainGrammar.Check"/> does.</summary>
    public static int Check(Span<ulong> masks, int length)
    {
        ref ulong rows = ref MemoryMarshal.GetReference(masks);
        PlainGrammar.BeginLine(ref rows);
        int plain = CheckTokens(ref rows, length / ByteKinds.BlockLength);
        int groups = (plain + ByteKinds256.GroupLength - 1) / ByteKinds256.GroupLength;
        return Math.Min(plain, CheckValues(ref rows, groups * Lanes));
    }

    /// <summary>Looks for tokens that are not where they should be.</summary>
    private static int CheckTokens(ref ulong start, nint blocks)
    {
        Vector256<ulong> openKey = default;
        Vector256<ulong> openSpace = default;
        uint openFields = 0;
        for (nint block = 0; block < blocks; block += Lanes)
        {
            ref ulong rows = ref Unsafe.Add(ref start, block);
            Vector256<ulong> tokens = Row(ref rows, ByteKinds.Tokens);
            Vector256<ulong> equals = Row(ref rows, ByteKinds.EqualsSigns);
            Vector256<ulong> newlines = Row(ref rows, ByteKinds.Newlines);
            Vector256<ulong> text = ~tokens;

            // Each of these has a bit at the next token, and no bits in the text up to it.
            Vector256<ulong> afterSpace = Next(Row(ref rows, ByteKinds.Spaces), text, ref openSpace);
            Vector256<ulong> afterKeyStart = Next(tokens & ~(equals | newlines), text, ref openKey);

            // A comma or space is followed by an equals sign, or the space by the newline; and nothing else by an
            // equals sign.
            Vector256<ulong> stamped = afterSpace & newlines;
            stamped.StoreUnsafe(ref rows, PlainGrammar.Stamped);
            Vector256<ulong> odd = (afterKeyStart & tokens) ^ (equals | stamped);

            // Each line has one equals sign behind a space.
            Vector256<ulong> firstEquals = afterSpace & equals;
            Vector256<ulong> fields = Parts(firstEquals, newlines, ref openFields);
            odd |= (firstEquals & ~fields) | (newlines & fields);

            (((text & ~afterKeyStart & afterSpace) | equals) & ~fields).StoreUnsafe(ref rows, PlainGrammar.TagKeys);
            Vector256<ulong> inFields = fields & text;
            odd |= inFields & ~afterSpace & ~Row(ref rows, ByteKinds.Digits);
            odd |= Row(ref rows, ByteKinds.Backslashes);
            odd |= Row(ref rows, ByteKinds.Openers) & Before(ref rows, ByteKinds.Newlines, 1);
            (inFields & afterKeyStart).StoreUnsafe(ref rows, Values);
            if (odd != Vector256<ulong>.Zero)
                return (int)block * ByteKinds.BlockLength + FirstBit(odd);
        }

        return (int)blocks * ByteKinds.BlockLength;
    }

    /// <summary>Looks for what is not right in numbers of the forms <c>-1</c>, <c>-1i</c> and <c>-1.5</c>.</summary>
    private static int CheckValues(ref ulong start, nint blocks)
    {
        Vector256<ulong> openFraction = default;
        Vector256<ulong> lastThree = default;
        Vector256<ulong> lastNine = default;
        Vector256<ulong> lastNineteen = default;
        for (nint block = 0; block < blocks; block += Lanes)
        {
            ref ulong rows = ref Unsafe.Add(ref start, block);
            Vector256<ulong> tokens = Row(ref rows, ByteKinds.Tokens);
            Vector256<ulong> digits = Row(ref rows, ByteKinds.Digits);
            Vector256<ulong> digitBefore = Before(ref rows, ByteKinds.Digits, 1);
            Vector256<ulong> dots = Row(ref rows, ByteKinds.Dots);
            Vector256<ulong> suffixes = Row(ref rows, ByteKinds.Suffixes);

            // A suffix is the last byte; a suffix and a dot stand behind a digit, and neither behind a dot. Dots in
            // names do not matter, as what is behind them ends with the name, and need not be told apart.
            Vector256<ulong> marks = dots | suffixes;
            Vector256<ulong> odd = marks & ~(digitBefore & Next(dots, ~tokens, ref openFraction));
            odd |= Before(ref rows, ByteKinds.Suffixes, 1);

            // No integer has more than 18 digits.
            Vector256<ulong> three = digits & digitBefore & Before(ref rows, ByteKinds.Digits, 2);
            Vector256<ulong> moved = Delay(three, lastThree);
            lastThree = three;
            Vector256<ulong> nine = three & Before(three, moved, 3) & Before(three, moved, 6);
            moved = Delay(nine, lastNine);
            lastNine = nine;
            Vector256<ulong> nineteen = nine & Before(nine, moved, 9) & Before(nine, moved, 10);
            odd |= suffixes & Before(nineteen, Delay(nineteen, lastNineteen), 1);
            lastNineteen = nineteen;

            // A sign is the first byte, and not the last one, which is too strict for names.
            Vector256<ulong> minuses = Row(ref rows, ByteKinds.Minuses);
            odd |= minuses & ~Before(ref rows, ByteKinds.EqualsSigns, 1);
            odd |= ~(digits | minuses | marks);
            Vector256<ulong> values = Row(ref rows, Values);
            odd &= values;

            // No token and no sign stands in front of a token.
            Vector256<ulong> before = Row(ref rows, ByteKinds.Tokens - 1) | Row(ref rows, ByteKinds.Minuses - 1);
            odd |= tokens & ((tokens | minuses) << 1 | before >> 63);

            // No value fills a block, so that none is long enough to be infinite.
            odd |= Vector256.Equals(values, Vector256<ulong>.AllBitsSet);
            if (odd != Vector256<ulong>.Zero)
                return (int)block * ByteKinds.BlockLength + FirstBit(odd);
        }

        return (int)blocks * ByteKinds.BlockLength;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Row(ref ulong rows, int kind) => Vector256.LoadUnsafe(ref rows, (nuint)kind);

    /// <summary>The row moved, so that a bit tells of the byte so many bytes before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Before(ref ulong rows, int kind, int bytes) =>
        Before(Row(ref rows, kind), Row(ref rows, kind - 1), bytes);

    /// <summary>The same for any masks and those of one block before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Before(Vector256<ulong> masks, Vector256<ulong> blockBefore, int bytes) =>
        masks << bytes | blockBefore >> (ByteKinds.BlockLength - bytes);

    /// <summary>The last lane of the group before, and all but the last one of the group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Delay(Vector256<ulong> masks, Vector256<ulong> groupBefore)
    {
        Vector256<ulong> middle = Avx2.Permute2x128(groupBefore, masks, 0x21);
        return Avx2.AlignRight(masks.AsByte(), middle.AsByte(), sizeof(ulong)).AsUInt64();
    }

    /// <summary>Goes from each start to the token behind it.</summary>
    /// <param name="starts">Tokens or text.</param>
    /// <param name="text">What is no token.</param>
    /// <param name="open">The carries of the group before; becomes those of the group.</param>
    /// <returns>The text without what lies behind a start, and the next tokens.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Next(
        Vector256<ulong> starts, Vector256<ulong> text, ref Vector256<ulong> open)
    {
        Vector256<ulong> sum = (starts << 1) + text;
        Vector256<ulong> made = (starts | Vector256.LessThan(sum, text)) >> 63;
        Vector256<ulong> carries = Delay(made, open);

        // A lane full of text passes on what is carried to it. That is rare, so it may take a turn for each.
        Vector256<ulong> full = Vector256.Equals(sum, Vector256<ulong>.AllBitsSet);
        while ((full & carries) != Vector256<ulong>.Zero)
        {
            made |= full & carries;
            full ^= full & carries;
            carries = Delay(made, open);
        }

        open = made;
        return sum + carries;
    }

    /// <summary>The parts from each start to the end behind it.</summary>
    /// <param name="starts">A start not in a part is one of the result.</param>
    /// <param name="ends">An end of a part is none of the result.</param>
    /// <param name="open">One, if a part goes on from the group before.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Parts(Vector256<ulong> starts, Vector256<ulong> ends, ref uint open)
    {
        // Most lanes pass a carry on: it goes from lane to lane as in an addition of a number with a bit for each.
        Vector256<ulong> difference = ends - starts;
        uint made = Vector256.LessThan(ends, starts).ExtractMostSignificantBits();
        uint passed = Vector256.Equals(difference, Vector256<ulong>.Zero).ExtractMostSignificantBits();
        uint carries = ((made << 1) + open + passed) ^ passed;
        open = carries >> Lanes;
        return difference - (Avx2.ShiftRightLogicalVariable(
            Vector256.Create((ulong)carries), Vector256.Create(0UL, 1, 2, 3)) & Vector256<ulong>.One);
    }

    private static int FirstBit(Vector256<ulong> masks)
    {
        uint lanes = ~Vector256.Equals(masks, Vector256<ulong>.Zero).ExtractMostSignificantBits();
        int lane = BitOperations.TrailingZeroCount(lanes);
        return lane * ByteKinds.BlockLength + BitOperations.TrailingZeroCount(masks[lane]);
    }
}
