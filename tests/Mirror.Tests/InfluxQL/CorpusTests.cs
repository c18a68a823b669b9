using System.Text.Json;
using InfluxMirror.InfluxQL;
using Xunit;

namespace InfluxMirror.Tests.InfluxQL;

/// <summary>Every row of the corpus measured on a real influxd 1.6.7 is classified as it behaved there.</summary>
public sealed class CorpusTests
{
    private static readonly string[] StatesOfPoints = ["points"];

    public static TheoryData<string, string, string> Rows()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (CorpusRow row in Corpus.Read())
        {
            rows.Add(row.Id, row.Class, row.Query);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_query_of_the_corpus_is_classified_as_influxd_treats_it(string id, string expected, string query)
    {
        StatementKind kind = StatementClassifier.Analyze(query, "accq").Kind;
        bool agrees = expected switch
        {
            "all" => kind == StatementKind.Mutation,
            "read" => kind == StatementKind.Read,
            "each" => kind is StatementKind.NodeLocal or StatementKind.PinRequired,
            "bad" => true,
            _ => throw new JsonException($"{id}: unknown class {expected}"),
        };
        Assert.True(agrees, $"{id}: {query} is {expected}, classified as {kind}");
    }

    [Fact]
    public void The_corpus_has_rows_of_every_class()
    {
        string[] classes = [.. Corpus.Read().Select(row => row.Class).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["all", "bad", "each", "read"], classes);
    }

    [Fact]
    public void What_changed_points_of_the_corpus_names_its_database()
    {
        foreach (CorpusRow row in Corpus.Read().Where(row => row.Changes.SequenceEqual(StatesOfPoints)))
        {
            QueryAnalysis analysis = StatementClassifier.Analyze(row.Query, "accq");
            Assert.False(analysis.AllDatabases, row.Query);
            Assert.Equal(["accq"], analysis.Databases);
        }
    }
}
