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
                CursorState saved = CursorState.Of(ranges, start + 200);
                long to = from + length;
                int undone = Enumerable.Range(from, Math.Max(0, length + 1)).Count(position => !ranges.Contains(position));

                Assert.Equal(undone, saved.Undone(from, to));
                Assert.Equal(undone == 0, saved.IsDone(from, to));
                Assert.Equal(undone == 0, ranges.Contains(from, to));
            });
    }
}
