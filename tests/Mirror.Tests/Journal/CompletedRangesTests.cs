using CsCheck;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal;

public sealed class CompletedRangesTests
{
    [Fact]
    public void It_agrees_with_a_set_of_positions_whatever_the_order()
    {
        Gen.Select(Gen.Long[0, 1_000_000_000_000], Gen.Int[1, 700].Array[0, 400]).Sample((start, offsets) =>
        {
            CompletedRanges ranges = new(start);
            HashSet<long> done = [];
            long mark = start;
            foreach (int offset in offsets)
            {
                long position = start + offset;
                ranges.Add(position);
                done.Add(position);
                while (done.Contains(mark + 1))
                    mark++;
                Assert.Equal(mark, ranges.LowWaterMark);
                Assert.True(ranges.Contains(position));
            }

            for (long position = start - 2; position < start + 900; position++)
                Assert.Equal(position <= start || done.Contains(position), ranges.Contains(position));
        });
    }

    [Fact]
    public void The_mark_passes_everything_once_the_gaps_are_closed()
    {
        Gen.Select(Gen.Int[1, 1_000], Gen.Int).Sample((count, seed) =>
        {
            long[] positions = [.. Enumerable.Range(1, count).Select(static n => (long)n)];
            new Random(seed).Shuffle(positions);
            CompletedRanges ranges = new(0);

            foreach (long position in positions)
                ranges.Add(position);

            Assert.Equal(count, ranges.LowWaterMark);
            Assert.False(ranges.Contains(count + 1));
        });
    }

    [Fact]
    public void A_position_that_stands_still_does_not_hide_what_is_done_far_above_it()
    {
        CompletedRanges ranges = new(10);

        ranges.Add(100_000);

        Assert.Equal(10, ranges.LowWaterMark);
        Assert.True(ranges.Contains(100_000));
        Assert.False(ranges.Contains(99_999));
        Assert.False(ranges.Contains(100_001));
    }

    [Fact]
    public void The_next_position_that_is_done_or_not_is_what_looking_at_each_would_find()
    {
        Random random = new(7);
        for (int round = 0; round < 200; round++)
        {
            CompletedRanges ranges = new(random.Next(100));
            long low = ranges.LowWaterMark;
            for (int i = random.Next(300); i > 0; i--)
                ranges.Add(low + 2 + random.Next(400));
            for (long from = ranges.LowWaterMark + 1; from < low + 500; from++)
            {
                foreach (bool done in (bool[])[true, false])
                {
                    long expected = from;
                    while (expected < low + 2000 && ranges.Contains(expected) != done)
                        expected++;
                    Assert.Equal(expected == low + 2000 ? long.MaxValue : expected, ranges.Next(from, done));
                }
            }
        }
    }

    [Fact]
    public void What_is_done_between_two_positions_is_what_looking_at_each_would_find_and_so_it_is_saved()
    {
        Gen.Select(Gen.Int[0, 50], Gen.Int[1, 90].Array[0, 90], Gen.Int[0, 150], Gen.Int[-2, 150]).Sample(
            (start, offsets, from, length) =>
            {
                CompletedRanges ranges = new(start);
                foreach (int offset in offsets)
                    ranges.Add(start + offset);
                CursorState saved = CursorState.Of(ranges);
                long to = from + length;
                int undone = Enumerable.Range(from, Math.Max(0, length + 1)).Count(position => !ranges.Contains(position));

                Assert.Equal(undone, saved.Undone(from, to));
                Assert.Equal(undone, ranges.CountUndone(from, to));
                Assert.Equal(undone == 0, saved.IsDone(from, to));
                Assert.Equal(undone == 0, ranges.Contains(from, to));
                Assert.Equal(
                    Math.Max(0, length + 1) - undone, ranges.Runs(from, to).Sum(static run => run.To - run.From + 1));
            });
    }

