using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>The log with its threads, on a real disk.</summary>
public sealed class SegmentLogTests : IDisposable
{
    private readonly ScratchJournal _scratch = new();

    [Fact]
    public void The_first_position_is_of_what_waits_to_be_written_and_not_of_what_is_about_to_go()
    {
        var disk = new LinuxDisk(_scratch.Folder);
        using LogCore core = new(disk, _scratch.Options, Recovery.Run(disk, _scratch.Options), static _ => { });
        for (int i = 0; i < 6; i++)
            Assert.Equal(AppendOutcome.Appended, core.TryAppend(ScratchJournal.Entry(new byte[30_000])));
        Assert.Equal(1, core.First);
        core.Demand(core.Tail);
        Assert.True(core.WriteStep());
        Assert.Equal(1, core.First);

        long second = core.Segments[1].Header.First;
        core.Trim(second - 1);
        Assert.Equal((second, 1), (core.First, core.Segments[0].Header.First));
        Assert.True(core.KeepStep());
        Assert.Equal((second, second), (core.First, core.Segments[0].Header.First));
    }

    [Fact]
    public void F8_records_that_nobody_waits_for_yet_count_against_the_limit()
    {
        LogOptions options = new() { SegmentBytes = 64 * 1024, MaxBytes = 512 * 1024, MaxSpares = 0 };
        var disk = new LinuxDisk(_scratch.Folder);
        using LogCore core = new(disk, options, Recovery.Run(disk, options), static _ => { });
        while (core.TryAppend(ScratchJournal.Entry(new byte[3000])) == AppendOutcome.Appended)
            Assert.InRange(core.Tail, 1, 200);
        // Looked at, and left for later.
        Assert.False(core.WriteStep());

        Assert.Equal(AppendOutcome.LimitReached, core.TryAppend(ScratchJournal.Entry(new byte[3000])));
        core.Demand(core.Tail);
        Assert.True(core.WriteStep());
        Assert.InRange(core.Usage.SegmentBytes, 1, options.MaxBytes);
    }

    [Fact]
    public async Task Records_are_read_back_after_a_restart_and_positions_go_on()
    {
        byte[][] bodies = [.. Enumerable.Range(0, 50).Select(i => ScratchJournal.Body(i * 997 % 9000, i))];
        await using (SegmentLog log = _scratch.Open())
            Assert.Equal(50, (await ScratchJournal.Append(log, bodies))[^1]);

        await using SegmentLog again = _scratch.Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(again);
        Assert.Empty(damage);
        Assert.Empty(again.Recovered.Damage);
        Assert.Equal(bodies, read.Values);
        Assert.Equal(51, (await ScratchJournal.Append(again, [1, 2, 3]))[0]);
        Assert.Equal(51, ScratchJournal.ReadAll(again).Bodies.Count);
    }

    [Fact]
    public async Task Closing_writes_what_nobody_waited_for()
    {
        await using (SegmentLog log = _scratch.Open())
            Assert.Equal(AppendOutcome.Appended, log.TryAppend(ScratchJournal.Entry([9], "header of 1")));
        await using SegmentLog again = _scratch.Open();
        Assert.Equal([[9]], ScratchJournal.ReadAll(again).Bodies.Values);
    }

    [Fact]
    public async Task A_record_larger_than_a_segment_gets_a_file_of_its_own()
    {
        byte[] large = ScratchJournal.Body(1_000_000, 3);
        await using (SegmentLog log = _scratch.Open())
            await ScratchJournal.Append(log, [1], large, [2]);
        await using SegmentLog again = _scratch.Open();
        Assert.Equal([[1], large, [2]], ScratchJournal.ReadAll(again).Bodies.Values);
    }

    [Fact]
    public async Task A_cancelled_record_leaves_a_hole_and_holds_nothing_up()
    {
        await using SegmentLog log = _scratch.Open();
        LogEntry cancelled = ScratchJournal.Entry([1], "header of 1");
        Assert.Equal(AppendOutcome.Appended, log.TryAppend(cancelled));
        log.Cancel(cancelled);
        long[] positions = await ScratchJournal.Append(log, [2]);
        Assert.Equal(positions, ScratchJournal.ReadAll(log).Bodies.Keys);
        Assert.True(await log.WaitDurableAsync(cancelled.Position, Cancel));
    }

    [Fact]
    public async Task Trimmed_segments_are_used_again_and_the_folder_does_not_grow()
    {
        await using SegmentLog log = _scratch.Open();
        for (int i = 0; i < 400; i++)
            log.Trim((await ScratchJournal.Append(log, ScratchJournal.Body(5000, i)))[0]);
        await Eventually(() => log.Segments.Count == 1 && _scratch.Files(".seg").Length == 1);
        Assert.InRange(_scratch.Files(".spare").Length, 1, _scratch.Options.MaxSpares);
    }

