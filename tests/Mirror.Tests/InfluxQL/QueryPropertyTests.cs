using System.Text;
using CsCheck;
using InfluxMirror.InfluxQL;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

/// <summary>What must hold for every query, tried on random ones.</summary>
public sealed class QueryPropertyTests
{
    private const long Now = 1_465_839_830_100_400_200;

    /// <summary>Statements as lists of what may stand apart; words in capitals may be written in any case.</summary>
    private static readonly string[][] Statements =
    [
        ["SELECT", "v", ",", "\"into;\\\"\"", "FROM", "\"a.b\"..m", "WHERE", "h", "=", "'x; DROP -- y /*'"],
        ["SELECT", "mean", "(", "v", ")", "INTO", "x.r.:MEASUREMENT", "FROM", "y../a\\/;b/", "GROUP", "BY", "time(1h)"],
        ["SELECT", "v", "FROM", "m", "WHERE", "time", ">", "now()", "-", "1h", "AND", "h", "=~", "/into 't/"],
        ["SELECT", "v", "INTO", "t", "FROM", "(", "SELECT", "v", "FROM", "z..m", "WHERE", "time", "<", "now()", ")"],
        ["DELETE", "FROM", "m", "WHERE", "now()", "-", "1h", ">", "time", "AND", "h", "!=", "'now()'"],
        ["DROP", "SERIES", "FROM", "/re;/", "WHERE", "h", "!~", "/a b/"],
        ["DROP", "MEASUREMENT", "\"m;--\""],
        ["SHOW", "TAG", "VALUES", "ON", "x", "FROM", "y..m", "WITH", "KEY", "=", "\"on\""],
        ["SHOW", "QUERIES"],
        ["SHOW", "DATABASES"],
        ["KILL", "QUERY", "5"],
        ["CREATE", "DATABASE", "\"a;b\""],
        ["CREATE", "RETENTION", "POLICY", "r", "ON", "x", "DURATION", "4w", "REPLICATION", "1"],
        ["CREATE", "CONTINUOUS", "QUERY", "q", "ON", "x", "BEGIN", "SELECT", "max", "(", "v", ")", "INTO", "t", "FROM",
            "m", "WHERE", "time", "<", "now()", "GROUP", "BY", "time(1h)", "END"],
        ["CREATE", "USER", "u", "WITH", "PASSWORD", "'s3cret'"],
        ["SET", "PASSWORD", "FOR", "\"u = 'x'\"", "=", "'s3cret'"],
        ["GRANT", "ALL", "TO", "u"],
        ["EXPLAIN", "ANALYZE", "SELECT", "v", "INTO", "t", "FROM", "x..m"],
    ];

    private static readonly string[] Blanks =
        [" ", "\n", "\t", "\r\n", " -- it's; \"\n", "/* ' ; INTO x..y */", "/***/ ", "--\r", " \n /*a*/--b\n"];

    private static readonly Gen<string[]> GenStatement = Gen.OneOf(Statements);
    private static readonly Gen<string> GenBlank = Gen.OneOf(Blanks);

    private static readonly Gen<string> GenText = Gen.Select(GenStatement, Gen.UInt.Array[30], GenBlank.Array[30])
        .Select((words, cases, blanks) => Write(words, cases, blanks));

    private static readonly Gen<string> GenGarbage = Gen.OneOf(
        "SELECT", "INTO", "FROM", "(", ")", "'", "\"", "/", "\\", ";", "--", "/*", "*/", "\n", ".", ":", "now()",
        "time", "<", "=~", "PASSWORD", "FOR", "WHERE", "GROUP BY", "time(1h,", "$x", "\0", "0.", "1h", "ж", "DELETE",
        " ", ",")
        .Array[0, 40].Select(string.Concat);

