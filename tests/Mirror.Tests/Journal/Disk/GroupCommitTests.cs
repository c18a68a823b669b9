using System.Diagnostics;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>What durability costs on this machine; printed, and bounded so loosely that only a broken log fails.</summary>
[CollectionDefinition(nameof(GroupCommitTests), DisableParallelization = true)]
[Collection(nameof(GroupCommitTests))]
public sealed class GroupCommitTests(ITestOutputHelper output)
{
    private const int RecordBytes = 16 * 1024;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(1.5);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(64)]
    public async Task Records_of_many_writers_share_syncs(int writers)
    {
        using var scratch = new ScratchJournal { Options = new LogOptions() };
        await using SegmentLog log = scratch.Open();
        await Run(log, writers, TimeSpan.FromSeconds(0.5));
        long syncs = log.Counters.Syncs;
        long clock = Stopwatch.GetTimestamp();
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        double[] latencies = await Run(log, writers, Duration);
        processor = Environment.CpuUsage.TotalTime - processor;
        double seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        syncs = log.Counters.Syncs - syncs;
        Array.Sort(latencies);
        output.WriteLine(
            $"{writers} writers of {RecordBytes} B: {latencies.Length / seconds:F0} records/s, " +
            $"{latencies.Length * (double)RecordBytes / seconds / 1e6:F0} MB/s, p50 {latencies[latencies.Length / 2]:F2} ms, " +
            $"p99 {latencies[latencies.Length * 99 / 100]:F2} ms, max {latencies[^1]:F1} ms, " +
            $"{latencies.Length / (double)syncs:F1} records a sync, {processor.TotalMicroseconds / latencies.Length:F0} us of CPU a record");
        Assert.InRange(syncs, 1, latencies.Length);
        if (writers == 64)
            Assert.True(latencies.Length > 4 * syncs, $"{latencies.Length} records took {syncs} syncs");
    }

    private static async Task<double[]> Run(SegmentLog log, int writers, TimeSpan duration)
    {
        long clock = Stopwatch.GetTimestamp();
        List<double>[] latencies = await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
        {
            using var body = new Owned(SharedBuffer.Copy(ScratchJournal.Body(RecordBytes, 1)));
            List<double> own = [];
            while (Stopwatch.GetElapsedTime(clock) < duration)
            {
                long start = Stopwatch.GetTimestamp();
                var entry = new LogEntry(1, new byte[40], body.Buffer);
                AppendOutcome outcome = log.TryAppend(entry);
                Assert.Equal(AppendOutcome.Appended, outcome);
                Assert.True(await log.WaitDurableAsync(entry.Position));
                own.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                // As when every destination has them.
                log.Trim(entry.Position - 1000);
            }

            return own;
        })));
        return [.. latencies.SelectMany(own => own)];
    }

    private sealed record Owned(SharedBuffer Buffer) : IDisposable
    {
        public void Dispose() => Buffer.Release();
    }
}
