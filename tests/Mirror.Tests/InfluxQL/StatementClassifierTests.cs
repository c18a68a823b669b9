using System.Diagnostics;
using InfluxMirror.InfluxQL;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

public sealed class StatementClassifierTests
{
    [Theory]
    [InlineData("SELECT v FROM m", "d")]
    [InlineData("SELECT v FROM x.autogen.m", "x")]
    [InlineData("SELECT v FROM x..m, y..m, m", "x y d")]
    [InlineData("SELECT v FROM \"x\".\"autogen\".\"m\"", "x")]
    [InlineData("SELECT v FROM autogen.m", "d")]
    [InlineData("SELECT v FROM x../re.*/", "x")]
    [InlineData("SELECT v FROM x.autogen./re.*/", "x")]
    [InlineData("SELECT v FROM autogen./re.*/", "d")]
    [InlineData("SELECT v FROM /x..y/", "d")]
    [InlineData("SELECT v FROM (SELECT v FROM x..m), (SELECT v FROM (SELECT v FROM y.r.m WHERE (a = 1)))", "x y")]
    [InlineData("SELECT v FROM (SELECT v FROM x..m WHERE (v + 1) > 2), y..m", "x y")]
    [InlineData("SELECT v FROM X..m, x..m, X..n", "X x")]
    [InlineData("SELECT v FROM \"a\\\"b\\\\\"..m", "a\"b\\")]
    [InlineData("SELECT v FROM \"a.b;c\"..m", "a.b;c")]
    [InlineData("SELECT v FROM m WHERE x..y = 1", "d")]
    [InlineData("SELECT v INTO y..t FROM x..m", "y x")]
    [InlineData("SELECT v INTO t FROM x..m", "d x")]
    [InlineData("SELECT v INTO y.autogen.:MEASUREMENT FROM /.*/", "y d")]
    [InlineData("SELECT v INTO y..:MEASUREMENT FROM x../.*/", "y x")]
    [InlineData("SELECT v INTO autogen.:MEASUREMENT FROM /.*/", "d")]
    [InlineData("EXPLAIN SELECT v FROM x..m", "x")]
    [InlineData("SHOW MEASUREMENTS", "d")]
    [InlineData("SHOW MEASUREMENTS ON x", "x")]
    [InlineData("SHOW SERIES ON x FROM m, y..n WHERE host = 'a'", "x y")]
    [InlineData("SHOW TAG VALUES FROM x..m WITH KEY = \"on\"", "d x")]
    [InlineData("SHOW SERIES EXACT CARDINALITY ON x", "x")]
    [InlineData("SHOW RETENTION POLICIES ON \"x y\"", "x y", "x y")]
    [InlineData("CREATE DATABASE x WITH DURATION 1d NAME y", "x")]
    [InlineData("DROP DATABASE \"x\"", "x")]
    [InlineData("CREATE RETENTION POLICY rp ON x DURATION 1d REPLICATION 1 DEFAULT", "x")]
    [InlineData("ALTER RETENTION POLICY \"on\" ON x DURATION 1d", "x")]
    [InlineData("DROP RETENTION POLICY rp ON x", "x")]
    [InlineData("CREATE CONTINUOUS QUERY q ON x BEGIN SELECT f(v) INTO y..t FROM z..m GROUP BY time(1h) END", "x y z")]
    [InlineData("DROP CONTINUOUS QUERY q ON x", "x")]
    [InlineData("CREATE SUBSCRIPTION s ON x.autogen DESTINATIONS ALL 'udp://h:1'", "x")]
    [InlineData("DROP SUBSCRIPTION s ON x.autogen", "x")]
    [InlineData("DELETE FROM m WHERE time < 5", "d")]
    [InlineData("DROP SERIES FROM /re/", "d")]
    [InlineData("DROP MEASUREMENT m", "d")]
    [InlineData("CREATE DATABASE x; SELECT v FROM y..m; DROP MEASUREMENT m", "x y d")]
    public void A_query_names_its_databases(string query, string databases, string? single = null)
    {
        QueryAnalysis analysis = StatementClassifier.Analyze(query, "d");
        string[] expected = single is null ? databases.Split(' ') : [single];
        Assert.Equal(expected, analysis.Databases);
        Assert.False(analysis.AllDatabases);
    }

