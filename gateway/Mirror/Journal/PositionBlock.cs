using System.Numerics;

namespace InfluxMirror.Journal;

/// <summary>
/// Which of 65,536 neighbours are in a set: as runs while they are few, else a bit for each. 8 KiB at most either way.
/// </summary>
internal sealed class PositionBlock
{
    /// <summary>How many positions it is about.</summary>
    public const int Size = 1 << 16;

    private const int Words = Size / 64;

    // So many take as much memory as bits.
    private const int MostRuns = Size / 8 / 4;

    // So few gaps, or members, are better kept as runs again.
    private const int Few = 256;

    // First and last of each run, in order, not touching each other. Null while there are bits.
    private (ushort From, ushort To)[]? _runs = new (ushort, ushort)[2];
    private int _count;
    private ulong[]? _bits;
    private int _members;

    /// <summary>One with all of them in it.</summary>
    public static PositionBlock Full()
    {
        var full = new PositionBlock();
        full.Add(0, Size - 1);
        return full;
    }

    /// <summary>None is in it.</summary>
    public bool IsEmpty => _members == 0;

    /// <summary>All are in it.</summary>
    public bool IsFull => _members == Size;

    /// <summary>Its runs, when it has them.</summary>
    public ReadOnlySpan<(ushort From, ushort To)> Runs => _runs.AsSpan(0, _count);

    /// <summary>Its bits, the lowest first; empty when it has runs.</summary>
    public ReadOnlySpan<ulong> Bits => _bits;

    /// <summary>The first member from <paramref name="offset"/> on; <see cref="Size"/> for none.</summary>
    public int Next(int offset)
    {
        if (_bits is not null)
            return NextBit(offset, 0);
        var at = FirstEndingFrom(offset);
        return at < _count ? Math.Max(offset, _runs![at].From) : Size;
    }

    /// <summary>The first from <paramref name="offset"/> on that is no member; <see cref="Size"/> for none.</summary>
    public int NextGap(int offset)
    {
        if (_bits is not null)
            return NextBit(offset, ulong.MaxValue);
        var at = FirstEndingFrom(offset);
        return at < _count && _runs![at].From <= offset ? _runs[at].To + 1 : offset;
    }

    /// <summary>The last member; there is one.</summary>
    public int Last
    {
        get
        {
            if (_bits is null)
                return _runs![_count - 1].To;
            var word = _bits.AsSpan().LastIndexOfAnyExcept(0UL);
            return (word << 6) + BitOperations.Log2(_bits[word]);
        }
    }

    /// <summary>How many members there are from one to another, both included.</summary>
    public int CountOf(int from, int to)
    {
        var members = 0;
        if (_bits is not null)
        {
            for (var word = from >> 6; word <= to >> 6; word++)
                members += BitOperations.PopCount(_bits[word] & Mask(word, from, to));
            return members;
        }

        for (var at = FirstEndingFrom(from); at < _count && _runs![at].From <= to; at++)
            members += Math.Min(to, _runs[at].To) - Math.Max(from, _runs[at].From) + 1;
        return members;
    }

    /// <summary>Adds all from one to another, both included.</summary>
    public void Add(int from, int to)
    {
        var added = to - from + 1 - CountOf(from, to);
        if (added == 0)
            return;
        _members += added;
        if (TryAddRun(from, to))
            return;
        for (var word = from >> 6; word <= to >> 6; word++)
            _bits![word] |= Mask(word, from, to);
        if (_members >= Size - Few)
            KeepAsRuns();
    }

    /// <summary>Removes all from one to another, both included.</summary>
    public void Remove(int from, int to)
    {
        var removed = CountOf(from, to);
        if (removed == 0)
            return;
        _members -= removed;
        if (TryRemoveRuns(from, to))
            return;
        for (var word = from >> 6; word <= to >> 6; word++)
            _bits![word] &= ~Mask(word, from, to);
        if (_members <= Few)
            KeepAsRuns();
    }

