using InfluxMirror.Tests.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>What is said of a journal on disk that no cluster has.</summary>
public sealed class UnusedJournalsTests : DurableTests
{
    [Fact]
    public async Task What_somebody_has_not_got_is_told_by_the_saved_account_and_what_all_have_is_not()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a", "b"))
        {
            cluster["b"].Script = ScriptedDestination.Absent;
            Fates last = null!;
            for (int i = 1; i <= 3; i++)
                last = cluster.Write("db", $"m v={i} {i}\nm v={i} {i + 10}\n");
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 6, "a has them");
            Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(last.Record));
        }

        string[] files = Directory.GetFiles(Folder);
        Assert.Equal("6 point(s) for b", UnusedJournals.WaitingIn(Folder));
        Assert.Equal(files, Directory.GetFiles(Folder));

        await using (TestCluster again = TestCluster.OnDisk(Folder, "a", "b"))
            await again.QuietAsync();
        Assert.Null(UnusedJournals.WaitingIn(Folder));
    }

    [Fact]
    public async Task Records_that_no_account_counts_are_told_without_a_number_and_an_empty_journal_is_not()
    {
        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a"))
            Assert.Null(UnusedJournals.WaitingIn(Folder));
        Assert.Null(UnusedJournals.WaitingIn(Folder));

        await using (TestCluster cluster = TestCluster.OnDisk(Folder, "a"))
        {
            cluster["a"].Script = ScriptedDestination.Absent;
            Fates written = cluster.Write("db", "m v=1 1\n");
            Assert.True(await cluster.Cluster.Journal.WaitSafeAsync(written.Record));
        }

        File.Delete(Path.Combine(Folder, "a.cursor"));
        Assert.Equal("records", UnusedJournals.WaitingIn(Folder));
    }
}