    [Fact]
    public void Case_whitespace_and_comments_never_change_the_classification() =>
        Gen.Select(GenStatement, Gen.UInt.Array[30], GenBlank.Array[30]).Sample((words, cases, blanks) =>
        {
            QueryAnalysis plain = StatementClassifier.Analyze(string.Join(' ', words), "d");
            QueryAnalysis dressed = StatementClassifier.Analyze(Write(words, cases, blanks), "d");
            Assert.Equal(plain.Kind, dressed.Kind);
            Assert.Equal(plain.AllDatabases, dressed.AllDatabases);
            Assert.Equal(plain.Databases, dressed.Databases);
            Assert.Equal(plain.Destructive, dressed.Destructive);
            Assert.Equal(plain.NeedsFreezing, dressed.NeedsFreezing);
        });

    [Fact]
    public void A_query_is_cut_exactly_between_its_statements() =>
        GenText.Array[1, 6].Sample(statements =>
        {
            string query = string.Join(";", statements);
            var cursor = new TokenCursor(query);
            int found = 0;
            int offset = 0;
            while (cursor.ToStatement())
            {
                Assert.InRange(cursor.Current.Start, offset, offset + statements[found].Length);
                cursor.SkipStatement();
                Assert.Equal(offset + statements[found].Length, cursor.Current.Start);
                offset += statements[found].Length + 1;
                found++;
            }

            Assert.Equal(statements.Length, found);
        });

    [Fact]
    public void Each_statement_is_frozen_by_itself_and_only_once() =>
        GenText.Array[1, 6].Sample(statements =>
        {
            string query = string.Join(";", statements);
            string frozen = NowFreezer.Freeze(query, Now);
            Assert.Equal(string.Join(";", statements.Select(statement => NowFreezer.Freeze(statement, Now))), frozen);
            Assert.Same(frozen, NowFreezer.Freeze(frozen, Now + 1));
            foreach (string statement in statements)
            {
                if (StatementClassifier.Analyze(statement, "d").Kind != StatementKind.Mutation)
                {
                    Assert.Same(statement, NowFreezer.Freeze(statement, Now));
                }
            }
        });

    [Fact]
    public void A_query_needs_freezing_when_one_of_its_statements_does() =>
        GenText.Array[1, 6].Sample(statements => Assert.Equal(
            statements.Any(statement => StatementClassifier.Analyze(statement, "d").NeedsFreezing),
            StatementClassifier.Analyze(string.Join(" ; ", statements), "d").NeedsFreezing));

    [Fact]
    public void No_password_survives_masking_and_nothing_else_is_masked() =>
        GenText.Array[1, 6].Sample(statements =>
        {
            string query = string.Join(";", statements);
            Assert.Equal(
                query.Replace("'s3cret'", "'[REDACTED]'", StringComparison.Ordinal), StatementMasker.Mask(query));
        });

    [Fact]
    public void Garbage_is_never_too_much()
    {
        GenGarbage.Sample(query =>
        {
            QueryAnalysis analysis = StatementClassifier.Analyze(query, "d");
            string frozen = NowFreezer.Freeze(query, Now);
            StatementMasker.Mask(query);
            Assert.Equal(analysis.NeedsFreezing, !ReferenceEquals(query, frozen));
            Assert.Equal(analysis.Kind, StatementClassifier.Analyze(frozen, "d").Kind);
            Assert.Same(frozen, NowFreezer.Freeze(frozen, Now));
        });
    }

    private static string Write(string[] words, uint[] cases, string[] blanks)
    {
        var text = new StringBuilder();
        for (int i = 0; i < words.Length; i++)
        {
            bool keyword = words[i].All(char.IsAsciiLetterUpper);
            for (int j = 0; j < words[i].Length; j++)
            {
                char c = words[i][j];
                text.Append(keyword && (cases[i % cases.Length] >> j & 1) == 1 ? char.ToLowerInvariant(c) : c);
            }

            text.Append(i == words.Length - 1 ? "" : blanks[i % blanks.Length]);
        }

        return text.ToString();
    }
}