    [Fact]
    public async Task The_limit_is_told_and_passes_when_the_oldest_segments_go()
    {
        using var small = new ScratchJournal { Options = new LogOptions { SegmentBytes = 64 * 1024, MaxBytes = 256 * 1024 } };
        await using SegmentLog log = small.Open();
        LogEntry entry;
        AppendOutcome outcome;
        do
        {
            entry = ScratchJournal.Entry(new byte[8000], "header of 8000");
            outcome = log.TryAppend(entry);
            if (outcome == AppendOutcome.Appended)
                Assert.True(await log.WaitDurableAsync(entry.Position, Cancel));
        }
        while (outcome == AppendOutcome.Appended);

        Assert.Equal(AppendOutcome.LimitReached, outcome);
        // The room of one is for what is written anew, of another one for what is vital.
        Assert.InRange(log.Usage.SegmentBytes, 128 * 1024, 256 * 1024);
        entry = new LogEntry(1, new byte[10], SharedBuffer.Copy(new byte[8000])) { IsVital = true };
        Assert.Equal(AppendOutcome.Appended, log.TryAppend(entry));
        Assert.True(await log.WaitDurableAsync(entry.Position, Cancel));
        entry = ScratchJournal.Entry(new byte[8000], "header of 8000");
        Assert.Equal(AppendOutcome.LimitReached, log.TryAppend(entry));
        Assert.InRange(log.Usage.SegmentBytes, 128 * 1024, 256 * 1024);
        log.Trim(log.Segments[0].Last);
        await Eventually(() => log.TryAppend(entry) == AppendOutcome.Appended);
    }

    [Fact]
    public async Task The_reserve_is_left_alone()
    {
        using var reserved = new ScratchJournal { Options = new LogOptions { SegmentBytes = 64 * 1024, ReserveBytes = long.MaxValue / 2 } };
        await using SegmentLog log = reserved.Open();
        LogEntry entry = ScratchJournal.Entry([1]);
        if (log.TryAppend(entry) == AppendOutcome.Appended)
            Assert.False(await log.WaitDurableAsync(entry.Position, Cancel));
        Assert.Equal(LogCondition.DiskFull, log.Condition);
        Assert.Equal(AppendOutcome.DiskFull, log.TryAppend(ScratchJournal.Entry([2])));
        Assert.Empty(reserved.Files(".seg"));
    }

    [Fact]
    public async Task Readers_follow_many_writers_while_segments_come_and_go()
    {
        const int writers = 8, each = 300;
        await using SegmentLog log = _scratch.Open();
        Task<long[]>[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() => Follow(log, writers * each)))];
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < each; i++)
            {
                LogEntry entry = ScratchJournal.Entry(ScratchJournal.Body(i * 31 % 3000, writer));
                Assert.Equal(AppendOutcome.Appended, log.TryAppend(entry));
                Assert.True(await log.WaitDurableAsync(entry.Position, Cancel));
            }
        })));

        foreach (long[] positions in await Task.WhenAll(readers))
            Assert.Equal(Enumerable.Range(1, writers * each).Select(i => (long)i), positions);
    }

    [Fact]
    public async Task A_reader_in_a_trimmed_segment_reads_on_undisturbed()
    {
        await using SegmentLog log = _scratch.Open();
        byte[][] bodies = [.. Enumerable.Range(0, 60).Select(i => ScratchJournal.Body(5000, i))];
        await ScratchJournal.Append(log, bodies);
        List<LogDamage> damage = [];
        using SegmentReader reader = log.OpenReader(1, damage.Add);
        LogRecord first = reader.TryRead()!;
        Assert.Equal(bodies[0], first.Body.Span.ToArray());
        log.Trim(log.Tail);
        await Eventually(() => log.Segments.Count == 1);
        for (int i = 0; i < 60; i++)
            await ScratchJournal.Append(log, ScratchJournal.Body(5000, 1000 + i));

        long second = reader.TryRead()!.Position;
        Assert.Equal(2, second);
        while (reader.TryRead() is { } record)
            record.Body.Release();
        Assert.Empty(damage);
        Assert.Equal(121, reader.Next);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _scratch.Dispose();

    private static async Task<long[]> Follow(SegmentLog log, int count)
    {
        List<long> positions = [];
        using SegmentReader reader = log.OpenReader(1, damage => Assert.Fail(damage.ToString()));
        while (positions.Count < count)
        {
            if (reader.TryRead() is { } record)
            {
                positions.Add(record.Position);
                record.Body.Release();
            }
            else
                await Task.Delay(1, Cancel);
        }

        return [.. positions];
    }

    private static async Task Eventually(Func<bool> condition)
    {
        for (int i = 0; i < 2000 && !condition(); i++)
            await Task.Delay(5, Cancel);
        Assert.True(condition());
    }
}
