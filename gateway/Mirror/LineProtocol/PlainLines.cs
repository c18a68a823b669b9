using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InfluxMirror.LineProtocol;

/// <summary>
/// Reads the lines nearly all bodies consist of, token by token: no quote but around string values, no spare white
/// space, values of a common form, backslashes only in strings and one at a time in the measurement and tag values,
/// where all of influxd's readings of a line agree on them. It says yes only where the exact reading would, and
/// leaves every other line, good or bad, to that one.
/// </summary>
internal ref struct PlainLines
{
    // What is loaded behind a token lies within this reach of it. All tokens before the newline that ends the last
    // line read are closer to the start, so that no load leaves the body.
    private const int Reach = PlainNumber.LoadLength + 1;

    private readonly ReadOnlySpan<byte> _body;
    private readonly Span<ushort> _tokens;
    private readonly TimestampLimit _time;

    // The indexed part starts here, and its tokens up to the newline at _last are to be read.
    private int _chunk;
    private int _next;
    private int _last;

    /// <param name="body">Line protocol.</param>
    /// <param name="tokens">Scratch of <see cref="TokenIndexer.Capacity"/>.</param>
    /// <param name="precision">The unit of the timestamps.</param>
    public PlainLines(ReadOnlySpan<byte> body, Span<ushort> tokens, Precision precision)
    {
        _body = body;
        _tokens = tokens;
        _time = TimestampLimit.For(precision);
        _last = -1;
    }

    /// <summary>Makes the first token of the line the next one.</summary>
    /// <param name="position">Where a line starts; never less than in a call before.</param>
    /// <returns>False if the line does not end in the indexed part.</returns>
    public bool MoveTo(int position)
    {
        while (_next <= _last && _chunk + _tokens[_next] < position)
            _next++;
        return _next <= _last;
    }

    /// <summary>Indexes the lines from <paramref name="position"/> on.</summary>
    /// <param name="position">Where a line starts.</param>
    /// <param name="reach">How many bytes to index; it may be more, so that the line ends in them.</param>
    /// <returns>False if the end of the line is out of reach.</returns>
    public bool Index(int position, int reach)
    {
        ReadOnlySpan<byte> rest = _body[position..];
        bool found = reach < rest.Length && IndexLines(position, rest[..reach]);
        return found || IndexLines(position, rest);
    }

    /// <summary>Reads the indexed lines until one is not plain.</summary>
    /// <param name="position">Where the next of them starts; becomes the start of the first line not read.</param>
    /// <param name="scan">Counts the points.</param>
    /// <param name="unstampedEnds">Takes the ends of lines without timestamp.</param>
    /// <returns>False if the line there is not plain.</returns>
    public bool Read(ref int position, ref BodyScan scan, InsertionPoints? unstampedEnds)
    {
        int points = 0;
        int unstamped = 0;
        int start = position - _chunk;
        while (_next <= _last && ReadLine(start, out int end, out bool stamped))
        {
            points++;
            if (!stamped)
            {
                unstamped++;
                unstampedEnds?.Add(_chunk + end);
            }

            start = end + 1;
        }

        scan.Points += points;
        scan.Unstamped += unstamped;
        position = _chunk + start;
        return _next > _last;
    }

    private bool IndexLines(int position, ReadOnlySpan<byte> text)
    {
        int count = TokenIndexer.Index(text, _tokens);
        _chunk = position;
        _next = 0;
        _last = count - 1;
        while (_last >= 0 && (text[_tokens[_last]] != '\n' || _tokens[_last] + Reach > text.Length))
            _last--;

        // The reading of a line looks up to two tokens ahead.
        _tokens.Slice(count, 2).Clear();
        return _last >= 0;
    }

    /// <summary>Reads one line; all offsets are relative to the chunk.</summary>
    /// <returns>False if the line is not plain.</returns>
    private bool ReadLine(int start, out int end, out bool stamped)
    {
        ref byte text = ref Unsafe.Add(ref MemoryMarshal.GetReference(_body), _chunk);
        ref ushort tokens = ref MemoryMarshal.GetReference(_tokens);
        nint t = _next;
        nint at = Unsafe.Add(ref tokens, t);
        end = 0;
        stamped = false;
        if (at == start || Unsafe.Add(ref text, start) is (byte)'#' or (byte)'\t' or 0)
            return false;

        t = SkipTags(ref text, ref tokens, t, start);
        if (t < 0)
            return false;
        t = SkipFields(ref text, ref tokens, t);
        if (t < 0)
            return false;

        at = Unsafe.Add(ref tokens, t);
        if (Unsafe.Add(ref text, at) == ' ')
        {
            nint time = at + 1;
            at = Unsafe.Add(ref tokens, ++t);
            stamped = true;
            if (!_time.Holds(ref Unsafe.Add(ref text, time), (int)(at - time)))
                return false;
        }

        end = (int)at;
        _next = (int)t + 1;
        return Unsafe.Add(ref text, at) == '\n';
    }

    /// <summary>Goes from the first token of a line to the space in front of the fields.</summary>
    /// <returns>The index of the space, or -1 if the line is not plain.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly nint SkipTags(ref byte text, ref ushort tokens, nint first, int start)
    {
        nint t = SkipEscapes(ref text, ref tokens, first);
        nint at = Unsafe.Add(ref tokens, t);
        int tags = 0;
        bool ascending = true;
        ulong previous = 0;
        while (Unsafe.Add(ref text, at) == ',')
        {
            nint equals = Unsafe.Add(ref tokens, t + 1);
            nint end = Unsafe.Add(ref tokens, t + 2);
            if (Unsafe.Add(ref text, equals) != '=' || equals - at < 2 || end - equals < 2)
                return -1;

            ulong key = TagKeys.Prefix(ref Unsafe.Add(ref text, at + 1), (int)(equals - at - 1));
            ascending &= key > previous;
            previous = key;
            tags++;
            t = SkipEscapes(ref text, ref tokens, t + 2);
            at = Unsafe.Add(ref tokens, t);
        }

        if (Unsafe.Add(ref text, at) != ' ' || (tags >= SeriesText.TagSlots && SeriesText.FailsInfluxd(tags)))
            return -1;
        return ascending || TagsDiffer(start) ? t : -1;
    }

    /// <summary>Goes over single backslashes and what they escape.</summary>
    /// <returns>The index of the first token that is no backslash, or of one that is not plain.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly nint SkipEscapes(ref byte text, ref ushort tokens, nint t)
    {
        while (Unsafe.Add(ref text, Unsafe.Add(ref tokens, t)) == '\\' && t < _last)
        {
            nint escaped = Unsafe.Add(ref tokens, t) + 1;
            if (Unsafe.Add(ref text, escaped) is (byte)'\\' or (byte)'\n')
                break;
            t += Unsafe.Add(ref tokens, t + 1) == escaped ? 2 : 1;
        }

        return t;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly bool TagsDiffer(int start) =>
        SeriesText.Scan(_body[(_chunk + start)..], out _) == LineFault.None;

    /// <summary>Goes from the space in front of the fields to the token behind them.</summary>
    /// <returns>The index of that token, or -1 if the line is not plain.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly nint SkipFields(ref byte text, ref ushort tokens, nint t)
    {
        nint at = Unsafe.Add(ref tokens, t);
        do
        {
            nint equals = Unsafe.Add(ref tokens, t + 1);
            if (Unsafe.Add(ref text, equals) != '=' || equals - at < 2)
                return -1;

            ref byte value = ref Unsafe.Add(ref text, equals + 1);
            t += 2;
            at = Unsafe.Add(ref tokens, t);
            if (value == '"')
            {
                t = SkipString(ref text, ref tokens, t);
                if (t < 0)
                    return -1;
                at = Unsafe.Add(ref tokens, t);
            }
            else if (!PlainNumber.IsValue(ref value, (int)(at - equals - 1)))
            {
                return -1;
            }
        }
        while (Unsafe.Add(ref text, at) == ',');

        return t;
    }

    /// <summary>Goes from the quote that opens a string to the token that must follow the closing one.</summary>
    /// <returns>The index of that token, or -1 if the string is not plain.</returns>
    private readonly nint SkipString(ref byte text, ref ushort tokens, nint t)
    {
        nint at = Unsafe.Add(ref tokens, ++t);
        while (t <= _last && Unsafe.Add(ref text, at) != '"')
        {
            bool escapes = Unsafe.Add(ref text, at) == '\\' && Unsafe.Add(ref tokens, t + 1) == at + 1;
            t += escapes ? 2 : 1;
            at = Unsafe.Add(ref tokens, t);
        }

        if (t > _last)
            return -1;

        // The quote is not the last token, as that is a newline.
        t++;
        return Unsafe.Add(ref tokens, t) == at + 1 ? t : -1;
    }
}
