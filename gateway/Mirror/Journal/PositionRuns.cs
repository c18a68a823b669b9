using System.Collections;
using System.Runtime.CompilerServices;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// A set of positions, seen as runs that do not touch each other. Costs memory by runs, however long they are, and
/// never more than a bit for each position between them. Not safe for threads.
/// </summary>
/// <remarks>
/// Kept by blocks of 65,536 positions, as compressed bitmaps are; adjacent blocks that are in it as a whole are one
/// piece.
/// </remarks>
[CollectionBuilder(typeof(PositionRuns), nameof(Of))]
public sealed class PositionRuns : IEnumerable<PositionRange>
{
    private const int Shift = 16;
    private const int Mask = PositionBlock.Size - 1;

    // In order.
    private readonly List<Piece> _pieces = [];

    /// <summary>There is none in it.</summary>
    public bool IsEmpty => _pieces.Count == 0;

    /// <summary>The lowest position; there is one.</summary>
    public long Min => Next(long.MinValue);

    /// <summary>The highest position; there is one.</summary>
    public long Max => _pieces[^1] is { Block: { } block } last ? last.Start + block.Last : _pieces[^1].End;

    /// <summary>What is in memory for it, in order.</summary>
    internal IReadOnlyList<Piece> Pieces => _pieces;

    /// <summary>A set of these.</summary>
    public static PositionRuns Of(ReadOnlySpan<PositionRange> runs)
    {
        var set = new PositionRuns();
        foreach (var run in runs)
            set.Add(run.From, run.To);
        return set;
    }

    /// <summary>Whether a position is in it.</summary>
    public bool Contains(long position) => Next(position) == position;

    /// <summary>Whether every position from one to another is in it; true when there is none between.</summary>
    public bool Contains(long from, long to) => to < from || (Contains(from) && NextGap(from) > to);

    /// <summary>
    /// The first position from <paramref name="from"/> on that is in it; <see cref="long.MaxValue"/> when there is
    /// none.
    /// </summary>
    public long Next(long from)
    {
        for (var at = Find(from >> Shift); at < _pieces.Count; at++)
        {
            var piece = _pieces[at];
            from = Math.Max(from, piece.Start);
            if (piece.Block is not { } block)
                return from;
            if (block.Next((int)(from & Mask)) is < PositionBlock.Size and var offset)
                return piece.Start + offset;
            from = piece.End + 1;
        }

        return long.MaxValue;
    }

    /// <summary>The first position from <paramref name="from"/> on that is not in it.</summary>
    public long NextGap(long from)
    {
        for (var at = Find(from >> Shift); at < _pieces.Count && _pieces[at].Start <= from; at++)
        {
            var piece = _pieces[at];
            if (piece.Block?.NextGap((int)(from & Mask)) is < PositionBlock.Size and var offset)
                return piece.Start + offset;
            from = piece.End + 1;
        }

        return from;
    }

    /// <summary>What is in it from one position to another, both included, as runs.</summary>
    public List<PositionRange> Within(long from, long to)
    {
        List<PositionRange> runs = [];
        while ((from = Next(from)) <= to && from != long.MaxValue)
        {
            var gap = NextGap(from);
            runs.Add(new PositionRange(from, Math.Min(to, gap - 1)));
            from = gap;
        }

        return runs;
    }

    /// <summary>
    /// What is in both, up to a position, as runs. As long as nothing is changed in either; what is in one only takes
    /// no time for being much.
    /// </summary>
    public IEnumerable<PositionRange> Shared(PositionRuns other, long through)
    {
        for (var from = Next(long.MinValue); from <= through && from != long.MaxValue;)
        {
            var next = other.Next(from);
            if (next > from)
            {
                from = next > through ? long.MaxValue : Next(next);
                continue;
            }

            var gap = Math.Min(NextGap(from), other.NextGap(from));
            yield return new PositionRange(from, Math.Min(through, gap - 1));
            from = Next(gap);
        }
    }

    /// <summary>The lowest positions in it, no more than so many, and none above one.</summary>
    public PositionRuns Lowest(int count, long through)
    {
        var lowest = new PositionRuns();
        foreach (var run in this)
        {
            if (count <= 0 || run.From > through)
                break;
            var to = Math.Min(Math.Min(run.To, through), run.From + count - 1);
            lowest.Add(run.From, to);
            count -= (int)(to - run.From + 1);
        }

        return lowest;
    }

    /// <summary>How many positions from one to another, both included, are in it.</summary>
    public long CountOf(long from, long to)
    {
        var count = 0L;
        for (var at = Find(from >> Shift); at < _pieces.Count && _pieces[at].Start <= to; at++)
        {
            var piece = _pieces[at];
            var (first, last) = (Math.Max(from, piece.Start), Math.Min(to, piece.End));
            if (first <= last)
                count += piece.Block?.CountOf((int)(first & Mask), (int)(last & Mask)) ?? last - first + 1;
        }

        return count;
    }

    /// <summary>Adds every position from one to another, both included.</summary>
    public void Add(long from, long to)
    {
        var (first, last) = (from >> Shift, to >> Shift);
        var (lower, upper) = ((int)(from & Mask), (int)(to & Mask));
        if (first == last)
        {
            AddIn(first, lower, upper);
            return;
        }

        if (lower > 0)
            AddIn(first++, lower, Mask);
        if (upper < Mask)
            AddIn(last--, 0, upper);
        if (first <= last)
            AddWhole(first, last);
    }

