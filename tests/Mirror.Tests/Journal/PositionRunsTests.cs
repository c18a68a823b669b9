using System.Buffers;
using CsCheck;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal;

public sealed class PositionRunsTests
{
    /// <summary>Around the bounds of blocks, and from few runs to more than are kept as runs.</summary>
    [Fact]
    public void They_agree_with_a_set_of_positions_whatever_is_added_and_removed()
    {
        Gen<int> place = Gen.Frequency(
            (3, Gen.Int[0, 6_000]), (2, Gen.Int[65_500, 65_600]), (1, Gen.Int[131_000, 131_200]));
        Gen<int> length = Gen.Frequency(
            (30, Gen.Int[1, 3]), (3, Gen.Int[1, 2_000]), (1, Gen.Int[60_000, 70_000]), (1, Gen.Const(131_072)));
        Gen<bool> isAdded = Gen.Frequency((4, Gen.Const(true)), (1, Gen.Const(false)));
        Gen<(bool IsAdded, int From, int Length)[]> changes = Gen.Frequency(
            (3, Gen.Select(isAdded, place, length).Array[0, 60]),
            (1, Gen.Select(Gen.Const(true), Gen.Int[0, 20_000], Gen.Const(1)).Array[4_000, 6_000]));
        Gen.Select(changes, Gen.Select(isAdded, place, length).Array[0, 10], Gen.Int[-5_000, 70_000]).Sample(
            (first, more, through) =>
            {
                PositionRuns runs = [];
                bool[] expected = new bool[400_000];
                foreach ((bool added, int from, int count) in first.Concat(more))
                {
                    if (added)
                        runs.Add(from, from + count - 1);
                    else if (count == 1)
                        Assert.Equal(expected[from], runs.Remove(from));
                    else
                        runs.Remove(from, from + count - 1);
                    expected.AsSpan(from, count).Fill(added);
                }

                Assert.True(runs.Clone().IsLike(runs));
                runs.RemoveThrough(through);
                expected.AsSpan(0, Math.Max(0, through + 1)).Clear();
                List<PositionRange> all = RunsOf(expected);
                AssertSame(all, runs);
                AssertSame(all, ReadBack(runs));
                for (long from = -3; from < 70_000; from += 97)
                {
                    long to = from + 150;
                    List<PositionRange> within = [.. all.Where(run => run.To >= from && run.From <= to)
                        .Select(run => new PositionRange(Math.Max(from, run.From), Math.Min(to, run.To)))];
                    Assert.Equal(within, runs.Within(from, to));
                    Assert.Equal(within.Sum(static run => run.To - run.From + 1), runs.CountOf(from, to));
                    bool isIn = all.Exists(run => run.From <= from && from <= run.To);
                    Assert.Equal(isIn, runs.Contains(from));
                    Assert.Equal(within is [var one] && one == new PositionRange(from, to), runs.Contains(from, to));
                    Assert.Equal(
                        all.Where(run => run.To >= from).Select(run => Math.Max(from, run.From))
                            .FirstOrDefault(long.MaxValue),
                        runs.Next(from));
                    Assert.Equal(isIn ? all.Find(run => run.To >= from).To + 1 : from, runs.NextGap(from));
                }

                List<PositionRange> lowest = [.. runs.Lowest(50, 66_000)];
                Assert.Equal(
                    all.SelectMany(static run => Range(run)).Where(static position => position <= 66_000).Take(50),
                    lowest.SelectMany(static run => Range(run)));
            },
            iter: 300);
    }

    [Fact]
    public void What_is_in_two_of_them_is_what_looking_at_each_would_find()
    {
        Gen<(int From, int Length)[]> ranges = Gen.Select(
            Gen.Frequency((3, Gen.Int[0, 300]), (1, Gen.Int[65_500, 65_600])),
            Gen.Frequency((9, Gen.Int[1, 20]), (1, Gen.Int[60_000, 70_000]))).Array[0, 30];
        Gen.Select(ranges, ranges, Gen.Int[0, 140_000]).Sample(
            (left, right, through) =>
            {
                PositionRuns first = [.. left.Select(static one => new PositionRange(one.From, one.From + one.Length))];
                PositionRuns second = [.. right.Select(static one => new PositionRange(one.From, one.From + one.Length))];
                bool[] expected = new bool[150_000];
                for (int position = 0; position <= through; position++)
                    expected[position] = first.Contains(position) && second.Contains(position);
                Assert.Equal(RunsOf(expected), first.Shared(second, through));
                Assert.Equal(RunsOf(expected), second.Shared(first, through));
            },
            iter: 100);
    }

