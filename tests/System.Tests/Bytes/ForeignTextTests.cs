using System.Text;

namespace Gateway.SystemTests.Bytes;

/// <summary>
/// influxd repeats an error's text in X-Influxdb-Error, with whatever bytes the client's text had: the client gets
/// influxd's own status and body, never an error of the gateway.
/// </summary>
public sealed class ForeignTextTests
{
    public static TheoryData<string> Queries() =>
    [
        "SELECT \"ä\" FROM", "SELECT ä FROM m", "ŠELECT 1", "SELECT v FROM m WHERE 日本 = ",
        "SELECT * FROM \"日本\".\"ü\".m",
        "SHOW MEASUREMENTS ON \"нет\"", "SHOW TAG KEYS ON \"nö\"", "SELECT \"\u0001\u0002\" FROM", "SELECT \u0007",
        "SELECT \"a\r\nb\" FROM", "SELECT v FROM m WHERE t = 'x\ny", "SELECT \"\u007f\" FROM", "SELECT \"😀\" FROM",
        "SELECT \"\u0085\u2028\" FROM", "DROP DATABASE ä ö", "CREATE DATABASE \"ä\" WITH ö",
        "CREATE RETENTION POLICY \"ä\" ON \"nö\" DURATION 1h REPLICATION 1", "DROP USER \"mañana\"",
        "DROP MEASUREMENT", "GRANT ALL ON \"nö\" TO \"ü\"", "DELETE FROM \"ä", "SELECT v INTO ä.ö.ü.x FROM m",
        "DROP RETENTION POLICY \"\t\" ON \"\u0001\"",
    ];

    [Fact]
    public async Task Errors_about_foreign_text_are_influxds_own_for_queries_and_statements()
    {
        await using Lab lab = await Lab.StartAsync();
        List<string> faults = [];
        foreach (string q in Queries().Select(row => row.Data))
        {
            foreach (string db in new[] { "db1", "nö", "\u0001" })
            {
                Compare(faults, $"GET {q} on {db}",
                    await lab.A.Client.GetQueryAsync(q, db), await lab.Client.GetQueryAsync(q, db));
                Compare(faults, $"POST {q} on {db}",
                    await lab.A.Client.QueryAsync(q, db), await lab.Client.QueryAsync(q, db));
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
        await lab.Gateway.SettledAsync();
        await lab.Gateway.AssertAccountingAsync();
    }

    [Theory]
    [InlineData("nö", "m v=1 1", "")]
    [InlineData("日本", "m v=1 1", "")]
    [InlineData("\u0001\u007f", "m v=1 1", "")]
    [InlineData("a\r\nX-Evil: 1", "m v=1 1", "")]
    [InlineData("db1", "m v=1 1", "rp=%C3%BC")]
    [InlineData("db1", "m v=1 1", "rp=%FF%01")]
    [InlineData("db1", "mä ö=ü 1", "")]
    [InlineData("db1", "m v=\u0001 1", "")]
    [InlineData("db1", "m v=1 1", "consistency=%C3%BC")]
    public async Task Errors_about_foreign_text_are_influxds_own_for_writes(string db, string lines, string more)
    {
        await using Lab lab = await Lab.StartAsync(new LabOptions { Configuration = GatewayConfiguration.Patient });
        Answer direct = await lab.A.WriteAsync(db, lines, more);
        Answer answer = await lab.Client.WriteAsync(db, lines, more);
        Assert.Null(answer.Header("X-Evil"));
        List<string> faults = [];
        Compare(faults, "write", direct, answer);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.InRange(direct.Status, 400, 500);
        await lab.WriteAsync("db1", "after v=1 1");
        await lab.Gateway.SettledAsync();
        await lab.Gateway.AssertAccountingAsync();
    }

    /// <summary>Parameters whose escapes are no UTF-8, or no escapes at all.</summary>
    [Theory]
    [InlineData("/query?db=db1&q=SELECT+%FF+FROM")]
    [InlineData("/query?db=db1&q=SELECT+%22%C3%28%22+FROM")]
    [InlineData("/query?db=%FF%FE&q=SHOW+MEASUREMENTS")]
    [InlineData("/query?db=db1&q=SHOW+%")]
    [InlineData("/query?db=%zz&q=SHOW+DATABASES")]
    public async Task Escapes_that_are_no_text_are_answered_as_by_influxd(string path)
    {
        await using Lab lab = await Lab.StartAsync();
        using RawConnection direct = await RawConnection.OpenAsync(lab.A.Address);
        using RawConnection through = await RawConnection.OpenAsync(lab.Client.Address);
        foreach (string method in new[] { "GET", "POST" })
        {
            string request = $"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
            await direct.SendAsync(request);
            await through.SendAsync(request);
            RawAnswer expected = await direct.ReadAsync();
            RawAnswer answer = await through.ReadAsync();
            Assert.Equal((expected.Status, Encoding.UTF8.GetString(expected.Body)),
                (answer.Status, Encoding.UTF8.GetString(answer.Body)));
        }
    }

    private static void Compare(List<string> faults, string what, Answer direct, Answer answer)
    {
        bool same = direct.Status == answer.Status && direct.Bytes.AsSpan().SequenceEqual(answer.Bytes)
            && direct.Header("X-Influxdb-Error") is null == answer.Header("X-Influxdb-Error") is null;
        if (!same)
            faults.Add($"{what}: influxd {direct}, gateway {answer}");
    }
}
