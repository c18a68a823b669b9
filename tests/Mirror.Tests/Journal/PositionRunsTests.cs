using CsCheck;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal;

public sealed class PositionRunsTests
{
    [Fact]
    public void They_agree_with_a_set_of_positions_in_many_blocks_too()
    {
        Gen<(int From, int Length)> added = Gen.Select(
            Gen.Int[0, 5_000], Gen.Frequency((20, Gen.Int[1, 3]), (1, Gen.Int[1, 2_000])));
        Gen.Select(added.Array[0, 1_500], Gen.Int[-5_000, 5_000]).Sample((ranges, through) =>
        {
            PositionRuns runs = new();
            HashSet<long> expected = [];
            foreach ((int from, int length) in ranges)
            {
                runs.Add(from, from + length - 1);
                for (long position = from; position < from + length; position++)
                    expected.Add(position);
            }

            runs.RemoveThrough(through);
            expected.RemoveWhere(position => position <= through);
            List<PositionRange> all = RunsOf(expected);
            Assert.Equal(all, runs.Within(-10, 10_000));
            Assert.Equal(all.Count, runs.Count);
            if (all.Count > 0)
                Assert.Equal((all[0], all[^1]), (runs.First, runs.Last));
            for (long from = -3; from < 5_000; from += 7)
            {
                Assert.Equal(expected.Contains(from), runs.Contains(from));
                Assert.Equal(
                    RunsOf(expected.Where(position => position >= from && position <= from + 9)),
                    runs.Within(from, from + 9));
                Assert.Equal(
                    Enumerable.Range((int)from, 3).All(position => expected.Contains(position)),
                    runs.Contains(from, from + 2));
                Assert.Equal(all.Exists(run => run.To >= from) ? all.Find(run => run.To >= from) : null, runs.At(from));
            }
        });
    }

    [Fact]
    public void Many_of_them_take_the_memory_of_what_is_left()
    {
        PositionRuns runs = new();
        for (long position = 0; position < 2_000_000; position += 2)
            runs.Add(position, position);
        long[] odd = [.. Enumerable.Range(0, 999_999).Select(static i => (2L * i) + 1)];
        new Random(3).Shuffle(odd);
        // What is left is one in a thousand.
        foreach (long position in odd.Where(static position => position % 1000 != 1))
            runs.Add(position, position);

        Assert.Equal(2001, runs.Count);
        Assert.InRange(runs.Blocks, 1, 63);
    }

    private static List<PositionRange> RunsOf(IEnumerable<long> positions)
    {
        List<PositionRange> runs = [];
        foreach (long position in positions.Order())
        {
            if (runs is [.., var last] && last.To + 1 == position)
                runs[^1] = last with { To = position };
            else
                runs.Add(new PositionRange(position, position));
        }

        return runs;
    }
}
