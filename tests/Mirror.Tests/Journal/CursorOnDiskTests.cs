using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using InfluxMirror.Tests.Journal.Disk;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Log = InfluxMirror.Journal.Journal;

namespace InfluxMirror.Tests.Journal;

/// <summary>A cursor that reads now in memory, now on disk.</summary>
public sealed class CursorOnDiskTests : IDisposable
{
    private const int RecordBytes = 10_000, Limit = 100_000;

    private readonly ScratchJournal _scratch = new();

    [Fact]
    public async Task Whoever_goes_between_disk_and_memory_reads_everything_once_and_in_order()
    {
        await using JournalStore store = JournalStore.Open(
            new LinuxDisk(_scratch.Folder), _scratch.Options, static found => new TestRecord((int)found.Position),
            static _ => { });
        Log journal = new(store, Limit, new FakeTimeProvider());
        JournalCursor cursor = journal.OpenCursor("slow");
        List<long> read = [];
        for (int round = 0; round < 4; round++)
        {
            // More than memory takes, and read so far on disk as it is not in memory; the rest in memory.
            await AppendAsync(journal, 30);
            while (cursor.IsBehind)
            {
                ReadBackStep step = cursor.ReadBack(static damage => Assert.Fail(damage.ToString()));
                if (cursor.Accept(step))
                    read.Add(step.Through);
            }

            while (cursor.TryRead() is { } record)
                read.Add(record.Position);
        }

        Assert.Equal(Enumerable.Range(1, 120).Select(static position => (long)position), read);
        cursor.StopReading();
    }

    [Fact]
    public async Task What_was_done_before_a_restart_is_saved_again_before_it_is_read_again()
    {
        CursorState before = new(2, [new PositionRange(5, 7), new PositionRange(9, 9)]);
        await using JournalStore store = JournalStore.Open(
            new LinuxDisk(_scratch.Folder), _scratch.Options, static found => new TestRecord((int)found.Position),
            static _ => { });
        Log journal = new(store, Limit, new FakeTimeProvider());
        await AppendAsync(journal, 10);
        store.Save("slow", before);

        JournalCursor cursor = journal.OpenCursor("slow");

        CursorState now = cursor.State(default);
        Assert.Equal(before.LowWaterMark, now.LowWaterMark);
        Assert.Equal(before.Completed, now.Completed);
    }

    /// <summary>
    /// Its header says where the segment before ends, and what follows there was never safe: records of positions that
    /// nobody has seen yet would come back with a start that does not find it.
    /// </summary>
    [Fact]
    public async Task A_segment_behind_one_that_is_needed_stays_until_every_position_up_to_the_next_one_is_done()
    {
        Segment middle;
        await using (SegmentLog log = _scratch.Open())
        {
            await ScratchJournal.Append(log, [.. Enumerable.Range(0, 8).Select(static i => ScratchJournal.Body(20_000, i))]);
            middle = log.Segments[1];
        }

        // As if positions behind it had been given, and lost.
        LogOptions options = new()
        {
            SegmentBytes = _scratch.Options.SegmentBytes, MaxBytes = _scratch.Options.MaxBytes, TakenThrough = 20,
        };
        await using JournalStore store = JournalStore.Open(
            new LinuxDisk(_scratch.Folder), options, static found => new TestRecord((int)found.Position), static _ => { });
        await ScratchJournal.Append(store.Log, [.. Enumerable.Range(0, 8).Select(static i => ScratchJournal.Body(20_000, i))]);
        long first = middle.Header.First;
        Segment behind = store.Log.Segments.First(segment => segment.Header.First > 20);
        Segment last = store.Log.Segments.Last(segment => segment.Header.First < behind.Header.First);
        store.Enter("a", 0);
        store.Save("a", new CursorState(0, [new PositionRange(first, last.Last), new PositionRange(21, 40)]));
        store.Trim();
        Assert.False(last.IsDiscarded);

        store.Save("a", new CursorState(0, [new PositionRange(first, 40)]));
        store.Trim();
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(20));
        while (File.Exists(Path.Combine(_scratch.Folder, last.Name)))
            await Task.Delay(5, late.Token);
        Assert.True(File.Exists(Path.Combine(_scratch.Folder, store.Log.Segments[0].Name)));
    }

    public void Dispose() => _scratch.Dispose();

    private static async Task AppendAsync(Log journal, int count)
    {
        for (int i = 0; i < count; i++)
        {
            TestRecord record = new(i, RecordBytes);
            Assert.Equal(AppendOutcome.Appended, journal.TryAppend(record));
            Assert.True(await journal.WaitSafeAsync(record));
        }
    }
}