    [Theory]
    [InlineData(1, 1_000_000, 130_000)]
    [InlineData(2, 1_000_000, 300_000)]
    [InlineData(100, 10_000, 90_000)]
    [InlineData(100_000, 1_000, 200_000)]
    public void They_take_a_bit_for_a_position_or_four_bytes_for_a_run_or_a_block(int every, int count, int bytes)
    {
        PositionRuns runs = [];
        for (long i = 0; i < count; i++)
            runs.Add(7 + (i * every), 7 + (i * every));

        Assert.InRange(MemoryOf(runs), 1, bytes);
        var written = new ArrayBufferWriter<byte>();
        PositionFormat.Write(written, runs);
        Assert.InRange(written.WrittenCount, 1, bytes);
        Assert.Equal(count, runs.CountOf(0, long.MaxValue));
    }

    [Fact]
    public void Many_that_were_filled_up_take_the_memory_of_what_is_left()
    {
        PositionRuns runs = [];
        for (long position = 0; position < 2_000_000; position += 2)
            runs.Add(position, position);
        long[] odd = [.. Enumerable.Range(0, 999_999).Select(static i => (2L * i) + 1)];
        new Random(3).Shuffle(odd);
        // What is left is one in a thousand.
        foreach (long position in odd.Where(static position => position % 1000 != 1))
            runs.Add(position, position);

        Assert.Equal(2001, runs.Count());
        Assert.InRange(MemoryOf(runs), 1, 60_000);
    }

    [Fact]
    public void What_is_no_set_is_not_read_as_one()
    {
        PositionRuns runs = [new PositionRange(3, 5), new PositionRange(9, 9), new PositionRange(200_000, 400_000)];
        var written = new ArrayBufferWriter<byte>();
        PositionFormat.Write(written, runs);
        byte[] bytes = written.WrittenSpan.ToArray();

        for (int length = 1; length < bytes.Length; length++)
        {
            if (length is not (28 or 48))
                Assert.False(PositionFormat.TryRead(bytes.AsSpan(0, length), out _), $"{length} bytes");
        }

        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            byte[] changed = [.. bytes];
            changed[at] = value;
            // Whatever it says, it says it without a fault, and within a bound.
            _ = PositionFormat.TryRead(changed, out _);
        });
    }

    /// <summary>What objects, and arrays of twice what is in them, take.</summary>
    private static long MemoryOf(PositionRuns runs) =>
        runs.Pieces.Sum(static piece => 30 + (piece.Block is { } block
            ? 100 + (8L * block.Runs.Length) + (8L * block.Bits.Length)
            : 0));

    private static PositionRuns ReadBack(PositionRuns runs)
    {
        var written = new ArrayBufferWriter<byte>();
        PositionFormat.Write(written, runs);
        Assert.True(PositionFormat.TryRead(written.WrittenSpan, out PositionRuns read));
        return read;
    }

    private static void AssertSame(List<PositionRange> expected, PositionRuns runs)
    {
        Assert.Equal(expected, runs);
        Assert.Equal(expected.Count == 0, runs.IsEmpty);
        if (expected.Count > 0)
            Assert.Equal((expected[0].From, expected[^1].To), (runs.Min, runs.Max));
    }

    private static IEnumerable<long> Range(PositionRange run) =>
        Enumerable.Range(0, (int)(run.To - run.From + 1)).Select(i => run.From + i);

    private static List<PositionRange> RunsOf(bool[] positions)
    {
        List<PositionRange> runs = [];
        for (int position = 0; position < positions.Length; position++)
        {
            if (!positions[position])
                continue;
            if (runs is [.., var last] && last.To + 1 == position)
                runs[^1] = last with { To = position };
            else
                runs.Add(new PositionRange(position, position));
        }

        return runs;
    }
}