    [Theory]
    [InlineData("CREATE USER u WITH PASSWORD 'p'")]
    [InlineData("DROP USER u")]
    [InlineData("SET PASSWORD FOR u = 'p'")]
    [InlineData("GRANT READ ON x TO u")]
    [InlineData("REVOKE ALL PRIVILEGES FROM u")]
    [InlineData("BOGUS")]
    [InlineData("DROP TABLE m")]
    [InlineData("CREATE INDEX i")]
    [InlineData("ALTER DATABASE x")]
    [InlineData("CREATE DATABASE $x")]
    [InlineData("SELECT v INTO $x.autogen.m FROM m")]
    [InlineData("SELECT v FROM 'unterminated")]
    [InlineData("SELECT v FROM m # comment")]
    [InlineData("SELECT v FROM \"a\\x\"")]
    [InlineData("SELECT v FROM m WHERE h =~ /a\nb/")]
    [InlineData("SELECT v FROM m /* open")]
    [InlineData("SELECT v FROM m\0")]
    [InlineData("SELECT v FROM m -- c\0DROP DATABASE x")]
    [InlineData("показать базы")]
    public void What_concerns_everything_or_is_unknown_mutates_all_databases(string query)
    {
        QueryAnalysis analysis = StatementClassifier.Analyze(query, "d");
        Assert.Equal(StatementKind.Mutation, analysis.Kind);
        Assert.True(analysis.AllDatabases);
        Assert.False(analysis.Destructive);
    }

    [Theory]
    [InlineData("SHOW DATABASES")]
    [InlineData("SHOW USERS")]
    [InlineData("SHOW GRANTS FOR u")]
    [InlineData("SHOW CONTINUOUS QUERIES")]
    [InlineData("SHOW SUBSCRIPTIONS")]
    [InlineData("SHOW TABLES")]
    public void Lists_over_all_databases_are_reads_of_all_of_them(string query)
    {
        QueryAnalysis analysis = StatementClassifier.Analyze(query, "d");
        Assert.Equal(StatementKind.Read, analysis.Kind);
        Assert.True(analysis.AllDatabases);
    }

    [Theory]
    [InlineData("SELECT v INTO t FROM m")]
    [InlineData("DELETE FROM m")]
    [InlineData("DROP MEASUREMENT m")]
    public void A_mutation_that_names_no_database_concerns_all(string query)
    {
        QueryAnalysis analysis = StatementClassifier.Analyze(query, "");
        Assert.Empty(analysis.Databases);
        Assert.True(analysis.AllDatabases);
    }

    [Theory]
    [InlineData("SHOW QUERIES", StatementKind.NodeLocal)]
    [InlineData("show shard groups", StatementKind.NodeLocal)]
    [InlineData("SHOW SHARDS; SHOW DATABASES", StatementKind.NodeLocal)]
    [InlineData("SHOW STATS FOR 'indexes'", StatementKind.NodeLocal)]
    [InlineData("KILL QUERY 1", StatementKind.PinRequired)]
    [InlineData("SHOW DATABASES; DROP SHARD 1", StatementKind.PinRequired)]
    [InlineData("SHOW SHARDS; CREATE DATABASE x", StatementKind.Mutation)]
    [InlineData("SELECT v+1.INTO t FROM m", StatementKind.Mutation)]
    [InlineData("SELECT v FROM m WHERE h =~ /a\\\\/; DROP DATABASE x/", StatementKind.Read)]
    [InlineData("SELECT v./2 FROM m WHERE h = 'x/ INTO y'", StatementKind.Read)]
    [InlineData("SELECT v./2 INTO t FROM m WHERE h = 'x/y'", StatementKind.Mutation)]
    [InlineData("SELECT v FROM x./a; INTO b/", StatementKind.Read)]
    [InlineData("SELECT /into/, v FROM m GROUP BY /into/, /;/", StatementKind.Read)]
    [InlineData("SELECT count(/into/) FROM m, /drop;/", StatementKind.Read)]
    [InlineData("SELECT v FROM m -- c\rDROP", StatementKind.Read)]
    [InlineData("-- c\rDROP DATABASE x", StatementKind.Mutation)]
    [InlineData("SELECT v FROM m WHERE h = $into", StatementKind.Read)]
    [InlineData("SELECT abc\"into\" FROM m", StatementKind.Read)]
    [InlineData("EXPLAIN ANALYZE SELECT v INTO t FROM m", StatementKind.Read)]
    [InlineData("", StatementKind.Read)]
    [InlineData(" ;; -- nothing", StatementKind.Read)]
    public void The_strongest_statement_decides(string query, StatementKind expected) =>
        Assert.Equal(expected, StatementClassifier.Analyze(query, "d").Kind);

