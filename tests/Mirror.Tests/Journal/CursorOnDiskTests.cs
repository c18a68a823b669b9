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
    public async Task What_was_done_beyond_what_is_read_so_far_is_saved_again()
    {
        CompletedRanges done = new(0);
        done.Add(3);
        await using (JournalStore first = Open())
        {
            Log journal = new(first, Limit, new FakeTimeProvider());
            await AppendAsync(journal, 5);
            first.Save("slow", CursorState.Of(done, 5));
        }

        await using JournalStore second = Open();
        JournalCursor cursor = new Log(second, Limit, new FakeTimeProvider()).OpenCursor("slow");

        Assert.Equal(0, cursor.ReadThrough);
        Assert.Equal(new PositionRange(3, 3), Assert.Single(cursor.State(default).Completed));
    }

    private JournalStore Open() => JournalStore.Open(
        new LinuxDisk(_scratch.Folder), _scratch.Options, static found => new TestRecord((int)found.Position),
        static _ => { });

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
