using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Log = InfluxMirror.Journal.Journal;

namespace InfluxMirror.Tests.Delivery;

public sealed class AnsweredPositionsTests
{
    private readonly Log _journal = new(1L << 40, new FakeTimeProvider());
    private readonly AnsweredPositions _answered = new();

    [Fact]
    public void A_write_counts_for_its_own_database()
    {
        Note(Records.Write("x", "m v=1"));

        Assert.Equal((1, 0, 0), (_answered.Of("x"), _answered.Of("y"), _answered.Statement));
    }

    [Fact]
    public void A_position_never_goes_back()
    {
        MirroredRecord first = Append(Records.Write("x", "m v=1"));
        MirroredRecord second = Append(Records.Write("x", "m v=2"));

        _answered.Note(second);
        _answered.Note(first);

        Assert.Equal(2, _answered.Of("x"));
    }

    [Fact]
    public void A_statement_counts_for_the_databases_it_names_or_for_all()
    {
        Note(Records.Statement("DELETE FROM m", ["x", "y"]));
        Assert.Equal((1, 1, 0, 1), (_answered.Of("x"), _answered.Of("y"), _answered.Of("z"), _answered.Statement));

        Note(Records.Statement("CREATE USER u", []));
        Assert.Equal((2, 2, 2), (_answered.Of("x"), _answered.Of("z"), _answered.Statement));
    }

    [Fact]
    public void Past_ten_thousand_databases_one_position_stands_for_the_others()
    {
        for (int i = 0; i < 10_000; i++)
            Note(Records.Write($"d{i}", "m v=1"));
        Assert.Equal(0, _answered.Of("other"));

        Note(Records.Write("one more", "m v=1"));

        Assert.Equal(10_001, _answered.Of("one more"));
        Assert.Equal(10_001, _answered.Of("other"));
    }

    private void Note(MirroredRecord record) => _answered.Note(Append(record));

    private MirroredRecord Append(MirroredRecord record)
    {
        Assert.Equal(AppendOutcome.Appended, _journal.TryAppend(record));
        return record;
    }
}
