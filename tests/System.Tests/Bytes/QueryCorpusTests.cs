using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gateway.SystemTests.Bytes;

/// <summary>Every query of the corpus, through the gateway to two influxd and straight to a third.</summary>
public sealed partial class QueryCorpusTests
{
    private const string Db = "accq";

    /// <summary>What the queries of the corpus were measured on.</summary>
    private static readonly string[] Fixture =
    [
        "CREATE DATABASE accq", "CREATE DATABASE \"SELECT\"", "CREATE USER jread WITH PASSWORD 'p'",
        "GRANT READ ON accq TO jread", "CREATE RETENTION POLICY rp2 ON accq DURATION 52w REPLICATION 1",
        "CREATE RETENTION POLICY \"a week\" ON accq DURATION 1w REPLICATION 1",
    ];

    private const string Points = """
        m,host=a,region=x v=1 1465839830000000000
        m,host=a,region=x v=3 1465839890000000000
        m,host=b,region=y v=5,w="q" 1465843490000000000
        m,host=a,region=x mean=2 1465837200000000000
        """;

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    public async Task Every_query_of_the_corpus_acts_and_is_answered_as_on_one_influxd(string method)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Databases = [] });
        await using InfluxServer reference = await InfluxServer.StartAsync(new InfluxSettings { Name = "reference" });
        foreach (string q in Fixture)
        {
            await lab.Client.MustQueryAsync(q);
            await reference.Client.MustQueryAsync(q);
        }

        await WriteBothAsync(Points);
        List<string> faults = [];
        string before = await StateAsync(reference.Client);
        foreach (Row row in Rows())
        {
            foreach (string q in row.Before)
            {
                await lab.Client.QueryAsync(q, Db);
                await reference.Client.QueryAsync(q, Db);
            }

            if (row.Points is not null)
                await WriteBothAsync(row.Points);
            if (row.Before.Length > 0 || row.Points is not null)
                before = await StateAsync(reference.Client);
            Answer direct = await AskAsync(reference.Client, method, row.Q);
            Answer answer = await AskAsync(lab.Client, method, row.Q, row.NeedsDestination ? "a" : null);
            if ((direct.Status, row.Comparable(direct)) != (answer.Status, row.Comparable(answer)))
                faults.Add($"{row.Id} {row.Q}: influxd {direct}, gateway {answer}");
            await lab.Gateway.SettledAsync();
            string expected = await StateAsync(reference.Client);
            if (row.Class != "all")
                Assert.True(expected == before, $"{row.Id} {row.Q} is of class {row.Class} and changed the reference");
            else if (row.Changes)
                Assert.True(expected != before, $"{row.Id} {row.Q} is to change something, and did not");
            foreach (InfluxServer server in new[] { lab.A, lab.B })
            {
                string state = await StateAsync(server.Client);
                if (state != expected)
                    faults.Add($"{row.Id} {row.Q}: {server.Name} holds\n{state}\ninstead of\n{expected}");
            }

            Assert.True(faults.Count == 0, string.Join('\n', faults));
            before = expected;
        }

        await lab.AssertConvergedAsync();

        async Task WriteBothAsync(string lines)
        {
            await lab.WriteAsync(Db, lines, "consistency=all");
            (await reference.WriteAsync(Db, lines)).MustBe(204);
        }
    }

    private static Task<Answer> AskAsync(InfluxClient client, string method, string q, string? pin = null)
    {
        if (method == "GET")
            return client.GetQueryAsync(q, Db, pin: pin);
        FormUrlEncodedContent form = new([new("q", q)]);
        return pin is null
            ? client.SendAsync(HttpMethod.Post, $"/query?db={Db}", form)
            : client.SendAsync(HttpMethod.Post, $"/query?db={Db}", form, ("X-Gateway-Destination", pin));
    }

    private static async Task<string> StateAsync(InfluxClient client)
    {
        StringBuilder state = new(await ServerSchema.ReadAsync(client));
        foreach (string db in await ServerSchema.DatabasesAsync(client))
            state.AppendJoin('\n', (await PointDump.ReadAsync(client, db)).Lines.Prepend($"\npoints of {db}:"));
        return state.ToString();
    }

    private static IEnumerable<Row> Rows() =>
        File.ReadLines(RepositoryTree.Shared("corpus", "influxql.jsonl")).Select(line => new Row(line));

    private sealed partial class Row
    {
        public Row(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement row = document.RootElement;
            Id = row.GetProperty("id").GetString()!;
            Q = row.GetProperty("q").GetString()!;
            Class = row.GetProperty("class").GetString()!;
            Before = row.TryGetProperty("pre", out JsonElement before)
                ? [.. before.EnumerateArray().Select(q => q.GetString()!)]
                : [];
            Points = row.TryGetProperty("prew", out JsonElement points) ? points.GetString() : null;
            Changes = row.GetProperty("post").GetProperty("changes").GetArrayLength() > 0;
        }

        public string Id { get; }

        public string Q { get; }

        /// <summary>all, read, each or bad.</summary>
        public string Class { get; }

        /// <summary>Statements that run first.</summary>
        public string[] Before { get; }

        /// <summary>Lines written first; null for none.</summary>
        public string? Points { get; }

        /// <summary>It changed something when it was measured.</summary>
        public bool Changes { get; }

        /// <summary>It names something that only one server knows.</summary>
        public bool NeedsDestination => Class == "each" && !Q.StartsWith("SHOW", StringComparison.Ordinal);

        /// <summary>The answer's body; numbers apart where they are the server's own ids and times.</summary>
        public string Comparable(Answer answer) =>
            Class == "each" || Q.Contains("explain", StringComparison.OrdinalIgnoreCase)
                ? Own().Replace(answer.Body, "N")
                : Frozen().Replace(answer.Body, "");

        /// <summary>The upper bound that a SELECT INTO by time gets, in a warning that repeats the statement.</summary>
        [GeneratedRegex(""" WHERE time \\u003c=? '[^']*'""")]
        private static partial Regex Frozen();

        [GeneratedRegex("""[0-9]+(\.[0-9]+)?(ns|[µu]s|ms|s)?""")]
        private static partial Regex Own();
    }
}