    /// <summary>Cells of one to some 100,000s of positions, so that much leaves the newest ones.</summary>
    [Fact]
    public void Near_and_far_ranges_and_single_positions_agree_with_a_set()
    {
        int[] widths = [1, 1, 1, 63, 64, 65, 1_000, 200_001, 1_100_000];
        Gen<(int First, int Last)> ranges = Gen.Select(Gen.Int[0, 59], Gen.Int[0, 4]).Select(
            static (first, more) => (first, Math.Min(59, first + more)));
        Gen<int> width = Gen.Int[0, widths.Length - 1].Select(i => widths[i]);
        Gen.Select(Gen.Long[0, 1L << 50], width.Array[60], ranges.Array[0, 120]).Sample(
            (start, cells, added) =>
            {
                long[] firsts = [.. cells.Select((_, i) => start + 1 + cells.Take(i).Sum(static width => (long)width))];
                long LastOf(int cell) => firsts[cell] + cells[cell] - 1;
                CompletedRanges ranges = new(start);
                HashSet<int> done = [];
                foreach ((int first, int last) in added)
                {
                    if (firsts[first] == LastOf(last))
                        ranges.Add(firsts[first]);
                    else
                        ranges.AddRange(firsts[first], LastOf(last));
                    done.UnionWith(Enumerable.Range(first, last - first + 1));
                    int mark = Enumerable.Range(0, 61).First(cell => !done.Contains(cell));
                    Assert.Equal(mark == 0 ? start : LastOf(mark - 1), ranges.LowWaterMark);
                }

                AssertSame(ranges);
                AssertSame(CursorState.Of(ranges).ToRanges());

                void AssertSame(CompletedRanges ranges)
                {
                    for (int cell = 0; cell < 60; cell++)
                    {
                        Assert.Equal(done.Contains(cell), ranges.Contains(firsts[cell]));
                        Assert.Equal(done.Contains(cell), ranges.Contains(LastOf(cell)));
                        int end = Enumerable.Range(cell, 61).First(other => !done.Contains(other));
                        for (int to = cell; to < 60; to++)
                            Assert.Equal(to < end, ranges.Contains(firsts[cell], LastOf(to)));
                        if (firsts[cell] <= ranges.LowWaterMark)
                            continue;
                        Assert.Equal(
                            end == cell ? firsts[cell] : LastOf(end - 1) + 1, ranges.Next(firsts[cell], done: false));
                        int next = Enumerable.Range(cell, 60).FirstOrDefault(done.Contains, -1);
                        Assert.Equal(
                            next < 0 ? long.MaxValue : firsts[next], ranges.Next(firsts[cell], done: true));
                    }
                }
            });
    }

    [Fact]
    public void A_position_that_waits_for_a_day_costs_no_memory_for_all_that_is_done_meanwhile()
    {
        CompletedRanges ranges = new(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (long position = 1; position <= 40_000_000; position++)
        {
            if (position % 4_000_000 != 1)
                ranges.Add(position);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400_000);
        Assert.Equal(0, ranges.LowWaterMark);
        Assert.Equal(10, CursorState.Of(ranges).Completed.Count());
        bool isRight = true;
        before = GC.GetAllocatedBytesForCurrentThread();
        for (long position = 1; position <= 40_000_000; position += 4_000_000)
        {
            isRight &= !ranges.Contains(position);
            ranges.Add(position);
            isRight &= ranges.Contains(position);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((true, 40_000_000), (isRight, ranges.LowWaterMark));
        Assert.InRange(allocated, 0, 400_000);
    }

    [Fact]
    public void What_moves_on_in_great_disorder_allocates_less_than_a_byte_for_each_position()
    {
        CompletedRanges ranges = new(0);
        long[] order = [.. Enumerable.Range(1, 100_000).Select(static position => (long)position)];
        new Random(5).Shuffle(order);
        Complete(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 1; round < 30; round++)
            Complete(round);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_900_000);
        Assert.Equal(3_000_000, ranges.LowWaterMark);

        void Complete(int round)
        {
            foreach (long position in order)
                ranges.Add((round * 100_000) + position);
        }
    }

    [Fact]
    public void Runs_of_a_day_are_taken_back_as_runs()
    {
        CursorState saved = new(5, [new PositionRange(7, 864_000_000), new PositionRange(900_000_000, 1L << 40)]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CompletedRanges ranges = saved.ToRanges();

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400_000);
        Assert.Equal(saved.Completed, CursorState.Of(ranges).Completed);
        ranges.Add(6);
        ranges.AddRange(864_000_001, 899_999_999);
        Assert.Equal(1L << 40, ranges.LowWaterMark);
    }
}
