using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Journal;

/// <summary>
/// A set of positions as runs that do not touch each other. Costs memory by runs, however far they span, and little to
/// change anywhere: they are in blocks, and finding one is a search among the blocks and one within. Not safe for
/// threads.
/// </summary>
internal sealed class PositionRuns
{
    // 2 KiB a block: what a change moves, and what a single run may cost at worst.
    private const int BlockRuns = 128;

    private readonly List<Block> _blocks = [];

    /// <summary>How many runs there are.</summary>
    public int Count { get; private set; }

    /// <summary>Blocks that are in memory for them.</summary>
    public int Blocks => _blocks.Count;

    /// <summary>The lowest run; there is one.</summary>
    public PositionRange First => _blocks[0].Runs[0];

    /// <summary>The highest run; there is one.</summary>
    public PositionRange Last => _blocks[^1].Runs[_blocks[^1].Count - 1];

    /// <summary>Whether a position is among them.</summary>
    public bool Contains(long position) => At(position) is { } run && run.From <= position;

    /// <summary>Whether every position from one to another is among them; true when there is none between.</summary>
    public bool Contains(long from, long to) =>
        to < from || (At(from) is { } run && run.From <= from && to <= run.To);

    /// <summary>The first run that does not end before a position; null when there is none.</summary>
    public PositionRange? At(long position)
    {
        var place = FirstEndingFrom(position);
        return place.Block < _blocks.Count ? Run(place) : null;
    }

    /// <summary>What is among them from one position to another, as runs.</summary>
    public List<PositionRange> Within(long from, long to)
    {
        List<PositionRange> runs = [];
        var place = FirstEndingFrom(from);
        for (; place.Block < _blocks.Count && Run(place) is var run && run.From <= to; place = Behind(place))
            runs.Add(new PositionRange(Math.Max(from, run.From), Math.Min(to, run.To)));
        return runs;
    }

    /// <summary>Adds every position from one to another, both included.</summary>
    public void Add(long from, long to)
    {
        if (Count > 0 && Last.To < from - 1)
        {
            Insert((_blocks.Count - 1, _blocks[^1].Count), new PositionRange(from, to));
            return;
        }

        var place = FirstEndingFrom(from - 1);
        if (place.Block == _blocks.Count || Run(place).From > to + 1)
        {
            Insert(place, new PositionRange(from, to));
            return;
        }

        ref var run = ref Run(place);
        run = new PositionRange(Math.Min(from, run.From), Math.Max(to, run.To));
        // Behind it may be others that it touches now, up to one that it does not.
        while (Behind(place) is { Block: var block } next && block < _blocks.Count && Run(next).From <= run.To + 1)
        {
            run = run with { To = Math.Max(run.To, Run(next).To) };
            Remove(next);
        }

        Join(place.Block);
    }

    /// <summary>Forgets every position up to one.</summary>
    public void RemoveThrough(long position)
    {
        while (Count > 0 && First.To <= position)
            Remove((0, 0));
        if (Count > 0 && First.From <= position)
            Run((0, 0)) = First with { From = position + 1 };
    }

    private ref PositionRange Run((int Block, int Slot) place) => ref _blocks[place.Block].Runs[place.Slot];

    private (int Block, int Slot) Behind((int Block, int Slot) place) =>
        place.Slot + 1 < _blocks[place.Block].Count ? (place.Block, place.Slot + 1) : (place.Block + 1, 0);

    /// <summary>Where the first run is that does not end before a position; behind the last block when none is.
    /// </summary>
    private (int Block, int Slot) FirstEndingFrom(long position)
    {
        var (low, high) = (0, _blocks.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_blocks[middle].Runs[_blocks[middle].Count - 1].To < position)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == _blocks.Count)
            return (low, 0);
        var (block, first, end) = (_blocks[low], 0, _blocks[low].Count);
        while (first < end)
        {
            var middle = (first + end) / 2;
            if (block.Runs[middle].To < position)
                first = middle + 1;
            else
                end = middle;
        }

        return (low, first);
    }

    private void Insert((int Block, int Slot) place, PositionRange run)
    {
        Count++;
        var (at, slot) = place;
        if (at == _blocks.Count)
            _blocks.Add(new Block());
        var block = _blocks[at];
        if (block.Count == BlockRuns)
        {
            // What is appended at the very end leaves full blocks behind it.
            var isAppended = slot == BlockRuns && at == _blocks.Count - 1;
            var kept = isAppended ? BlockRuns : BlockRuns / 2;
            var upper = new Block { Count = BlockRuns - kept };
            Array.Copy(block.Runs, kept, upper.Runs, 0, upper.Count);
            block.Count = kept;
            _blocks.Insert(at + 1, upper);
            if (slot > kept || isAppended)
                (block, slot) = (upper, slot - kept);
        }

        Array.Copy(block.Runs, slot, block.Runs, slot + 1, block.Count - slot);
        block.Runs[slot] = run;
        block.Count++;
    }

    private void Remove((int Block, int Slot) place)
    {
        Count--;
        var block = _blocks[place.Block];
        block.Count--;
        Array.Copy(block.Runs, place.Slot + 1, block.Runs, place.Slot, block.Count - place.Slot);
        if (block.Count == 0)
            _blocks.RemoveAt(place.Block);
    }

    /// <summary>Two blocks that have become half empty are one.</summary>
    private void Join(int at)
    {
        for (var upper = Math.Min(at + 1, _blocks.Count - 1); upper > 0 && upper >= at; upper--)
        {
            var (left, right) = (_blocks[upper - 1], _blocks[upper]);
            if (left.Count + right.Count > BlockRuns / 2)
                continue;
            Array.Copy(right.Runs, 0, left.Runs, left.Count, right.Count);
            left.Count += right.Count;
            _blocks.RemoveAt(upper);
        }
    }

    private sealed class Block
    {
        public PositionRange[] Runs { get; } = new PositionRange[BlockRuns];

        public int Count { get; set; }
    }
}
