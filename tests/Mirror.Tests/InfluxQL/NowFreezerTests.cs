using InfluxMirror.InfluxQL;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

public sealed class NowFreezerTests
{
    private const long Now = 1_465_839_830_100_400_200;
    private const string T = "'2016-06-13T17:43:50.100400200Z'";

    [Theory]
    [InlineData("DELETE FROM m WHERE time < now() - 1h", "DELETE FROM m WHERE time < {T} - 1h")]
    [InlineData("delete from m where NOW()-1h>time", "delete from m where {T}-1h>time")]
    [InlineData("DELETE WHERE time < Now( \t) AND h = 'now()'", "DELETE WHERE time < {T} AND h = 'now()'")]
    [InlineData("DELETE WHERE time < \"now\"()", "DELETE WHERE time < {T}")]
    [InlineData("DELETE WHERE time < (now() - 1h) /* now() */", "DELETE WHERE time < ({T} - 1h) /* now() */")]
    [InlineData("DROP SERIES WHERE time < now()", "DROP SERIES WHERE time < {T}")]
    [InlineData("SELECT v INTO t FROM m WHERE time > now() - 1h", "SELECT v INTO t FROM m WHERE time > {T} - 1h")]
    [InlineData(
        "SELECT v INTO t FROM (SELECT v FROM m WHERE time > now() - 1h)",
        "SELECT v INTO t FROM (SELECT v FROM m WHERE time > {T} - 1h)")]
    public void Now_becomes_the_time_of_the_freeze(string query, string frozen) => AssertFrozen(query, frozen);

    [Theory]
    [InlineData(
        "SELECT mean(v) INTO t FROM m GROUP BY time(1h)",
        "SELECT mean(v) INTO t FROM m WHERE time <= {T} GROUP BY time(1h)")]
    [InlineData(
        "SELECT mean(v) INTO t FROM m, /re/ -- c\nGROUP BY \"TIME\"(1h) fill(0)",
        "SELECT mean(v) INTO t FROM m, /re/ WHERE time <= {T} -- c\nGROUP BY \"TIME\"(1h) fill(0)")]
    [InlineData(
        "SELECT mean(v) INTO t FROM m WHERE a = 1 OR h =~ /x/ GROUP BY host, time(1h)",
        "SELECT mean(v) INTO t FROM m WHERE (a = 1 OR h =~ /x/) AND time <= {T} GROUP BY host, time(1h)")]
    [InlineData(
        "SELECT mean(v) INTO t FROM m WHERE time > now() - 1d GROUP BY time(1h)",
        "SELECT mean(v) INTO t FROM m WHERE (time > {T} - 1d) AND time <= {T} GROUP BY time(1h)")]
    [InlineData(
        "SELECT mean(v) INTO t FROM m WHERE now() - 1d < time GROUP BY time(1h)",
        "SELECT mean(v) INTO t FROM m WHERE ({T} - 1d < time) AND time <= {T} GROUP BY time(1h)")]
    [InlineData(
        "SELECT mean(v) INTO t FROM m WHERE \"time.x\" < 5 AND a.time < 5 AND 1 + time < 5 GROUP BY time(1h)",
        "SELECT mean(v) INTO t FROM m WHERE (\"time.x\" < 5 AND a.time < 5 AND 1 + time < 5) AND time <= {T} "
            + "GROUP BY time(1h)")]
    [InlineData(
        "SELECT x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(1h))",
        "SELECT x INTO t FROM (SELECT mean(v) AS x FROM m WHERE time <= {T} GROUP BY time(1h))")]
    [InlineData(
        "SELECT max(x) INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(1m)) GROUP BY time(1h)",
        "SELECT max(x) INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(1m)) WHERE time <= {T} GROUP BY time(1h)")]
    [InlineData(
        "SELECT a + b INTO t FROM (SELECT sum(v) AS a FROM m GROUP BY time(1m)), "
            + "(SELECT sum(w) AS b FROM m WHERE time < 9 GROUP BY time(1m))",
        "SELECT a + b INTO t FROM (SELECT sum(v) AS a FROM m WHERE time <= {T} GROUP BY time(1m)), "
            + "(SELECT sum(w) AS b FROM m WHERE time < 9 GROUP BY time(1m))")]
    [InlineData(
        "SELECT x INTO t FROM (SELECT max(x) FROM (SELECT mean(v) AS x FROM m GROUP BY time(1m)) WHERE time < 9)",
        null)]
    [InlineData(
        "SELECT x INTO t FROM (SELECT x FROM (SELECT mean(v) AS x FROM m GROUP BY time(1m))) WHERE time < 9",
        null)]
    public void An_end_that_influxd_would_take_from_its_clock_is_written_out(string query, string? frozen) =>
        AssertFrozen(query, frozen ?? query);

