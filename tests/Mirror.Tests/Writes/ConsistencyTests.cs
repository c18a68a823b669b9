using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Writes;

public sealed class ConsistencyTests
{
    [Theory]
    [InlineData(ConsistencyLevel.Any, 1, 1, 1, 1)]
    [InlineData(ConsistencyLevel.One, 1, 1, 1, 1)]
    [InlineData(ConsistencyLevel.Quorum, 1, 2, 2, 3)]
    [InlineData(ConsistencyLevel.All, 1, 2, 3, 4)]
    public void Confirmations_asked_of_one_to_four_destinations(
        ConsistencyLevel level, int ofOne, int ofTwo, int ofThree, int ofFour) =>
        Assert.Equal(
            [ofOne, ofTwo, ofThree, ofFour],
            Enumerable.Range(1, 4).Select(count => Consistency.Required(level, count)));

    [Theory]
    // A letter is a destination: c confirmed, r rejected, p parked, u cannot be asked, o may answer any moment.
    [InlineData(ConsistencyLevel.Any, "oo", Ruling.Wait, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Any, "co", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Any, "uo", Ruling.Wait, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Any, "uu", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Any, "ro", Ruling.Wait, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Any, "rc", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Any, "ru", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Any, "rr", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Any, "po", Ruling.Wait, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Any, "pu", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Any, "pp", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Any, "pc", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.One, "oo", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.One, "uu", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.One, "uc", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.One, "pp", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.One, "ru", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Quorum, "cco", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.Quorum, "coo", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.Quorum, "cuu", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.Quorum, "cpu", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.Quorum, "cru", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.Quorum, "crr", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Quorum, "ccr", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.All, "ccc", Ruling.Accept, Ruling.Accept)]
    [InlineData(ConsistencyLevel.All, "cco", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.All, "ccu", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.All, "ccp", Ruling.Wait, Ruling.Keep)]
    [InlineData(ConsistencyLevel.All, "ccr", Ruling.Refuse, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.All, "ru", Ruling.Refuse, Ruling.Refuse)]
    // Enough have refused, but whose words are passed on is open as long as somebody may answer.
    [InlineData(ConsistencyLevel.All, "ro", Ruling.Wait, Ruling.Refuse)]
    [InlineData(ConsistencyLevel.Quorum, "rro", Ruling.Wait, Ruling.Refuse)]
    public void A_write_is_ruled_on(ConsistencyLevel level, string said, Ruling now, Ruling whenTimeIsUp)
    {
        Assert.Equal(now, Consistency.Decide(level, Count(said), timeIsUp: false));
        Assert.Equal(whenTimeIsUp, Consistency.Decide(level, Count(said), timeIsUp: true));
    }

    [Theory]
    [InlineData("oo", Ruling.Wait, Ruling.Keep)]
    [InlineData("co", Ruling.Accept, Ruling.Accept)]
    [InlineData("ro", Ruling.Refuse, Ruling.Refuse)]
    [InlineData("rc", Ruling.Accept, Ruling.Accept)]
    [InlineData("uu", Ruling.Wait, Ruling.Keep)]
    [InlineData("pp", Ruling.Refuse, Ruling.Refuse)]
    [InlineData("pu", Ruling.Refuse, Ruling.Refuse)]
    [InlineData("po", Ruling.Wait, Ruling.Keep)]
    public void A_statement_is_ruled_on(string said, Ruling now, Ruling whenTimeIsUp)
    {
        Assert.Equal(now, Consistency.DecideStatement(Count(said), timeIsUp: false));
        Assert.Equal(whenTimeIsUp, Consistency.DecideStatement(Count(said), timeIsUp: true));
    }

    [Theory]
    [InlineData("any", ConsistencyLevel.Any)]
    [InlineData("one", ConsistencyLevel.One)]
    [InlineData("quorum", ConsistencyLevel.Quorum)]
    [InlineData("ALL", ConsistencyLevel.All)]
    [InlineData("Quorum", ConsistencyLevel.Quorum)]
    public void A_level_is_read_as_influxd_reads_it(string text, ConsistencyLevel level)
    {
        Assert.True(Consistency.TryParse(text, out ConsistencyLevel parsed));
        Assert.Equal(level, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two")]
    [InlineData("1")]
    [InlineData(" any")]
    public void An_unknown_level_is_none(string text) => Assert.False(Consistency.TryParse(text, out _));

    private static Votes Count(string said) => new(
        said.Length, said.Count(static one => one == 'c'), said.Count(static one => one == 'r'),
        said.Count(static one => one == 'p'), said.Count(static one => one == 'o'));
}
