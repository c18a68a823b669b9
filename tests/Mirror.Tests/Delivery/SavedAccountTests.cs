using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>An account that another version of the program saved.</summary>
public sealed class SavedAccountTests : DurableTests
{
    [Fact]
    public async Task Bytes_that_were_counted_in_another_way_are_put_right_when_all_of_that_time_is_done()
    {
        await LeaveBacklogAsync(static tally => tally with { PendingBytes = 10 });
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").Save());
        Assert.Equal(0, second.Courier("b").Tally.PendingBytes);

        second["b"].Script = ScriptedDestination.Wait;
        MirroredRecord record = Records.Write("db", "m v=6 6\n");
        Assert.True(second.Cluster.TryAppend(record));
        Assert.Equal("/write?db=db".Length + "m v=6 6\n".Length, second.Courier("b").Tally.PendingBytes);
    }

    /// <summary>Five writes that b did not get; its account is changed before the next start.</summary>
    private async Task LeaveBacklogAsync(Func<TallySnapshot, TallySnapshot> change)
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            for (int i = 1; i <= 5; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 5, "a has them");
        }

        LinuxDisk disk = new(Folder);
        CursorState saved = CursorFile.LoadAll(disk, Assert.Fail).Single(static one => one.Key == "b").Value;
        CourierState state = CourierState.Decode(saved.Extra.Span)!;
        new CursorFile(disk, "b").Save(saved with { Extra = (state with { Tally = change(state.Tally) }).Encode() });
    }
}
