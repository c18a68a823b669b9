using System.Numerics;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// Which positions a reader is done with: everything up to a low-water mark, and single positions above it, since
/// lanes overtake each other. One bit for each of the newest positions, where nearly all is done nearly in order; what
/// is far below is kept as runs, so that a record that waits for long costs a run and not a bit for all that was done
/// behind it.
/// </summary>
public sealed class CompletedRanges
{
    /// <summary>128 KiB, a million positions: more than lanes are apart while they move.</summary>
    private const int MaxWords = 16 * 1024;

    // Done, above the mark and below _base. The position behind the mark is never done.
    private readonly PositionRuns _below = new();

    // A ring of words; the first covers the 64 positions from _base on. Those that are not in use are 0.
    private ulong[] _words = new ulong[4];
    private int _first;
    private int _count;
    private long _base;

    /// <summary>Everything up to <paramref name="lowWaterMark"/> is done, nothing above.</summary>
    public CompletedRanges(long lowWaterMark)
    {
        LowWaterMark = lowWaterMark;
        _base = lowWaterMark + 1;
    }

    /// <summary>Every position up to this one is done.</summary>
    public long LowWaterMark { get; private set; }

    private long End => _base + (64L * _count);

    /// <summary>Whether <paramref name="position"/> is done.</summary>
    public bool Contains(long position)
    {
        if (position <= LowWaterMark)
            return true;
        if (position < _base)
            return _below.Contains(position);
        return position < End && (Word(position) & Bit(position)) != 0;
    }

    /// <summary>Whether every position from one to another is done; true when there is none between.</summary>
    public bool Contains(long from, long to)
    {
        from = Math.Max(from, LowWaterMark + 1);
        return to < from || (Contains(from) && Next(from, done: false) > to);
    }

    /// <summary>
    /// The first position from <paramref name="from"/> on, which is above the mark, that is done; or that is not.
    /// <see cref="long.MaxValue"/> when there is none.
    /// </summary>
    public long Next(long from, bool done)
    {
        if (from < _base)
        {
            var run = _below.At(from);
            if (done && run is not null)
                return Math.Max(from, run.Value.From);
            if (!done && run?.From <= from)
                from = run.Value.To + 1;
            if (!done && from < _base)
                return from;
            from = _base;
        }

        while (from < End)
        {
            var offset = from - _base;
            var bits = (done ? Word(from) : ~Word(from)) >> (int)(offset & 63);
            if (bits != 0)
                return from + BitOperations.TrailingZeroCount(bits);
            from += 64 - (offset & 63);
        }

        return done ? long.MaxValue : from;
    }

    /// <summary>
    /// What is done from <paramref name="from"/> to <paramref name="through"/>: in order, not touching each other.
    /// </summary>
    internal List<PositionRange> Runs(long from, long through)
    {
        if (through < from)
            return [];
        var runs = _below.Within(from, through);
        if (from <= LowWaterMark)
            runs.Insert(0, new PositionRange(from, Math.Min(through, LowWaterMark)));
        from = Math.Max(from, Math.Max(_base, LowWaterMark + 1));
        while ((from = Next(from, done: true)) != long.MaxValue && from <= through)
        {
            var to = Math.Min(Next(from, done: false) - 1, through);
            if (runs is [.., var last] && last.To + 1 == from)
                runs[^1] = last with { To = to };
            else
                runs.Add(new PositionRange(from, to));
            from = to + 1;
        }

        return runs;
    }

    /// <summary>Marks <paramref name="position"/> as done; doing so twice changes nothing.</summary>
    public void Add(long position)
    {
        if (position <= LowWaterMark)
            return;
        var offset = position - _base;
        if (offset < 0)
        {
            _below.Add(position, position);
        }
        else
        {
            if (offset >> 6 >= _count)
            {
                Extend(position);
                offset = position - _base;
            }

            _words[Slot((int)(offset >> 6))] |= 1UL << (int)offset;
        }

        if (position == LowWaterMark + 1)
            Advance();
    }

    /// <summary>Marks every position from one to another as done, both included.</summary>
    public void AddRange(long from, long to)
    {
        from = Math.Max(from, LowWaterMark + 1);
        if (to < from)
            return;
        var isNext = from == LowWaterMark + 1;
        if (to >= End)
            Extend(to);
        if (from < _base)
        {
            _below.Add(from, Math.Min(to, _base - 1));
            from = _base;
        }

        while (from <= to)
        {
            var last = Math.Min(to, from + 63 - ((from - _base) & 63));
            Word(from) |= ulong.MaxValue >> (int)(63 - (last - from)) << (int)((from - _base) & 63);
            from = last + 1;
        }

        if (isNext)
            Advance();
    }

    /// <summary>The position behind the mark is done: the mark passes what is done from there on.</summary>
    private void Advance()
    {
        if (LowWaterMark + 1 < _base)
        {
            LowWaterMark = _below.First.To;
            _below.RemoveThrough(LowWaterMark);
            if (LowWaterMark + 1 < _base)
                return;
        }

        while (_count > 0)
        {
            var offset = (int)(LowWaterMark + 1 - _base);
            var done = BitOperations.TrailingZeroCount(~(_words[_first] >> offset));
            // Bits shifted in at the top read as not done, so a run never counts past its word.
            LowWaterMark += done;
            if (offset + done < 64)
                return;
            Leave();
        }
    }

    /// <summary>Makes the ring cover a position behind its end; what is too far below becomes runs.</summary>
    private void Extend(long position)
    {
        var needed = ((position - _base) >> 6) + 1;
        for (; needed > MaxWords && _count > 0; needed--)
        {
            KeepAsRuns(_words[_first]);
            Leave();
        }

        if (needed > MaxWords)
        {
            _base += 64 * (needed - MaxWords);
            needed = MaxWords;
        }

        if (needed > _words.Length)
            Grow((int)needed);
        _count = (int)needed;
    }

    private void KeepAsRuns(ulong word)
    {
        var from = _base;
        while (word != 0)
        {
            var undone = BitOperations.TrailingZeroCount(word);
            var done = BitOperations.TrailingZeroCount(~(word >> undone));
            from += undone + done;
            // What is below the mark is in its first word still.
            if (from - 1 > LowWaterMark)
                _below.Add(from - done, from - 1);
            // Shifting by 64 would shift by nothing.
            word = undone + done < 64 ? word >> (undone + done) : 0;
        }
    }

    private void Leave()
    {
        _words[_first] = 0;
        _first = Slot(1);
        _count--;
        _base += 64;
    }

    private void Grow(int needed)
    {
        var larger = new ulong[BitOperations.RoundUpToPowerOf2((uint)needed)];
        for (var i = 0; i < _count; i++)
            larger[i] = _words[Slot(i)];
        _words = larger;
        _first = 0;
    }

    private ulong Bit(long position) => 1UL << (int)((position - _base) & 63);

    private ref ulong Word(long position) => ref _words[Slot((int)((position - _base) >> 6))];

    private int Slot(int word) => (_first + word) & (_words.Length - 1);
}