    [Theory]
    [InlineData("time < 5")]
    [InlineData("time <= '2000-01-01'")]
    [InlineData("time = 5")]
    [InlineData("5 > time")]
    [InlineData("5 >= TIME AND h = 'a'")]
    [InlineData("h = 'a' AND (a = 1 OR (time > 1 AND \"time\" < 5))")]
    [InlineData("time::field < 5")]
    [InlineData("time < $end")]
    public void An_end_that_is_there_is_left_alone(string condition) =>
        AssertUnchanged($"SELECT mean(v) INTO t FROM m WHERE {condition} GROUP BY time(1h)");

    [Theory]
    [InlineData("SELECT v INTO t FROM m WHERE time < now() - 1h GROUP BY now", "now")]
    [InlineData("SELECT v FROM m WHERE time > now() - 1h", null)]
    [InlineData("SELECT mean(v) FROM m GROUP BY time(1h)", null)]
    [InlineData("EXPLAIN SELECT mean(v) INTO t FROM m WHERE time > now() GROUP BY time(1h)", null)]
    [InlineData("CREATE CONTINUOUS QUERY q ON d BEGIN SELECT mean(v) INTO t FROM m GROUP BY time(1h) END", null)]
    [InlineData("SHOW TAG VALUES WITH KEY = host WHERE time > now()", null)]
    [InlineData("DELETE WHERE h = 'now()' OR h =~ /now()/ OR \"now()\" = 1 -- now()", null)]
    [InlineData("DELETE WHERE now = 1 OR now (1) = 2 OR now(1) = 3", null)]
    [InlineData("DELETE WHERE time < now() AND h = 'open", null)]
    [InlineData("SELECT v INTO t FROM m", null)]
    [InlineData("SELECT mean(v) INTO t FROM m GROUP BY host", null)]
    public void What_does_not_depend_on_the_clock_stays(string query, string? rest)
    {
        if (rest is null)
        {
            AssertUnchanged(query);
        }
        else
        {
            Assert.EndsWith(rest, NowFreezer.Freeze(query, Now), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("1h", 2_630_100_400_200)]
    [InlineData("7m", 410_100_400_200)]
    [InlineData("1w", 63_830_100_400_200)]
    [InlineData("1h30m", 4_430_100_400_200)]
    public void A_group_offset_becomes_the_time_modulo_the_interval_since_the_year_one(string interval, long offset)
    {
        string query = $"SELECT mean(v) INTO t FROM m WHERE time < 5 GROUP BY time({interval}, now()), host";
        string expected = $"SELECT mean(v) INTO t FROM m WHERE time < 5 GROUP BY time({interval}, {offset}ns), host";
        Assert.Equal(expected, NowFreezer.Freeze(query, Now));
    }

    [Fact]
    public void A_group_offset_of_an_unknown_interval_is_left_to_influxd() =>
        Assert.Equal(
            $"SELECT mean(v) INTO t FROM m WHERE time < 5 GROUP BY time($i, {Now}ns)",
            NowFreezer.Freeze("SELECT mean(v) INTO t FROM m WHERE time < 5 GROUP BY time($i, now())", Now));

    [Theory]
    [InlineData(0, "'1970-01-01T00:00:00.000000000Z'")]
    [InlineData(-1, "'1969-12-31T23:59:59.999999999Z'")]
    [InlineData(-100, "'1969-12-31T23:59:59.999999900Z'")]
    [InlineData(999_999_999, "'1970-01-01T00:00:00.999999999Z'")]
    [InlineData(long.MaxValue, "'2262-04-11T23:47:16.854775807Z'")]
    [InlineData(long.MinValue, "'1677-09-21T00:12:43.145224192Z'")]
    public void The_literal_is_exact_to_the_nanosecond(long time, string literal) =>
        Assert.Equal($"DELETE WHERE time < {literal}", NowFreezer.Freeze("DELETE WHERE time < now()", time));

    private static void AssertFrozen(string query, string frozen)
    {
        string expected = frozen.Replace("{T}", T, StringComparison.Ordinal);
        Assert.Equal(expected, NowFreezer.Freeze(query, Now));
        Assert.Equal(expected != query, StatementClassifier.Analyze(query, "d").NeedsFreezing);
        Assert.Same(expected, NowFreezer.Freeze(expected, Now + 1));
    }

    private static void AssertUnchanged(string query)
    {
        Assert.Same(query, NowFreezer.Freeze(query, Now));
        Assert.False(StatementClassifier.Analyze(query, "d").NeedsFreezing);
    }
}
