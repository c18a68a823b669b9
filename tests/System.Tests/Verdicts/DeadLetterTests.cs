using System.Globalization;
using System.Net;
using System.Text.Json;
using InfluxMirror;

namespace Gateway.SystemTests.Verdicts;

/// <summary>What a destination refuses when nobody waits for its answer is kept, until an operator decides.</summary>
public sealed class DeadLetterTests
{
    private const string Lines = "kept,host=one v=1i 1\nkept,host=two v=2i 2";
    private static readonly IPAddress Writer = IPAddress.Parse("127.0.6.1");

    [Fact]
    public async Task A_refused_record_is_a_letter_that_says_all_about_it_and_survives_a_kill()
    {
        await using Lab lab = await LettersAsync();
        JsonElement[] letters = await lab.Gateway.LettersAsync();
        AssertLetter(letters[0], "b", "db1", Lines);
        AssertLetter(letters[1], "b", "db2", "lost v=3i 3");
        AssertLetter(letters[2], "a", "db2", "onA v=4i 4");
        Assert.Equal(3, letters.Length);
        Assert.Equal(2, (await lab.Gateway.LettersAsync("?destination=b")).Length);
        Assert.Equal(2, (await lab.Gateway.LettersAsync("?database=db2")).Length);
        Assert.Single(await lab.Gateway.LettersAsync("?destination=b&database=db2"));
        Assert.Empty(await lab.Gateway.LettersAsync("?destination=c"));
        Assert.Contains("dead letter from 127.0.6.1 for database 'db1', 2 of 2 point(s) not stored: ", lab.Gateway.Log);

        // Accounts are saved once a second.
        await Eventually.TrueAsync("it is saved what was refused", () =>
            new MirrorJournalView(lab.Gateway.JournalFolder).Cursors.Sum(cursor => cursor.Rejected) == 4);
        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        await lab.Gateway.SettledAsync();
        Assert.Equal(
            letters.Select(letter => letter.GetRawText()),
            (await lab.Gateway.LettersAsync()).Select(letter => letter.GetRawText()));
        Assert.Equal(Lines, (await BodyAsync(lab, letters[0])).MustBe(200).Body.TrimEnd('\n'));
        await AssertRejectedAsync(lab, a: 1, b: 3);

        // They hold what clients wrote: not for those who come through a proxy.
        string path = PathOf(letters[0]);
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Delete })
        {
            Answer answer = await lab.Gateway.Management.SendAsync(
                method, path, null, ("X-Forwarded-For", "10.0.0.1"));
            Assert.DoesNotContain("kept", answer.MustBe(403).Body);
        }
    }

    [Fact]
    public async Task The_commands_list_show_export_retry_and_drop_letters()
    {
        await using Lab lab = await LettersAsync();
        JsonElement[] letters = await lab.Gateway.LettersAsync();
        string[] ids = [.. letters.Select(letter => letter.GetProperty("id").GetRawText())];
        string list = await LettersCommandAsync(lab, 0, "list");
        Assert.Contains("3 letter(s), 4 point(s)", list);
        Assert.Contains($"influxdb/{ids[0]} ", list);
        Assert.Contains(" b Write", list, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("1 letter(s), 1 point(s)", await LettersCommandAsync(lab, 0, "list", "--destination", "a"));
        string shown = await LettersCommandAsync(lab, 0, "show", ids[0]);
        Assert.Contains("2 of 2 point(s) refused", shown);
        Assert.Contains("kept,host=one v=1i 1", shown);
        Assert.Contains("client=127.0.6.1", shown);
        Assert.Contains("field type conflict", shown);
        await LettersCommandAsync(lab, 2, "show");
        await LettersCommandAsync(lab, 1, "show", "999999");

        using ScratchFolder folder = new("letters");
        string file = folder.File("export");
        await LettersCommandAsync(lab, 0, "export", "--database", "db1", "--all", "--output", file);
        Assert.Equal(Lines, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).TrimEnd('\n'));

        // As long as nothing has changed the server refuses again, and the letter stays.
        Assert.Contains("refused again", await LettersCommandAsync(lab, 1, "retry", ids[0]));
        Assert.Equal(3, (await lab.Gateway.LettersAsync()).Length);
        await AssertRejectedAsync(lab, a: 1, b: 3);
        await lab.B.Client.MustQueryAsync("DROP MEASUREMENT kept", "db1");
        Assert.Contains("delivered", await LettersCommandAsync(lab, 0, "retry", ids[0]));
        Assert.Equal(2, (await lab.Gateway.LettersAsync()).Length);
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
        PointComparison.AssertEqual(await lab.A.PointsAsync("db1"), await lab.B.PointsAsync("db1"));
        await AssertRejectedAsync(lab, a: 1, b: 1);

        Assert.Contains("dropped", await LettersCommandAsync(lab, 0, "drop", "--all"));
        Assert.Empty(await lab.Gateway.LettersAsync());
        (await BodyAsync(lab, letters[1])).MustBe(404);
        (await lab.Gateway.Management.SendAsync(HttpMethod.Delete, PathOf(letters[1]))).MustBe(404);
        (await lab.Gateway.Management.SendAsync(HttpMethod.Post, PathOf(letters[1]) + "/retry")).MustBe(404);
        await Eventually.TrueAsync("it is saved what is left", () =>
            new MirrorJournalView(lab.Gateway.JournalFolder).Cursors.Sum(cursor => cursor.Rejected) == 2);
        lab.Gateway.Kill();
        await lab.Gateway.RestartAsync();
        await lab.Gateway.SettledAsync();
        Assert.Empty(await lab.Gateway.LettersAsync());
        // What nobody wants any more was refused all the same.
        await AssertRejectedAsync(lab, a: 1, b: 1);
        Assert.Equal(2, (await lab.B.PointsAsync("db1")).Count);
    }

    [Fact]
    public async Task A_retry_by_the_management_listener_says_what_became_of_it()
    {
        await using Lab lab = await LettersAsync();
        JsonElement[] letters = await lab.Gateway.LettersAsync();
        Answer refused = (await RetryAsync(lab, letters[0])).MustBe(409);
        Assert.Contains("field type conflict", refused.Body);
        lab.B.Kill();
        // The destination is down: the letter waits for its turn, and goes by itself.
        (await RetryAsync(lab, letters[0])).MustBe(202);
        Assert.True((await lab.Gateway.LettersAsync())[0].GetProperty("retried").GetBoolean());
        (await lab.Gateway.Management.SendAsync(HttpMethod.Delete, PathOf(letters[0]))).MustBe(409);
        await lab.B.RestartAsync();
        await Eventually.TrueAsync("it was refused again", async () =>
            !(await lab.Gateway.LettersAsync())[0].GetProperty("retried").GetBoolean());
        await lab.B.Client.MustQueryAsync("DROP MEASUREMENT kept", "db1");
        Answer delivered = (await RetryAsync(lab, letters[0])).MustBe(200);
        Assert.Contains("delivered", delivered.Body);
        (await RetryAsync(lab, letters[0])).MustBe(404);
        (await lab.Gateway.Management.SendAsync(HttpMethod.Delete, PathOf(letters[1]))).MustBe(204);
        Assert.Single(await lab.Gateway.LettersAsync());
        await AssertRejectedAsync(lab, a: 1, b: 1);
    }

    /// <summary>
    /// Three letters: two points and one refused by b, one by a. There the fields are texts already, which no check of
    /// the gateway can know.
    /// </summary>
    private static async Task<Lab> LettersAsync()
    {
        Lab lab = await Lab.StartAsync(new LabOptions { Databases = ["db1", "db2"] });
        try
        {
            (await lab.B.WriteAsync("db1", "kept v=\"text\" 9")).MustBe(204);
            (await lab.B.WriteAsync("db2", "lost v=\"text\" 9")).MustBe(204);
            (await lab.A.WriteAsync("db2", "onA v=\"text\" 9")).MustBe(204);
            using InfluxClient client = new(lab.Client.Address, Writer);
            (await client.WriteAsync("db1", Lines, "consistency=one")).MustBe(204);
            await lab.RejectedAsync("b", 2);
            (await client.WriteAsync("db2", "lost v=3i 3", "consistency=one")).MustBe(204);
            await lab.RejectedAsync("b", 3);
            (await client.WriteAsync("db2", "onA v=4i 4", "consistency=one")).MustBe(204);
            await lab.RejectedAsync("a", 1);
            await Eventually.TrueAsync("there are three letters", async () =>
                (await lab.Gateway.LettersAsync()).Length == 3);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    private static void AssertLetter(JsonElement letter, string destination, string database, string lines)
    {
        Assert.Equal(destination, letter.GetProperty("destination").GetString());
        Assert.Equal(database, letter.GetProperty("database").GetString());
        Assert.StartsWith("127.0.6.1", letter.GetProperty("client").GetString());
        Assert.Contains("field type conflict", letter.GetProperty("reason").GetString());
        Assert.Equal(lines, letter.GetProperty("sample").GetString()!.TrimEnd('\n'));
        Assert.Equal(lines.Split('\n').Length, letter.GetProperty("points").GetInt32());
        Assert.Equal(letter.GetProperty("points").GetInt32(), letter.GetProperty("rejected").GetInt32());
        Assert.False(letter.GetProperty("retried").GetBoolean());
        DateTimeOffset time = DateTimeOffset.Parse(
            letter.GetProperty("time").GetString()!, CultureInfo.InvariantCulture);
        Assert.InRange(DateTimeOffset.UtcNow - time, TimeSpan.Zero, TimeSpan.FromMinutes(2));
    }

    private static async Task AssertRejectedAsync(Lab lab, int a, int b)
    {
        await lab.Gateway.AssertAccountingAsync();
        MetricsPage page = await lab.Gateway.MetricsAsync();
        Assert.Equal((a, b), (page.Of(MetricNames.Rejected, "a"), page.Of(MetricNames.Rejected, "b")));
    }

    private static string PathOf(JsonElement letter) => $"/letters/influxdb/{letter.GetProperty("id").GetRawText()}";

    private static Task<Answer> BodyAsync(Lab lab, JsonElement letter) =>
        lab.Gateway.Management.SendAsync(HttpMethod.Get, PathOf(letter));

    private static Task<Answer> RetryAsync(Lab lab, JsonElement letter) =>
        lab.Gateway.Management.SendAsync(HttpMethod.Post, PathOf(letter) + "/retry");

    private static Task<string> LettersCommandAsync(Lab lab, int code, params string[] arguments) =>
        lab.Gateway.CommandAsync(
            code, ["letters", .. arguments, "--url", lab.Gateway.Management.Address.ToString()]);
}
