using System.Globalization;
using System.Text.RegularExpressions;

namespace Gateway.SystemTests.Durability;

/// <summary>Files of a stopped gateway are damaged: it starts, loses what was hit and nothing else, and says so.
/// </summary>
public sealed partial class DamagedJournalTests(ITestOutputHelper output)
{
    private const int Records = 500;
    private const int RecordBytes = 20_000;
    private const int PageBytes = 4096;

    [Theory]
    [InlineData("the end of the newest segment is cut off", true)]
    [InlineData("a bit flips in the newest segment", true)]
    [InlineData("a bit flips in an older segment", false)]
    [InlineData("a page of zeros in an older segment", false)]
    [InlineData("a page of zeros in the newest segment", true)]
    public async Task F4_Damage_costs_the_records_it_touches_and_is_reported(string damage, bool newest)
    {
        await using Lab lab = await BacklogForBAsync();
        string[] segments = new JournalFiles(lab.Gateway.JournalFolder).Segments;
        Assert.True(segments.Length >= 3, $"{segments.Length} segments");
        string segment = newest ? segments[^1] : segments[1];
        int end = JournalFiles.End(segment);
        int middle = end / 2 / PageBytes * PageBytes;
        (int from, int to) = (middle, middle + PageBytes);
        if (damage.StartsWith("the end"))
        {
            (from, to) = (end - Random.Shared.Next(1, RecordBytes / 2), end);
            JournalFiles.Truncate(segment, from);
        }
        else if (damage.StartsWith("a page"))
        {
            JournalFiles.Change(segment, from, PageBytes, _ => 0);
        }
        else
        {
            to = from + 1;
            JournalFiles.Change(segment, from, 1, one => (byte)(one ^ 4));
        }

        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        int[] lost = await LostAsync(lab);
        output.WriteLine($"lost: {string.Join(' ', lost)}");
        // A page may touch two records.
        Assert.InRange(lost.Length, 1, damage.StartsWith("a page") ? 2 : 1);
        if (damage.StartsWith("the end"))
            Assert.Equal(Records - 1, lost[0]);
        AssertPlaceLogged(lab, Path.GetFileName(segment), from, to);
        await AssertReportedAsync(lab, lost.Length);
        // A torn end is no place a destination comes by.
        MetricsPage page = await lab.Gateway.MetricsAsync();
        int places = damage.StartsWith("the end") ? 0 : 1;
        Assert.InRange(page.Of(MetricNames.Damages, "b"), places, places * 2);
        Assert.Equal(0, page.Of(MetricNames.Damages, "a"));
    }

    [Fact]
    public async Task F4_A_segment_that_is_gone_costs_its_records_and_is_reported()
    {
        await using Lab lab = await BacklogForBAsync();
        string segment = new JournalFiles(lab.Gateway.JournalFolder).Segments[1];
        int[] inside = [.. Enumerable.Range(0, Records).Where(
            number => JournalFiles.Find(segment, Small.Line(number)) >= 0)];
        Assert.NotEmpty(inside);
        File.Delete(segment);
        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        Assert.Equal(inside, await LostAsync(lab));
        await AssertReportedAsync(lab, inside.Length);
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("garbled")]
    [InlineData("empty")]
    public async Task F5_A_cursor_that_is_lost_is_rebuilt_from_the_segments(string how)
    {
        await using Lab lab = await BacklogForBAsync();
        JournalFiles files = new(lab.Gateway.JournalFolder);
        Lose(files.Cursor("a"), how);
        Lose(files.Cursor("b"), how);

        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Records, (await lab.B.PointsAsync("db1")).Count);
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Dropped, "b"));
        // What comes next gets positions that were never used.
        await lab.WriteAsync("db1", "next v=1i 1", "consistency=all");
        await lab.AssertConvergedAsync();
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("garbled")]
    [InlineData("empty")]
    public async Task F5_One_cursor_of_two_that_is_lost_after_a_clean_stop_costs_no_backlog(string how)
    {
        await using Lab lab = await BacklogForBAsync(stopped: true);
        Lose(new JournalFiles(lab.Gateway.JournalFolder).Cursor("b"), how);

        await lab.Gateway.RestartAsync();
        await lab.B.RestartAsync();
        await lab.AssertConvergedAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Records, (await lab.B.PointsAsync("db1")).Count);
        await lab.AssertWholeAsync();
    }

    private static void Lose(string cursor, string how)
    {
        Assert.True(File.Exists(cursor), cursor);
        if (how == "deleted")
            File.Delete(cursor);
        else
            File.WriteAllBytes(cursor, how == "empty" ? [] : [.. Enumerable.Repeat((byte)0x5a, 300)]);
    }

    /// <summary>The log names the file and where in it a reader stumbled: at the record that was hit.</summary>
    private static void AssertPlaceLogged(Lab lab, string file, int from, int to)
    {
        (int Offset, int Length)[] places = [.. Place().Matches(lab.Gateway.Log)
            .Where(place => place.Groups["file"].Value == file)
            .Select(place => (Number(place, "offset"), Number(place, "length")))];
        Assert.True(
            places.Any(place => place.Offset <= from && from - place.Offset <= RecordBytes + 1000)
                && places.Any(place => place.Offset < to),
            $"damaged from {from} to {to} of {file}; logged: {string.Join(' ', places)}\n{lab.Gateway.LogTail()}");

        static int Number(Match place, string name) =>
            int.Parse(place.Groups[name].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@" in (?<file>\S+) at (?<offset>\d+), (?<length>\d+) bytes")]
    private static partial Regex Place();

    /// <summary>A has everything, B nothing but the database, and the gateway was killed, or stopped.</summary>
    private static async Task<Lab> BacklogForBAsync(bool stopped = false)
    {
        Lab lab = await Lab.StartAsync(new LabOptions { Configuration = Small.Journal(64) });
        try
        {
            lab.B.Kill();
            for (int number = 0; number < Records; number++)
                (await lab.Client.WriteAsync("db1", Small.Padded(number, RecordBytes))).MustBe(204);
            await lab.Gateway.SettledAsync(null, "a");
            // Progress is saved once a second.
            await Eventually.PauseAsync(TimeSpan.FromSeconds(2.5));
            if (stopped)
                Assert.Equal(0, await lab.Gateway.StopAsync(TimeSpan.FromSeconds(15)));
            else
                lab.Gateway.Kill();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    private static async Task<int[]> LostAsync(Lab lab)
    {
        await lab.Gateway.SettledAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Records, (await lab.A.PointsAsync("db1")).Count);
        HashSet<string> held = [.. (await lab.B.PointsAsync("db1")).Points];
        return [.. Enumerable.Range(0, Records).Where(
            number => !held.Contains($"autogen padded,n=number{number:00000} {number} v={number}"))];
    }

    private static async Task AssertReportedAsync(Lab lab, int lost)
    {
        await Eventually.ReasonGoneAsync($"{lost} points are counted as dropped for b", async () =>
        {
            MetricsPage page = await lab.Gateway.MetricsAsync();
            double dropped = page.Of(MetricNames.Dropped, "b");
            double resync = page.Of(MetricNames.NeedsResync, "b");
            return (dropped, resync) == (lost, 1)
                ? null
                : $"{dropped} are, needs resync {resync}\n{lab.Gateway.LogTail()}";
        });
        await lab.Gateway.AssertAccountingAsync();
        Assert.Equal(0, (await lab.Gateway.MetricsAsync()).Of(MetricNames.Dropped, "a"));
    }
}