    /// <summary>Removes a position; false when it was not in it.</summary>
    public bool Remove(long position)
    {
        if (!Contains(position))
            return false;
        Remove(position, position);
        return true;
    }

    /// <summary>Removes every position from one to another, both included.</summary>
    public void Remove(long from, long to)
    {
        var (first, last) = (from >> Shift, to >> Shift);
        var (lower, upper) = ((int)(from & Mask), (int)(to & Mask));
        if (first == last)
        {
            RemoveIn(first, lower, upper);
            return;
        }

        if (lower > 0)
            RemoveIn(first++, lower, Mask);
        if (upper < Mask)
            RemoveIn(last--, 0, upper);
        if (first > last)
            return;
        Split(first);
        Split(last + 1);
        var at = Find(first);
        _pieces.RemoveRange(at, Find(last + 1) - at);
    }

    /// <summary>Removes every position up to one.</summary>
    public void RemoveThrough(long position)
    {
        if (_pieces.Count > 0 && _pieces[0].Start <= position)
            Remove(_pieces[0].Start, position);
    }

    /// <summary>Removes all.</summary>
    public void Clear() => _pieces.Clear();

    /// <summary>Another set of the same positions.</summary>
    public PositionRuns Clone()
    {
        var clone = new PositionRuns();
        clone._pieces.EnsureCapacity(_pieces.Count);
        foreach (var piece in _pieces)
            clone._pieces.Add(piece with { Block = piece.Block?.Clone() });
        return clone;
    }

    /// <summary>
    /// Whether the other one has the same positions, as far as a glance tells: it may say that they differ when they do
    /// not.
    /// </summary>
    internal bool IsLike(PositionRuns other)
    {
        if (_pieces.Count != other._pieces.Count)
            return false;
        for (var at = 0; at < _pieces.Count; at++)
        {
            var (left, right) = (_pieces[at], other._pieces[at]);
            if ((left.First, left.Last) != (right.First, right.Last))
                return false;
            if (left.Block is null || right.Block is null ? left.Block != right.Block : !left.Block.IsLike(right.Block))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public IEnumerator<PositionRange> GetEnumerator()
    {
        for (var from = Next(long.MinValue); from != long.MaxValue;)
        {
            var gap = NextGap(from);
            yield return new PositionRange(from, gap - 1);
            from = Next(gap);
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Index of the first piece that does not end before a block.</summary>
    private int Find(long block)
    {
        var (low, high) = (0, _pieces.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_pieces[middle].Last < block)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void AddIn(long number, int from, int to)
    {
        var at = Find(number);
        if (at == _pieces.Count || _pieces[at].First > number)
            _pieces.Insert(at, new Piece(number, number, new PositionBlock()));
        if (_pieces[at].Block is not { } block)
            return;
        block.Add(from, to);
        if (block.IsFull)
            AddWhole(number, number);
    }

    private void AddWhole(long first, long last)
    {
        var at = Find(first);
        var end = at;
        while (end < _pieces.Count && _pieces[end].First <= last)
            end++;
        // What it touches and is whole becomes one with it; it may reach out of what it replaces.
        if (at > 0 && IsWhole(at - 1) && _pieces[at - 1].Last == first - 1)
            at--;
        if (end < _pieces.Count && IsWhole(end) && _pieces[end].First == last + 1)
            end++;
        if (end > at && IsWhole(at))
            first = Math.Min(first, _pieces[at].First);
        if (end > at && IsWhole(end - 1))
            last = Math.Max(last, _pieces[end - 1].Last);
        _pieces.RemoveRange(at, end - at);
        _pieces.Insert(at, new Piece(first, last, null));
    }

    private void RemoveIn(long number, int from, int to)
    {
        var at = Find(number);
        if (at == _pieces.Count || _pieces[at].First > number)
            return;
        if (IsWhole(at))
        {
            Split(number);
            Split(number + 1);
            at = Find(number);
            _pieces[at] = new Piece(number, number, PositionBlock.Full());
        }

        var block = _pieces[at].Block!;
        block.Remove(from, to);
        if (block.IsEmpty)
            _pieces.RemoveAt(at);
    }

    /// <summary>Makes one piece end before a block and another begin there, if it is within a piece.</summary>
    private void Split(long number)
    {
        var at = Find(number);
        if (at == _pieces.Count || _pieces[at].First >= number)
            return;
        var piece = _pieces[at];
        _pieces[at] = piece with { First = number };
        _pieces.Insert(at, piece with { Last = number - 1 });
    }

    private bool IsWhole(int at) => _pieces[at].Block is null;

    /// <summary>Some of the positions.</summary>
    /// <param name="First">The number of its block, or of the first.</param>
    /// <param name="Last">The number of the last block.</param>
    /// <param name="Block">What is in the set of a single block; null when all of it is.</param>
    internal readonly record struct Piece(long First, long Last, PositionBlock? Block)
    {
        /// <summary>The first position that it is about.</summary>
        public long Start => First << Shift;

        /// <summary>The last one.</summary>
        public long End => (Last << Shift) | Mask;
    }
}
