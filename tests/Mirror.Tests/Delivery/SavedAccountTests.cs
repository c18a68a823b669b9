using InfluxMirror.Delivery;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>An account that another version of the program saved.</summary>
public sealed class SavedAccountTests : DurableTests
{
    [Fact]
    public async Task Bytes_that_were_counted_in_another_way_are_put_right_when_all_of_that_time_is_done()
    {
        await LeaveTallyAsync(static tally => tally with { PendingBytes = 10 });
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").Save());
        Assert.Equal(0, second.Courier("b").Tally.PendingBytes);

        second["b"].Script = ScriptedDestination.Wait;
        MirroredRecord record = Records.Write("db", "m v=6 6\n");
        Assert.True(second.Cluster.TryAppend(record));
        Assert.Equal("/write?db=db".Length + "m v=6 6\n".Length, second.Courier("b").Tally.PendingBytes);
    }

    [Fact]
    public async Task What_was_dropped_before_anybody_said_why_is_kept_as_such_and_the_sum_holds()
    {
        await LeaveTallyAsync(static tally => tally with
        {
            Accepted = tally.Accepted + 9, Dropped = 9, Full = 4, Aged = 2, Damaged = 1,
        });
        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();
        CourierTally tally = second.Courier("b").Tally;
        Assert.Equal([4, 2, 1, 0, 2], Enum.GetValues<DropCause>().Select(tally.DroppedAs));
        Assert.Equal((14, 9, 5), (tally.Accepted, tally.Dropped, tally.Delivered));
        second.AssertAccounts();
    }

    [Fact]
    public void An_account_without_causes_is_read()
    {
        CourierState? state = CourierState.Decode(
            """
            {"Through":7,"NeedsResync":true,"Members":["a","b"],"Tally":
            {"Accepted":9,"Delivered":4,"Rejected":0,"Dropped":5,"PendingBytes":0,"PendingRecords":0}}
            """u8);
        CourierTally tally = new();
        tally.Restore(state!.Tally);
        Assert.Equal((5, 5), (tally.Dropped, tally.DroppedAs(DropCause.Unknown)));
    }

    [Fact]
    public async Task That_the_destination_vanished_after_a_record_without_a_place_is_forgotten()
    {
        await LeaveBacklogAsync(static state => state with { Vanished = [0, 1] });
        await using TestCluster second = TestCluster.OnDisk(Folder);
        second.Enter("b", ScriptedDestination.Absent);
        second.Found("a");
        Assert.True(second.Courier("b").Save());
        Assert.Equal([1], Saved().State.Vanished);
    }

    [Fact]
    public async Task What_was_on_its_way_to_the_disk_when_a_destination_came_back_is_in_its_account_once()
    {
        using ManualResetEventSlim disk = new(initialState: true);
        await using (TestCluster first = TestCluster.OnDisk(Folder, Slow, "a", "b"))
        {
            await RemoveAsync(first, "b");
            disk.Reset();
            for (int i = 1; i <= 3; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 3, "a has them");
            first.Add("b", ScriptedDestination.Absent);
            Fates last = first.Write("db", "m v=4 4\n");
            disk.Set();
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(last.Record));
            Assert.True(first.Courier("b").Save());
            Assert.Equal(4, first.Courier("b").Tally.Accepted);
        }

        await using TestCluster second = TestCluster.OnDisk(Folder, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").Save());
        CourierTally tally = second.Courier("b").Tally;
        Assert.Equal((4, 4, 0), (tally.Accepted, tally.Delivered, tally.Dropped));

        HookedDisk Slow(IDisk over) => new(over) { Creating = () => disk.Wait() };
    }

    [Fact]
    public async Task What_was_read_is_counted_once_though_the_disk_fails_again_before_a_crash()
    {
        HookedDisk? disk = null;
        string image;
        await using (TestCluster first = TestCluster.OnDisk(Folder, over => disk = new HookedDisk(over), "a", "b"))
        {
            await RemoveAsync(first, "b");
            Fates last = null!;
            for (int i = 1; i <= 3; i++)
                last = first.Write("db", $"m v={i} {i}\n");
            Assert.True(await first.Cluster.Journal.WaitSafeAsync(last.Record));
            // What it waits for cannot be counted at once, and is when it is read.
            FailFor(Environment.CurrentManagedThreadId);
            first.Add("b", ScriptedDestination.Absent);
            disk!.Opening = null;
            await first.UntilAsync(() => first.Courier("b").Tally.Accepted == 3, "they are read");
            FailFor(Environment.CurrentManagedThreadId);
            Assert.True(first.Courier("b").Save());
            disk.Opening = null;
            image = CopyTo("image");
        }

        await using TestCluster second = TestCluster.OnDisk(image, "a", "b");
        await second.QuietAsync();
        Assert.True(second.Courier("b").Save());
        CourierTally tally = second.Courier("b").Tally;
        Assert.Equal((3, 3, 0), (tally.Accepted, tally.Delivered, tally.Dropped));
        Assert.False(second.Courier("b").NeedsResync);

        void FailFor(int thread) => disk!.Opening = () =>
        {
            FailFor(thread);
            if (Environment.CurrentManagedThreadId == thread)
                throw new DiskException(DiskFault.Failed, "The disk failed.");
        };
    }

    /// <summary>Five writes that b did not get; its account is changed before the next start.</summary>
    private Task LeaveTallyAsync(Func<TallySnapshot, TallySnapshot> change) =>
        LeaveBacklogAsync(state => state with { Tally = change(state.Tally) });

    /// <summary>The same; what is saved beside its place is changed.</summary>
    private async Task LeaveBacklogAsync(Func<CourierState, CourierState> change)
    {
        await using (TestCluster first = TestCluster.OnDisk(Folder, "a", "b"))
        {
            first["b"].Script = ScriptedDestination.Absent;
            for (int i = 1; i <= 5; i++)
                first.Write("db", $"m v={i} {i}\n");
            await first.UntilAsync(() => first.Courier("a").Tally.Delivered == 5, "a has them");
        }

        var (cursor, state) = Saved();
        new CursorFile(new LinuxDisk(Folder), "b").Save(cursor with { Extra = change(state).Encode() });
    }

    /// <summary>What is saved of b.</summary>
    /// <summary>Whoever comes back then begins at once: nothing of it is still under way.</summary>
    private static async Task RemoveAsync(TestCluster cluster, string destination)
    {
        PositionRuns next = new();
        next.Add(cluster.Cluster.Journal.Tail + 1, cluster.Cluster.Journal.Tail + 1);
        cluster.Remove(destination);
        await cluster.UntilAsync(
            () => cluster.Cluster.Journal.Store!.AbsentLacking(next).Count > 0, "it has no reader any more");
    }

    private (CursorState Cursor, CourierState State) Saved()
    {
        CursorState cursor = CursorFile.LoadAll(new LinuxDisk(Folder), Assert.Fail)
            .Single(static one => one.Key == "b").Value;
        return (cursor, CourierState.Decode(cursor.Extra.Span)!);
    }
}
