using System.Numerics;

namespace InfluxMirror.Journal;

/// <summary>
/// Which positions a reader is done with: everything up to a low-water mark, and single positions above it, since
/// lanes overtake each other. One bit a position above the mark, so that a lane that stands still for long costs
/// little.
/// </summary>
public sealed class CompletedRanges
{
    // A ring of words; the first covers the 64 positions from _base on, and _base - 1 is never above the mark.
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

    /// <summary>Whether <paramref name="position"/> is done.</summary>
    public bool Contains(long position)
    {
        if (position <= LowWaterMark)
            return true;
        var word = (position - _base) >> 6;
        return word < _count && (_words[Slot((int)word)] & Bit(position)) != 0;
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
        var end = _base + (64L * _count);
        while (from < end)
        {
            var offset = from - _base;
            var bits = _words[Slot((int)(offset >> 6))];
            bits = (done ? bits : ~bits) >> (int)(offset & 63);
            if (bits != 0)
                return from + BitOperations.TrailingZeroCount(bits);
            from += 64 - (offset & 63);
        }

        return done ? long.MaxValue : from;
    }

    /// <summary>Marks <paramref name="position"/> as done; doing so twice changes nothing.</summary>
    public void Add(long position)
    {
        if (position <= LowWaterMark)
            return;
        var word = (position - _base) >> 6;
        while (word >= _count)
            Append();
        _words[Slot((int)word)] |= Bit(position);
        if (position == LowWaterMark + 1)
            Advance();
    }

    private void Advance()
    {
        while (_count > 0)
        {
            var offset = (int)(LowWaterMark + 1 - _base);
            var done = BitOperations.TrailingZeroCount(~(_words[_first] >> offset));
            // Bits shifted in at the top read as not done, so a run never counts past its word.
            LowWaterMark += done;
            if (offset + done < 64)
                return;
            _words[_first] = 0;
            _first = Slot(1);
            _count--;
            _base += 64;
        }
    }

    private void Append()
    {
        if (_count == _words.Length)
        {
            var larger = new ulong[_words.Length * 2];
            for (var i = 0; i < _count; i++)
                larger[i] = _words[Slot(i)];
            _words = larger;
            _first = 0;
        }

        _count++;
    }

    private ulong Bit(long position) => 1UL << (int)((position - _base) & 63);

    private int Slot(int word) => (_first + word) & (_words.Length - 1);
}