    [Fact]
    public void A_pin_and_a_mutation_do_not_mix()
    {
        Assert.True(StatementClassifier.Analyze("KILL QUERY 1; DROP DATABASE x", null).MixesPinAndMutation);
        Assert.False(StatementClassifier.Analyze("KILL QUERY 1; SHOW DATABASES", null).MixesPinAndMutation);
        Assert.False(StatementClassifier.Analyze("DROP DATABASE x", null).MixesPinAndMutation);
    }

    [Theory]
    [InlineData("DELETE FROM m", true)]
    [InlineData("drop series from m", true)]
    [InlineData("DROP MEASUREMENT m", true)]
    [InlineData("DROP RETENTION POLICY r ON d", true)]
    [InlineData("SHOW DATABASES; DROP DATABASE d", true)]
    [InlineData("DROP CONTINUOUS QUERY q ON d", false)]
    [InlineData("DROP USER u", false)]
    [InlineData("CREATE DATABASE d", false)]
    [InlineData("SELECT v INTO t FROM m", false)]
    public void What_removes_points_is_destructive(string query, bool expected) =>
        Assert.Equal(expected, StatementClassifier.Analyze(query, "d").Destructive);

    [Fact]
    public void More_databases_than_the_limit_are_all_databases()
    {
        string sources = string.Join(", ", Enumerable.Range(0, 50_000).Select(i => $"db{i}..m"));
        QueryAnalysis analysis = StatementClassifier.Analyze($"SELECT v FROM {sources}", null);
        Assert.True(analysis.AllDatabases);
        Assert.Equal(DatabaseNames.MaxCount, analysis.Databases.Count);
    }

    [Theory]
    [InlineData("(", "")]
    [InlineData("SELECT v FROM (", "SELECT v FROM ")]
    [InlineData("SELECT mean(v) INTO t FROM (", "SELECT mean(v) FROM m GROUP BY time(1h)")]
    [InlineData("SELECT v FROM m WHERE ", "h =~ /a\\/b/ AND ")]
    [InlineData("SELECT v FROM m WHERE h = '", "\\'")]
    [InlineData("", "/* ; */ -- \n")]
    [InlineData("DELETE WHERE ", "time<now()")]
    [InlineData("", "SELECT v INTO x..y FROM (SELECT v FROM z..y);")]
    [InlineData("SELECT v FROM a", ".")]
    [InlineData("", "\"")]
    [InlineData("CREATE USER ", "PASSWORD '")]
    public void A_megabyte_of_anything_is_read_in_linear_time(string head, string repeated)
    {
        string unit = repeated.Length > 0 ? repeated : head;
        string query = head + string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        long start = Stopwatch.GetTimestamp();
        QueryAnalysis analysis = StatementClassifier.Analyze(query, "d");
        string frozen = NowFreezer.Freeze(query, 1);
        StatementMasker.Mask(query);
        Assert.Equal(analysis.NeedsFreezing, !ReferenceEquals(query, frozen));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
    }
}
