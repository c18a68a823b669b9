using InfluxMirror.Delivery;
using InfluxMirror.Writes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>Dead letters on disk: across ends and kills, within their bound, each record once.</summary>
public sealed class DurableLettersTests : DurableTests
{
    [Fact]
    public async Task A_letter_survives_the_end_with_everything_that_is_known_of_it()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = Refuse;
            first.Write("db", "m v=1 1\nm v=2 2\n", retentionPolicy: "week", user: "secret");
            await first.QuietAsync();
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        DeadLetter letter = Assert.Single(second.Cluster.Letters.List());

        Assert.Equal(("b", "10.0.0.1", "db", "week"), (letter.Destination, letter.Client, letter.Database, letter.RetentionPolicy));
        Assert.Equal((2, 2, "field type conflict"), (letter.Points, letter.Rejected, letter.Reason));
        Assert.Equal("m v=1 1\nm v=2 2\n", letter.Sample);
        Assert.Equal("m v=1 1\nm v=2 2\n", await BodyAsync(second, letter));
        Assert.Equal((2, 0), (second.Courier("b").Tally.Rejected, second.Courier("b").Tally.Pending));
        second.AssertAccounts();
    }

    [Fact]
    public async Task A_refused_record_is_not_done_before_its_letter_is_on_disk_so_that_a_kill_loses_neither()
    {
        // Kills at many moments: whatever the image holds, the next start has the letter or refuses the record again.
        List<string> images = [];
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = Refuse;
            for (int i = 1; i <= 30; i++)
            {
                Fates fates = first.Write("db", $"m v={i} {i}\n");
                Assert.True(await first.Cluster.Journal.WaitSafeAsync(fates.Record));
                if (i % 3 != 0)
                    continue;
                foreach (Courier courier in first.Cluster.Couriers)
                    Assert.True(courier.Save());
                images.Add(CopyTo($"image-{i}"));
            }
        }

        for (int n = 0; n < images.Count; n++)
        {
            await using TestCluster second = TestCluster.OnDisk(images[n]);
            second.Enter("b", Refuse);
            second.Found("a");
            await second.QuietAsync();
            string[] samples = [.. second.Cluster.Letters.List().Select(static one => one.Sample)];
            Assert.Equal(Enumerable.Range(1, (n + 1) * 3).Select(static i => $"m v={i} {i}\n"), samples);
            Assert.Equal((n + 1) * 3, second.Courier("b").Tally.Rejected);
            second.AssertAccounts();
        }
    }

    [Fact]
    public async Task A_letter_of_a_record_that_no_disk_had_is_not_taken_for_that_of_another_one_after_a_kill()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = Refuse;
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            Assert.Single(first.Cluster.Letters.List());
            Assert.Equal(0, first.Cluster.Journal.Store!.Log.Written);
            image = CopyTo("image");
            // It is killed before they are saved.
            foreach (string cursor in Directory.GetFiles(image, "*.cursor"))
                File.Delete(cursor);
        }

        await using TestCluster second = TestCluster.OnDisk(image);
        second.Enter("b", Refuse);
        second.Found("a");
        second.Write("db", "m v=2 2\n");
        await second.QuietAsync();

        Assert.Equal(["m v=1 1\n", "m v=2 2\n"], second.Cluster.Letters.List().Select(static one => one.Sample));
        Assert.All(second.Cluster.Couriers, static courier => Assert.False(courier.NeedsResync));
        second.AssertAccounts();
    }

    [Fact]
    public async Task Numbers_are_never_used_again_though_letters_were_dropped()
    {
        long dropped;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a"))
        {
            first["a"].Script = Refuse;
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            dropped = Assert.Single(first.Cluster.Letters.List()).Id;
            Assert.True(await first.Cluster.Letters.RemoveAsync(dropped));
            Assert.Null(first.Cluster.Letters.Find(dropped));
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a");
        Assert.Empty(second.Cluster.Letters.List());
        second["a"].Script = Refuse;
        second.Write("db", "m v=2 2\n");
        await second.QuietAsync();

        Assert.True(Assert.Single(second.Cluster.Letters.List()).Id > dropped);
        Assert.Equal(2, second.Courier("a").Tally.Rejected);
    }

    [Fact]
    public async Task The_oldest_go_first_are_counted_and_do_not_come_back()
    {
        static void OneMegabyte(MirrorOptions options) => options.Delivery.DeadLettersMB = 1;
        string filler = new('x', 100_000);
        await using (TestCluster first = TestCluster.OnDisk(Folder, OneMegabyte, "a"))
        {
            first["a"].Script = Refuse;
            for (int i = 1; i <= 200; i++)
                first.Write("db", $"m v=\"{filler}\" {i}\n");
            await first.QuietAsync();
            (int letters, long bytes) = first.Cluster.Letters.Kept;
            Assert.InRange(letters, 8, 10);
            Assert.InRange(bytes, 800_000, 1024 * 1024);
            Assert.Equal(200 - letters, first.Cluster.Letters.Discarded);
            await first.UntilAsync(() => LetterBytes() < 24_000_000, "segments of letters that are gone are gone");
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, OneMegabyte, "a");
        Assert.InRange(second.Cluster.Letters.Kept.Letters, 8, 10);
        Assert.Equal(0, second.Cluster.Letters.Discarded);
        Assert.EndsWith(" 200\n", await BodyAsync(second, second.Cluster.Letters.List()[^1]), StringComparison.Ordinal);
        Assert.Equal(200, second.Courier("a").Tally.Rejected);
    }

    [Fact]
    public async Task A_letter_larger_than_the_bound_is_kept_on_disk_until_the_next_one_comes()
    {
        static void OneMegabyte(MirrorOptions options) => options.Delivery.DeadLettersMB = 1;
        string large = $"m v=\"{new string('x', 24_000_000)}\" 2\n";
        await using (TestCluster first = TestCluster.OnDisk(Folder, OneMegabyte, "a"))
        {
            first["a"].Script = Refuse;
            first.Write("db", "m v=1 1\n");
            await first.QuietAsync();
            first.Write("db", large);
            await first.QuietAsync();
            // What it takes is more than a segment, and the next entry begins another one.
            Assert.True(await first.Cluster.Letters.ChangeAsync(
                Assert.Single(first.Cluster.Letters.List()).Id, "refused", 1));
            Assert.InRange(first.Cluster.Letters.Kept.Bytes, 24_000_000, 24_100_000);
        }

        await using (TestCluster second = TestCluster.OnDisk(Folder, OneMegabyte, "a"))
        {
            Assert.Equal(large, await BodyAsync(second, Assert.Single(second.Cluster.Letters.List())));
            second["a"].Script = Refuse;
            second.Write("db", "m v=3 3\n");
            await second.QuietAsync();
            Assert.Equal("m v=3 3\n", Assert.Single(second.Cluster.Letters.List()).Sample);
        }

        await using TestCluster third = TestCluster.OnDisk(Folder, OneMegabyte, "a");
        Assert.Equal("m v=3 3\n", Assert.Single(third.Cluster.Letters.List()).Sample);
    }

    /// <summary>
    /// Whether its client or a letter is to tell of it is open while the other one hangs; met again after a kill, it
    /// must not come behind what dropped its measurement.
    /// </summary>
    [Theory]
    [InlineData(204, 1)]
    [InlineData(400, 0)]
    public async Task A_refusal_that_is_not_ruled_on_does_not_come_again_behind_a_statement_that_ran(
        int other, int letters)
    {
        List<string> images = [];
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["a"].Script = ScriptedDestination.Wait;
            first["b"].Script = static request =>
                request.Query is null ? Refuse(request) : ScriptedDestination.Accept(request);
            Receipt receipt = new(
                first.Cluster, ConsistencyLevel.Any, statement: false, first.Time, NullLogger.Instance);
            MirroredRecord refused = Records.Write("db", "m v=1 1\n", watch: receipt);
            Assert.True(first.Cluster.TryAppend(refused));
            SentRequest open = await first["a"].NextAsync();
            Fates drop = first.Statement("DROP MEASUREMENT m", "db");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(drop.Record));
            await first.UntilAsync(() => drop.EndAt("b") == "delivered", "it ran, whatever the other one does");
            Assert.False(receipt.IsAnswered);
            // Housekeeping saves every second.
            for (int i = 0; i < 3; i++)
            {
                await first.PassAsync(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100));
                images.Add(CopyTo($"image-{other}-{i}"));
            }

            first["a"].Script = ScriptedDestination.Accept;
            open.Answer(other);
            await first.QuietAsync();
            await first.UntilAsync(
                () => first.Cluster.Letters.Kept.Letters == letters, "a letter is kept if its client was not told");
            Assert.Equal(1, first.Courier("b").Tally.Rejected);
        }

        foreach (string image in images)
        {
            await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
            await second.QuietAsync();
            Assert.DoesNotContain(
                second["b"].Requests.Reverse().TakeWhile(static one => one.Query is null),
                static one => one.Lines.Contains("m v=1 1"));
            second.AssertAccounts();
        }
    }

    [Fact]
    public async Task What_a_dropping_statement_discarded_is_a_letter_after_a_kill_and_does_not_come_back()
    {
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = static request => request.Query is null
                ? SentRequest.Response(404, "database not found: 'db'")
                : ScriptedDestination.Accept(request);
            first.Write("db", "m v=1 1\n");
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 1, "it is parked");
            Fates drop = first.Statement("DROP MEASUREMENT m", "db");
            await first.UntilAsync(() => drop.EndAt("b") == "delivered", "it ran");
            Fates after = first.Write("other", "m v=9 9\n");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(after.Record));
            await first.UntilAsync(() => first.Courier("b").Tally.Parked == 1, "what follows is met");
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();
        Assert.DoesNotContain("m v=1 1", second["b"].Lines);
        Assert.Equal("m v=1 1\n", Assert.Single(second.Cluster.Letters.List()).Sample);
        second.AssertAccounts();
    }

    [Fact]
    public async Task A_statement_that_one_refused_is_a_letter_before_its_client_hears_of_the_others_success()
    {
        List<string> images = [];
        List<(int Image, string Statement)> accepted = [];
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = Refuse;
            for (int i = 1; i <= 5; i++)
            {
                Receipt receipt = new(
                    first.Cluster, ConsistencyLevel.One, statement: true, TimeProvider.System, NullLogger.Instance);
                MirroredRecord record = Records.Statement($"CREATE DATABASE db{i}", [$"db{i}"], receipt);
                record.Hold();
                Assert.True(first.Cluster.TryAppend(record));
                // On a busy machine the one that accepts may count as unavailable, and then the refusal is the answer.
                if ((await receipt.Reply).Ruling == Ruling.Accept)
                    accepted.Add((images.Count, $"CREATE DATABASE db{i}"));
                Assert.True(await first.Cluster.Journal.WaitSafeAsync(record));
                record.LetGo();
                images.Add(CopyTo($"image-{i}"));
                await first.QuietAsync();
            }
        }

        Assert.NotEmpty(accepted);
        for (int n = 0; n < images.Count; n++)
        {
            await using TestCluster second = TestCluster.OnDisk(images[n]);
            second.Enter("b", Refuse);
            second.Found("a");
            await second.QuietAsync();
            string[] letters = [.. second.Cluster.Letters.List().Select(static one => one.Sample)];
            Assert.All(
                accepted.Where(one => one.Image <= n), one => Assert.Contains(one.Statement, letters));
        }
    }

    [Fact]
    public async Task A_statement_that_all_refused_is_its_clients_business_and_leaves_no_letter()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["a"].Script = cluster["b"].Script = Refuse;
        Receipt receipt = new(
            cluster.Cluster, ConsistencyLevel.One, statement: true, TimeProvider.System, NullLogger.Instance);
        Assert.True(cluster.Cluster.TryAppend(Records.Statement("CREATE DATABASE db", ["db"], receipt)));

        Assert.Equal(Ruling.Refuse, (await receipt.Reply).Ruling);
        await cluster.QuietAsync();
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Kept.Letters == 0, "no letter is left");
        Assert.All(cluster.Cluster.Couriers, static courier => Assert.Equal(1, courier.Tally.Rejected));
    }

    [Fact]
    public async Task F21_the_reason_of_a_refused_statement_with_a_password_does_not_repeat_it()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a");
        cluster["a"].Script = static _ => SentRequest.Response(400, "error near hunter2");
        cluster.Statement("CREATE USER joe WITH PASSWORD 'hunter2'");
        await cluster.UntilAsync(() => cluster.Cluster.Letters.Filed == 1, "the letter is filed");

        DeadLetter letter = Assert.Single(cluster.Cluster.Letters.List());
        Assert.Equal("CREATE USER joe WITH PASSWORD '[REDACTED]'", letter.Sample);
        Assert.DoesNotContain("hunter2", letter.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", await BodyAsync(cluster, letter), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_letter_costs_that_letter_only()
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a"))
        {
            first["a"].Script = Refuse;
            for (int i = 1; i <= 3; i++)
                first.Write("db", $"m v=\"letter{i}\" {i}\n");
            await first.QuietAsync();
        }

        string segment = Directory.GetFiles(Path.Combine(Folder, "letters"), "*.seg")[0];
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[bytes.AsSpan().IndexOf("letter2"u8)] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);

        await using TestCluster second = TestCluster.OnDisk(Folder, "a");
        Assert.Equal(
            ["m v=\"letter1\" 1\n", "m v=\"letter3\" 3\n"],
            second.Cluster.Letters.List().Select(static one => one.Sample));
    }

    [Fact]
    public async Task A_letter_of_gzip_is_shown_and_exported_as_text()
    {
        DeadLetters letters = new(new FakeTimeProvider(), () => 10_000);
        Assert.True(await letters.FileAsync("a", Records.Write("x", "m v=1 1\n", gzip: true), "no"));

        DeadLetter letter = Assert.Single(letters.List());
        MirroredRecord record = (await letters.ReadAsync(letter))!;
        using MemoryStream body = new();
        await RecordText.WriteBodyAsync(record, body, TestContext.Current.CancellationToken);
        Assert.Equal(("m v=1 1\n", "m v=1 1\n"), (letter.Sample, System.Text.Encoding.UTF8.GetString(body.ToArray())));
        record.Body.Release();
    }

    private static HttpResponseMessage? Refuse(SentRequest request) =>
        SentRequest.Response(400, "field type conflict");

    private static async Task<string> BodyAsync(TestCluster cluster, DeadLetter letter)
    {
        MirroredRecord record = (await cluster.Cluster.Letters.ReadAsync(letter))!;
        using MemoryStream body = new();
        await RecordText.WriteBodyAsync(record, body, TestContext.Current.CancellationToken);
        record.Body.Release();
        return System.Text.Encoding.UTF8.GetString(body.ToArray());
    }

    private long LetterBytes() => Directory.GetFiles(Path.Combine(Folder, "letters"), "*.seg")
        .Sum(static file => new FileInfo(file).Length);
}