    /// <summary>Another one that is the same.</summary>
    public PositionBlock Clone() => new()
    {
        _runs = _runs?.AsSpan(0, Math.Max(1, _count)).ToArray(),
        _count = _count,
        _bits = _bits?.AsSpan().ToArray(),
        _members = _members,
    };

    /// <summary>Whether the other one has the same members, kept in the same way.</summary>
    public bool IsLike(PositionBlock other) => Runs.SequenceEqual(other.Runs) && Bits.SequenceEqual(other.Bits);

    private static ulong Mask(int word, int from, int to)
    {
        var mask = ulong.MaxValue;
        if (word == from >> 6)
            mask <<= from & 63;
        if (word == to >> 6)
            mask &= ulong.MaxValue >> (63 - (to & 63));
        return mask;
    }

    private int NextBit(int offset, ulong inverted)
    {
        if (offset >= Size)
            return Size;
        var word = offset >> 6;
        for (var bits = (_bits![word] ^ inverted) & (ulong.MaxValue << (offset & 63)); ; bits = _bits[word] ^ inverted)
        {
            if (bits != 0)
                return (word << 6) + BitOperations.TrailingZeroCount(bits);
            if (++word == Words)
                return Size;
        }
    }

    /// <summary>Index of the first run that does not end before <paramref name="offset"/>.</summary>
    private int FirstEndingFrom(int offset)
    {
        // Mostly it is about the newest ones.
        if (_count == 0 || _runs![_count - 1].To < offset)
            return _count;
        var (low, high) = (0, _count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_runs[middle].To < offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>False when it has bits, or has them from now on.</summary>
    private bool TryAddRun(int from, int to)
    {
        if (_bits is not null)
            return false;
        // Those that it touches become one with it.
        var at = FirstEndingFrom(from - 1);
        var end = at;
        while (end < _count && _runs![end].From <= to + 1)
            end++;
        if (end > at)
        {
            from = Math.Min(from, _runs![at].From);
            to = Math.Max(to, _runs[end - 1].To);
        }

        if (!TryReplace(at, end, 1))
            return false;
        _runs![at] = ((ushort)from, (ushort)to);
        return true;
    }

    /// <summary>The same.</summary>
    private bool TryRemoveRuns(int from, int to)
    {
        if (_bits is not null)
            return false;
        var at = FirstEndingFrom(from);
        var end = at;
        while (end < _count && _runs![end].From <= to)
            end++;
        var (first, last) = (_runs![at].From, _runs[end - 1].To);
        var (keepsFirst, keepsLast) = (first < from, last > to);
        if (!TryReplace(at, end, (keepsFirst ? 1 : 0) + (keepsLast ? 1 : 0)))
            return false;
        if (keepsFirst)
            _runs![at++] = (first, (ushort)(from - 1));
        if (keepsLast)
            _runs![at] = ((ushort)(to + 1), last);
        return true;
    }

    /// <summary>Makes room for some runs in the place of others; false when that would be too many.</summary>
    private bool TryReplace(int at, int end, int count)
    {
        var needed = _count - (end - at) + count;
        if (needed > MostRuns)
        {
            KeepAsBits();
            return false;
        }

        if (needed > _runs!.Length)
            Array.Resize(ref _runs, Math.Min(MostRuns, 2 * _runs.Length));
        Array.Copy(_runs, end, _runs, at + count, _count - end);
        _count = needed;
        return true;
    }

    private void KeepAsBits()
    {
        _bits = new ulong[Words];
        foreach (var (from, to) in Runs)
        {
            for (var word = from >> 6; word <= to >> 6; word++)
                _bits[word] |= Mask(word, from, to);
        }

        (_runs, _count) = (null, 0);
    }

    private void KeepAsRuns()
    {
        var runs = new List<(ushort, ushort)>();
        for (var from = Next(0); from < Size;)
        {
            var gap = NextGap(from);
            runs.Add(((ushort)from, (ushort)(gap - 1)));
            from = Next(gap);
        }

        (_bits, _runs, _count) = (null, [.. runs, default], runs.Count);
    }
}
