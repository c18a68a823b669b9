using System.CommandLine;
using Gateway;
using InfluxMirror.Delivery;
using InfluxMirror.Tests.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary><c>gateway journal</c> on folders that a running cluster has, and on ones that nobody has.</summary>
public sealed class JournalCommandTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("journal-command-");

    private string Folder => Path.Combine(_root.FullName, JournalFolder.NameOf("influx"));

    [Fact]
    public async Task It_shows_segments_progress_backlog_letters_and_gaps_of_a_journal_that_is_in_use()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b", "c");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster["c"].Script = static _ => SentRequest.Response(400, "no");
        await FillAsync(cluster, 20);
        cluster.Cluster.Gaps.Note("b", Records.Write("db", "m v=1 1\n", retentionPolicy: "week"));
        foreach (Courier courier in cluster.Cluster.Couriers)
            Assert.True(courier.Save());

        (int code, string text) = await RunAsync(Folder);

        Assert.Equal(0, code);
        Assert.Contains("influx: ", text, StringComparison.Ordinal);
        Assert.Contains("positions up to 20\n", text, StringComparison.Ordinal);
        Assert.Contains("  positions 1 to 20  records end at ", text, StringComparison.Ordinal);
        Assert.Contains("records: 20; damaged places: 0", text, StringComparison.Ordinal);
        Assert.Contains("  a: done up to 20 of 20\n", text, StringComparison.Ordinal);
        Assert.Contains("  b: done up to 0 of 20\n", text, StringComparison.Ordinal);
        Assert.Contains("pending 20, rejected 0, dropped 0; backlog 20 record(s)", text, StringComparison.Ordinal);
        Assert.Contains("dead letters: 20, ", text, StringComparison.Ordinal);
        Assert.Contains("gaps: 1, 1 point(s)", text, StringComparison.Ordinal);

        // And the folder that holds it, and its gaps.
        Assert.Equal(text, (await RunAsync(_root.FullName)).Text);
        Assert.Contains(
            "b  db=db rp=week  1 point(s) in 1 record(s)", (await RunAsync("gaps", Folder)).Text, StringComparison.Ordinal);

        // Nothing of it was locked or changed.
        cluster["b"].Script = ScriptedDestination.Accept;
        await cluster.QuietAsync();
        Assert.Equal(20, cluster.Courier("b").Tally.Delivered);
    }

    [Fact]
    public async Task F21_a_dump_shows_what_when_and_who_but_no_secret()
    {
        await using TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b");
        cluster["b"].Script = ScriptedDestination.Absent;
        cluster.Write("db", "m,host=x v=1 1\n", user: "am9lOnMzY3JldA==");
        cluster.Statement("CREATE USER joe WITH PASSWORD 's3cret'");
        Fates last = cluster.Append(watch => Records.Raw("prom", "\u001b[2Jx\n", watch));
        Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(last.Record));

        (int code, string text) = await RunAsync("dump", Folder);
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal((0, 3), (code, lines.Length));
        Assert.StartsWith("1 2000-01-01T00:00:00.", lines[0], StringComparison.Ordinal);
        Assert.Contains(
            "Write db=db points=1 bytes=15 client=10.0.0.1 POST /write?db=db authorization=Basic [REDACTED] | m,host=x v=1 1",
            lines[0], StringComparison.Ordinal);
        Assert.Contains("CREATE USER joe WITH PASSWORD '[REDACTED]'", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("| \\u001b[2Jx\\n", lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("am9l", text, StringComparison.Ordinal);
        Assert.Equal(lines[1] + "\n", (await RunAsync("dump", Folder, "--from", "2", "--limit", "1")).Text);
    }

    [Fact]
    public async Task F5_damage_in_the_middle_is_shown_with_its_place_and_costs_one_record()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            await FillAsync(cluster, 3);
        }

        string segment = Directory.GetFiles(Folder, "*.seg")[0];
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[bytes.AsSpan().IndexOf("m v=2 2"u8)] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Folder, "a.cursor"), "x", TestContext.Current.CancellationToken);

        (int code, string text) = await RunAsync(Folder);

        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains($"damaged: Record in {Path.GetFileName(segment)} at ", text, StringComparison.Ordinal);
        Assert.Contains("damaged: Cursor in a.cursor", text, StringComparison.Ordinal);
        Assert.Contains("records: 2; damaged places: 2", text, StringComparison.Ordinal);

        (code, text, string errors) = await RunFullyAsync("dump", Folder);

        Assert.Equal(ExitCode.Failed, code);
        Assert.All(
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line => Assert.Contains("Write db=", line, StringComparison.Ordinal));
        Assert.Equal(2, text.Count('\n'));
        Assert.StartsWith($"influx: Record in {Path.GetFileName(segment)} at ", errors, StringComparison.Ordinal);
        Assert.EndsWith("cannot be read\n", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_was_cut_short_is_damaged_also_with_a_quick_look()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            await FillAsync(cluster, 3);
        }

        string segment = Directory.GetFiles(Folder, "*.seg")[0];
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(
            segment, bytes[..(bytes.AsSpan().IndexOf("m v=3 3"u8) + 2)], TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Failed, (await RunAsync(Folder)).Code);
        Assert.Equal(ExitCode.Failed, (await RunAsync(Folder, "--quick")).Code);
        Assert.Equal(ExitCode.Failed, (await RunAsync("dump", Folder)).Code);
    }

    [Fact]
    public async Task A_segment_without_a_header_that_can_be_read_is_told_by_a_dump_too()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            await FillAsync(cluster, 3);
        }

        string segment = Directory.GetFiles(Folder, "*.seg")[0];
        await File.WriteAllBytesAsync(segment, new byte[9000], TestContext.Current.CancellationToken);

        (int code, _, string errors) = await RunFullyAsync("dump", Folder);

        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains($"Segment in {Path.GetFileName(segment)}", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_letters_are_named_and_counted_as_damaged_places()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a", "c"))
        {
            cluster["c"].Script = static _ => SentRequest.Response(400, "no");
            await FillAsync(cluster, 3);
        }

        string letters = Directory.GetFiles(Path.Combine(Folder, JournalFolder.Letters), "*.seg")[0];
        byte[] bytes = await File.ReadAllBytesAsync(letters, TestContext.Current.CancellationToken);
        bytes[bytes.AsSpan().IndexOf("m v=2 2"u8)] ^= 1;
        await File.WriteAllBytesAsync(letters, bytes, TestContext.Current.CancellationToken);

        (int code, string text) = await RunAsync(Folder);

        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains(
            $"damaged: dead letters: Record in {Path.GetFileName(letters)} at ", text, StringComparison.Ordinal);
        Assert.Contains("damaged places: 1\n", text, StringComparison.Ordinal);
        Assert.Contains("dead letters: 2, ", text, StringComparison.Ordinal);

        // One whose header is gone is not read at all.
        await File.WriteAllBytesAsync(letters, new byte[9000], TestContext.Current.CancellationToken);
        (code, text) = await RunAsync(Folder);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("damaged places: 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_ledger_of_gaps_is_not_taken_for_an_empty_one()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a"))
            await FillAsync(cluster, 1);
        await File.WriteAllTextAsync(
            Path.Combine(Folder, GapLedger.FileName), "[]\n00000000\n", TestContext.Current.CancellationToken);

        (int code, string text, string errors) = await RunFullyAsync("gaps", Folder);

        Assert.Equal((ExitCode.Failed, ""), (code, text));
        Assert.StartsWith("influx: gaps.ledger is damaged", errors, StringComparison.Ordinal);

        (code, text) = await RunAsync(Folder);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("damaged: gaps.ledger is damaged", text, StringComparison.Ordinal);
        Assert.Contains("damaged places: 1\n", text, StringComparison.Ordinal);
        Assert.Contains("gaps: not known\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configuration_says_where_the_journals_are()
    {
        string file = Path.Combine(_root.FullName, "gateway.json");
        await File.WriteAllBytesAsync(
            file, HostConfiguration.Valid().With("Mirror:Journal:Directory", ".").Bytes(),
            TestContext.Current.CancellationToken);
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a"))
            await FillAsync(cluster, 1);

        (int code, string text) = await RunAsync("--config", file);
        Assert.Equal(0, code);
        Assert.Contains("influx: ", text, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(
            file, HostConfiguration.Valid().With("Mirror:Journal:Durability", "Memory").Bytes(),
            TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Refused, (await RunAsync("--config", file)).Code);
        Assert.Equal(ExitCode.Refused, (await RunAsync("gaps", "--config", "no-such-file.json")).Code);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_wrong_use_and_a_named_one_without_a_journal_is_a_failure()
    {
        Assert.Equal(ExitCode.Refused, (await RunAsync(Path.Combine(_root.FullName, "nothing"))).Code);
        Assert.Equal(
            (ExitCode.Failed, "", $"no journal in {_root.FullName}\n"), await RunFullyAsync(_root.FullName));

        // A gateway that has not run yet has none.
        string file = Path.Combine(_root.FullName, "gateway.json");
        await File.WriteAllBytesAsync(
            file, HostConfiguration.Valid().With("Mirror:Journal:Directory", ".").Bytes(),
            TestContext.Current.CancellationToken);
        (int code, string text) = await RunAsync("--config", file);
        Assert.Equal(0, code);
        Assert.StartsWith("no journal in ", text, StringComparison.Ordinal);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private static async Task FillAsync(TestCluster cluster, int records)
    {
        for (int i = 1; i <= records; i++)
            cluster.Write("db", $"m v={i} {i}\n");
        Assert.True(await cluster.Cluster.Journal.Store!.Log.WaitDurableAsync(cluster.Cluster.Journal.Tail));
        await cluster.UntilAsync(
            () => cluster.Courier("a").Tally.Delivered == records, "a has them", TimeSpan.FromMilliseconds(20));
        await cluster.UntilAsync(
            () => cluster.Cluster.Couriers.All(static one => one.IsFailing || one.Tally.Pending == 0),
            "all is known", TimeSpan.FromMilliseconds(20));
    }

    private static async Task<(int Code, string Text)> RunAsync(params string[] arguments)
    {
        (int code, string text, _) = await RunFullyAsync(arguments);
        return (code, text);
    }

    private static async Task<(int Code, string Text, string Errors)> RunFullyAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int code = await JournalCommand.Build().Parse(arguments).InvokeAsync(
            new InvocationConfiguration { Output = output, Error = errors },
            TestContext.Current.CancellationToken);
        return (code, output.ToString(), errors.ToString());
    }
}
