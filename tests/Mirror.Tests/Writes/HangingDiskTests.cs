using InfluxMirror.Tests.Delivery;
using InfluxMirror.Tests.Journal.Disk;
using InfluxMirror.Writes;
using Xunit;

namespace InfluxMirror.Tests.Writes;

/// <summary>Clients of a gateway whose disk does not come back; destination a is quick, b waits to be answered.</summary>
public sealed class HangingDiskTests : DurableTests
{
    [Theory]
    [InlineData(ConsistencyLevel.Any)]
    [InlineData(ConsistencyLevel.One)]
    public Task A_confirmed_write_that_the_disk_does_not_take_is_not_said_to_be_safe(ConsistencyLevel level) =>
        OnHangingDiskAsync(async cluster =>
        {
            Task<WriteResult> write = cluster.WriteAsync(level);
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");
            cluster.Time.Advance(WriterBench.AckTimeout - TimeSpan.FromMilliseconds(1));
            Assert.False(write.IsCompleted);
            // Steps, since it is not known at which moment of the clock the disk was asked.
            await cluster.UntilAsync(() => write.IsCompleted, "the client is told", TimeSpan.FromMilliseconds(100));

            Assert.Equal(WriteOutcome.NotSafe, (await write).Outcome);
            (await cluster["b"].NextAsync()).Answer(204);
        });

    [Fact]
    public Task A_write_that_everybody_confirms_needs_no_disk() =>
        OnHangingDiskAsync(async cluster =>
        {
            // Asking for less, a client has the disk asked some milliseconds of the real clock after the first one.
            Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.All);
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");
            Assert.False(write.IsCompleted);

            (await cluster["b"].NextAsync()).Answer(204);
            await cluster.UntilAsync(() => write.IsCompleted, "the client is told");

            Assert.Equal(WriteOutcome.Accepted, (await write).Outcome);
        });

    [Fact]
    public Task A_disk_that_does_not_come_back_does_not_hold_up_the_end() =>
        OnHangingDiskAsync(async cluster =>
        {
            Task<WriteResult> write = cluster.WriteAsync(ConsistencyLevel.Any);
            await cluster.UntilAsync(() => cluster.Courier("a").Tally.Delivered == 1, "a has it");

            Task end = cluster.Cluster.StopAsync(new CancellationToken(canceled: true));
            await cluster.EventuallyAsync(() => end.IsCompleted, "it has ended");

            await end;
            await cluster.EventuallyAsync(() => write.IsCompleted, "the client is told");
            Assert.Equal(WriteOutcome.NotSafe, (await write).Outcome);
        });

    private async Task OnHangingDiskAsync(Func<TestCluster, Task> test)
    {
        using ManualResetEventSlim comesBack = new();
        await using TestCluster cluster = TestCluster.OnDisk(
            Folder, disk => new HookedDisk(disk) { Creating = comesBack.Wait }, "a", "b");
        cluster["b"].Script = ScriptedDestination.Wait;
        try
        {
            await test(cluster);
        }
        finally
        {
            comesBack.Set();
        }

        await cluster.QuietAsync();
        Assert.All(cluster.Cluster.Couriers, static courier => Assert.Equal(1, courier.Tally.Delivered));
    }
}
