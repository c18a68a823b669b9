using System.Globalization;
using CsCheck;
using InfluxMirror.InfluxQL;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

/// <summary>A real influxd 1.6.7 does with a frozen statement what it does with the statement itself.</summary>
public sealed class RealServerTests(InfluxServer server) : IClassFixture<InfluxServer>
{
    private const long Minute = 60_000_000_000;
    private const long Hour = 60 * Minute;
    private const string RandomSeed = "0000KmQzT7_1";

    [Theory]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(30m) fill(none)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(15m) fill(0)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(15m) fill(previous)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(15m), h fill(linear)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(20m)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m WHERE v > 2 OR v < -2 GROUP BY time(30m) fill(0)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m WHERE time > now() - 90m GROUP BY time(15m) fill(0)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m WHERE time < now() + 1h GROUP BY time(15m) fill(0)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m WHERE now() - 1h >= time GROUP BY time(15m) fill(none)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m WHERE (time) < 5 GROUP BY time(30m)")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m WHERE true GROUP BY time(30m) tz('Europe/Berlin')")]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(30m) ORDER BY time DESC LIMIT 2")]
    [InlineData("SELECT derivative(max(v), 1m) AS x INTO t FROM m WHERE h = 'a' GROUP BY \"TIME\"(30m), h")]
    [InlineData("SELECT v INTO t FROM m")]
    [InlineData("SELECT v INTO t FROM m WHERE time < now()")]
    [InlineData("SELECT v INTO t FROM m WHERE time >= now( ) - 1h AND time < 1h + NOW()")]
    [InlineData("SELECT v INTO t FROM m WHERE time < ((\"now\"() - 1h) + 30m) - 5")]
    [InlineData("SELECT v INTO t FROM m WHERE time > now() - now() AND time < -1h + now()")]
    [InlineData("SELECT v INTO t FROM m WHERE v < now()")]
    [InlineData("SELECT max(x) AS x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(30m))")]
    [InlineData("SELECT x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(30m) fill(previous))")]
    [InlineData("SELECT x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(30m)) WHERE time < now() + 1h")]
    [InlineData("SELECT x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(30m)) WHERE time > now() - 1h")]
    [InlineData("SELECT x INTO t FROM (SELECT x FROM (SELECT mean(v) AS x FROM m GROUP BY time(30m)))")]
    [InlineData("SELECT x INTO t FROM (SELECT max(x) AS x FROM (SELECT v AS x FROM m) GROUP BY time(1h))")]
    [InlineData("SELECT max(x) AS x INTO t FROM (SELECT v AS x FROM m) GROUP BY time(30m) fill(previous)")]
    [InlineData(
        "SELECT max(x) AS x INTO t FROM (SELECT v AS x FROM m WHERE time < now() + 1h) GROUP BY time(30m)")]
    [InlineData(
        "SELECT max(x) AS x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(5m)) WHERE time < now() + 1h "
            + "GROUP BY time(30m)")]
    [InlineData("SELECT x INTO t FROM (SELECT v AS x FROM m), (SELECT mean(v) AS x FROM m GROUP BY time(30m))")]
    [InlineData("DELETE FROM m WHERE time < now()")]
    [InlineData("DELETE FROM m WHERE time > now()")]
    [InlineData("DELETE WHERE h = 'a' AND now() - 1h > time")]
    [InlineData("DELETE FROM /m/ WHERE time < (1h + now()) - 5")]
    [InlineData("DELETE FROM m WHERE time > now() - 1h AND time < now() + 1h")]
    [InlineData("DELETE FROM m")]
    [InlineData("DROP SERIES FROM m WHERE time < now()")]
    [InlineData("SELECT now() AS x INTO t FROM m WHERE time < now()")]
    public async Task A_frozen_statement_stores_what_the_statement_stores(string statement)
    {
        server.Require();
        long quarter;
        string plain;
        string frozen;
        do
        {
            // A quarter of an hour that begins between the two runs would make another bucket.
            long now = InfluxServer.Now();
            quarter = now / (15 * Minute);
            plain = await RunAsync("plain", statement, now);
            frozen = await RunAsync("frozen", NowFreezer.Freeze(statement, InfluxServer.Now()), now);
        }
        while (InfluxServer.Now() / (15 * Minute) != quarter);

        Assert.Equal(plain, frozen);
    }

    [Theory]
    [InlineData("1h")]
    [InlineData("7m")]
    [InlineData("1w")]
    [InlineData("90m")]
    public async Task A_frozen_group_offset_makes_the_same_buckets(string interval)
    {
        server.Require();
        long now = InfluxServer.Now();
        string end = InfluxServer.Text(now + (5 * Hour));
        string statement =
            $"SELECT count(v) INTO t FROM m WHERE time < {end} GROUP BY time({interval}, now()) fill(none)";
        string plain = await RunAsync("plain", statement, now);
        IReadOnlyList<string> buckets = await server.FirstColumnAsync("SELECT * FROM t", "plain");

        // influxd counts the offset from the year 1 and the buckets from 1970: this is a time of the same offset.
        long bucket = long.Parse(buckets[^1], CultureInfo.InvariantCulture);
        Int128 epoch = (Int128)DateTime.UnixEpoch.Ticks * 100 % DurationLiteral.Parse(interval);
        Assert.Equal(plain, await RunAsync("frozen", NowFreezer.Freeze(statement, bucket - (long)epoch), now));
    }

    [Theory]
    [InlineData("SELECT mean(v) AS x INTO t FROM m GROUP BY time(1m) fill(none)", 4)]
    [InlineData("SELECT x INTO t FROM (SELECT mean(v) AS x FROM m GROUP BY time(1m) fill(none))", 4)]
    [InlineData("SELECT v INTO t FROM m WHERE time < now() AND h = 'a'", 4)]
    public async Task A_statement_frozen_earlier_does_what_it_would_have_done_then(string statement, int expected)
    {
        server.Require();
        long now = InfluxServer.Now();
        await RunAsync("frozen", NowFreezer.Freeze(statement, now - (10 * Minute)), now);
        int written = (await server.FirstColumnAsync("SELECT * FROM t", "frozen")).Count;
        Assert.Equal(expected + 1, written);
        await RunAsync("frozen", NowFreezer.Freeze(statement, now - (40 * Minute)), now);
        Assert.Equal(expected, (await server.FirstColumnAsync("SELECT * FROM t", "frozen")).Count);
    }

    [Theory]
    [InlineData("SELECT v+1.INTO t FROM m", true)]
    [InlineData("SELECT v./2 INTO t FROM m WHERE h != 'x/y'", true)]
    [InlineData("-- c\rSELECT v INTO t FROM m", true)]
    [InlineData("SELECT v INTO $t FROM m", false)]
    [InlineData("SELECT v FROM m WHERE h =~ /a\\\\/; SELECT v INTO t FROM m/", false)]
    [InlineData("SELECT v FROM (SELECT v INTO t FROM m)", false)]
    [InlineData("EXPLAIN ANALYZE SELECT v INTO t FROM m", false)]
    [InlineData("SELECT v FROM m;\0SELECT v INTO t FROM m", true)]
    [InlineData("-- c\0SELECT v INTO t FROM m", true)]
    public async Task A_query_that_changes_the_server_is_a_mutation(string query, bool changes)
    {
        server.Require();
        await RunAsync("plain", query, InfluxServer.Now());
        IReadOnlyList<string> measurements = await server.FirstColumnAsync("SHOW MEASUREMENTS", "plain");
        Assert.Equal(changes, measurements.Contains("t"));
        if (changes)
        {
            Assert.Equal(StatementKind.Mutation, StatementClassifier.Analyze(query, "plain").Kind);
        }
    }

    [Fact]
    public async Task No_random_query_that_changes_the_server_is_taken_for_a_read()
    {
        server.Require();
        Gen<string> blank = Gen.OneOf(" ", "\n", "\r", " -- x'\n", "/* ' */", "--\r", "");
        Gen<string> genQuery = Gen.Select(
            Gen.OneOf("", "SHOW DATABASES;", "/* ;' */", "-- \"\r", "SELECT v FROM m WHERE h =~ /a'\\/;/;"),
            Gen.OneOf("SELECT v", "SELECT v+1.", "SELECT v./2", "SELECT /v/", "SELECT abc\"v\"", "select max(v)"),
            blank,
            Gen.OneOf("INTO t", "INTO\"t\"", "into autogen.t", "", "INTO random..t", ", v INTO $t",
                "AS \"x;\" INTO t"),
            blank,
            Gen.OneOf(
                "FROM m", "FROM /m/", "FROM random../m;?/", "FROM (SELECT v FROM m WHERE h='/')", "FROM\"m\""),
            blank,
            Gen.OneOf("", "WHERE h = 'a'", "WHERE h =~ /a\\/?/", "WHERE v/2>1 -- /", "LIMIT 1;;", "; SHOW USERS"))
            .Select((prefix, fields, b1, into, b2, from, b3, tail) =>
                string.Concat(string.Concat(prefix, fields, b1, into), string.Concat(b2, from, b3, tail)));
        string[] queries = genQuery.Array[400].Single(static _ => true, RandomSeed);
        await server.CreateAsync("random");
        await server.WriteAsync("random", "m,h=a v=1 1");
        int changed = 0;
        foreach (string query in queries)
        {
            await server.QueryAsync(query, "random");
            if ((await server.FirstColumnAsync("SELECT * FROM t", "random")).Count > 0)
            {
                changed++;
                Assert.Equal(StatementKind.Mutation, StatementClassifier.Analyze(query, "random").Kind);
                await server.QueryAsync("DROP MEASUREMENT t", "random");
            }
        }

        Assert.InRange(changed, 20, queries.Length);
    }

    /// <summary>
    /// Runs a statement in a fresh database with points each half hour for two hours back and ahead, and shows its
    /// answer and all that is there afterwards.
    /// </summary>
    private async Task<string> RunAsync(string database, string statement, long now)
    {
        await server.CreateAsync(database);
        string[] lines =
        [
            .. Enumerable.Range(-4, 9)
                .Select(i => $"m,h=a v={i} {InfluxServer.Text(now - (17 * Minute) + (i * Hour / 2))}"),
        ];
        await server.WriteAsync(database, string.Join('\n', lines));
        string answer = await server.QueryAsync(statement, database);
        return answer + await server.QueryAsync("SELECT * FROM m; SELECT * FROM t", database);
    }
}
