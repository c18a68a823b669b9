using System.Diagnostics;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>Segments that are kept for a few of their records are written anew, on a real disk.</summary>
public sealed class CompactionTests : IDisposable
{
    private const int Count = 120;

    private readonly ScratchJournal _scratch = new();
    private readonly byte[][] _bodies = [.. Enumerable.Range(0, Count).Select(i => ScratchJournal.Body(3000 + i, i))];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_needed_of_adjacent_segments_becomes_one_small_one()
    {
        await using (SegmentLog log = _scratch.Open())
        {
            await ScratchJournal.Append(log, _bodies);
            Segment[] run = [.. log.Segments.SkipLast(2)];
            long end = run[^1].Last;
            Assert.Null(log.Compact(run, static position => position % 10 == 0));

            Segment written = log.Segments[0];
            Assert.Equal((1, end), (written.Header.First, written.Last));
            Assert.Equal(3, log.Segments.Count);
            Assert.InRange(written.FileBytes, 3000 * (end / 10), 3400 * ((end / 10) + 4));
            Assert.Equal(written.FileBytes, new FileInfo(Path.Combine(_scratch.Folder, written.Name)).Length);
            Assert.Equal(Left(end), ScratchJournal.ReadAll(log).Bodies.Keys);
            Assert.Equal(3, _scratch.Files(".seg").Length);
            // What is left is written once more with the next one, and a start between the two is no matter.
            Assert.Null(log.Compact([.. log.Segments.Take(2)], static position => position % 20 == 0));
        }

        await using SegmentLog again = _scratch.Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(again);
        Assert.Empty(damage);
        Assert.Empty(again.Recovered.Damage);
        Assert.Equal(2, again.Segments.Count);
        Assert.Equal(Left(again.Segments[0].Last, 20), read.Keys);
        Assert.All(read, one => Assert.Equal(_bodies[one.Key - 1], one.Value));
        Assert.Equal(Count + 1, (await ScratchJournal.Append(again, [1]))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_segment_that_cannot_be_read_keeps_no_other_from_being_written_anew(bool failsToOpen)
    {
        FailingDisk disk = new(new LinuxDisk(_scratch.Folder)) { FailsToOpen = failsToOpen };
        await using JournalStore store = JournalStore.Open(
            disk, _scratch.Options, static _ => throw new UnreachableException(), static _ => { });
        await ScratchJournal.Append(
            store.Log, [.. Enumerable.Range(0, 400).Select(static i => ScratchJournal.Body(5000, i))]);
        int before = store.Log.Segments.Count;
        disk.Bad = store.Log.Segments[0].Name;
        CompletedRanges done = new(0);
        for (long position = 1; position <= 400; position++)
        {
            if (position % 20 != 5)
                done.Add(position);
        }

        store.Enter("a", 0);
        store.Save("a", CursorState.Of(done));
        store.Trim();
        for (int i = 0; i < 60; i++)
            store.Compact(isUrgent: i % 2 == 0);

        Assert.InRange(store.Log.Segments.Count, 1, before / 2);
        Assert.Equal(disk.Bad, store.Log.Segments[0].Name);
    }

    [Fact]
    public async Task A_reader_in_the_middle_of_it_goes_on()
    {
        await using SegmentLog log = _scratch.Open();
        await ScratchJournal.Append(log, _bodies);
        foreach (int start in new[] { 1, 30, 60 })
        {
            List<LogDamage> damage = [];
            using SegmentReader reader = log.OpenReader(start, damage.Add);
            List<long> positions = [Next(reader)];
            Assert.Null(log.Compact([.. log.Segments.SkipLast(1)], static position => position % 3 == 0));
            for (long position; (position = Next(reader)) > 0;)
                positions.Add(position);
            Assert.Empty(damage);
            Assert.Equal(positions.Order().Distinct(), positions);
            Assert.Equal(
                Enumerable.Range(start + 1, Count - start - 1).Where(static position => position % 3 == 0),
                positions.Skip(1).Select(static position => (int)position).Where(static position => position % 3 == 0
                    && position < Count));
        }

        static long Next(SegmentReader reader)
        {
            LogRecord? record = reader.TryRead();
            record?.Body.Release();
            return record?.Position ?? 0;
        }
    }

    [Fact]
    public async Task A_reader_that_is_about_to_open_a_file_that_goes_reads_the_new_one()
    {
        await using (SegmentLog log = _scratch.Open())
            await ScratchJournal.Append(log, _bodies);
        HookedDisk disk = new(new LinuxDisk(_scratch.Folder));
        using LogCore core = new(disk, _scratch.Options, Recovery.Run(disk, _scratch.Options), static _ => { });
        Segment[] run = [.. core.Segments.SkipLast(1)];
        using SegmentReader reader = core.OpenReader(1, static damage => Assert.Fail(damage.ToString()));
        disk.Opening = () => Assert.Null(core.Compact(run, static position => position % 10 == 0));

        LogRecord first = reader.TryRead()!;
        first.Body.Release();
        Assert.Equal(10, first.Position);
        Assert.NotEqual(run[0], core.Segments[0]);
    }

    [Fact]
    public async Task F4_a_damaged_segment_stays_as_it_is()
    {
        await using SegmentLog log = _scratch.Open();
        await ScratchJournal.Append(log, _bodies);
        string second = Path.Combine(_scratch.Folder, log.Segments[1].Name);
        byte[] bytes = await File.ReadAllBytesAsync(second, Cancel);
        bytes[20_000] ^= 1;
        await File.WriteAllBytesAsync(second, bytes, Cancel);

        Segment[] run = [.. log.Segments.Take(3)];
        Assert.Same(run[1], log.Compact(run, static _ => true));
        Assert.Equal(run, log.Segments.Take(3));
        Assert.Single(ScratchJournal.ReadAll(log).Damage);
        Assert.Empty(_scratch.Files(".1.new"));
    }

    [Fact]
    public async Task F8_what_is_written_anew_has_its_room_within_the_limit()
    {
        const int limit = 512 * 1024;
        using var small = new ScratchJournal
        {
            Options = new LogOptions { SegmentBytes = 64 * 1024, MaxBytes = limit, MaxSpares = 0 },
        };
        long most = 0;
        HookedDisk disk = new(new LinuxDisk(small.Folder))
        {
            Renaming = _ => most = Math.Max(
                most, small.Files("seg").Concat(small.Files("new")).Sum(static file => new FileInfo(file).Length)),
        };
        await using SegmentLog log = SegmentLog.Open(disk, small.Options, small.News.Add);
        LogEntry entry;
        while (log.TryAppend(entry = ScratchJournal.Entry(new byte[3000], "header of 3000")) == AppendOutcome.Appended)
            Assert.True(await log.WaitDurableAsync(entry.Position, Cancel));
        long before = most;

        Assert.Null(log.Compact([.. log.Segments.SkipLast(1)], static position => position % 10 == 0));

        Assert.InRange(most, before + 1, limit);
    }

    [Fact]
    public async Task What_is_needed_of_a_segment_is_measured_by_the_byte()
    {
        await using SegmentLog log = _scratch.Open();
        await ScratchJournal.Append(log, _bodies);
        Segment first = log.Segments[0];
        long? measured = log.Measure(first, static position => position % 10 == 3);
        Assert.Null(log.Compact([first], static position => position % 10 == 3));
        Assert.Equal(log.Segments[0].FileBytes, measured);
    }

    [Fact]
    public async Task Segments_that_a_crash_brings_back_beside_the_new_one_do_not_count()
    {
        string[] old;
        await using (SegmentLog log = _scratch.Open())
        {
            await ScratchJournal.Append(log, _bodies);
            Segment[] run = [.. log.Segments.Skip(1).Take(2)];
            old = [.. run.Select(segment => Path.Combine(_scratch.Folder, segment.Name))];
            foreach (string file in old)
                File.Copy(file, $"{file}.kept");
            Assert.Null(log.Compact(run, position => position == run[0].Header.First + 2));
        }

        foreach (string file in old)
            File.Move($"{file}.kept", file, overwrite: true);
        await using SegmentLog again = _scratch.Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(again);
        Assert.Empty(damage);
        Assert.Empty(again.Recovered.Damage);
        Segment written = again.Segments[1];
        Assert.Equal([written.Header.First + 2],
            read.Keys.Where(position => position >= written.Header.First && position <= written.Last));
        Assert.All(old, static file => Assert.False(File.Exists(file)));
    }

    [Fact]
    public async Task A_segment_that_went_because_nobody_needed_it_is_not_missed()
    {
        long low;
        await using (SegmentLog log = _scratch.Open())
        {
            await ScratchJournal.Append(log, _bodies);
            Segment second = log.Segments[1];
            low = second.Header.First - 2;
            CursorState state = new(low, [new PositionRange(second.Header.First, second.Last)]);
            new CursorFile(new LinuxDisk(_scratch.Folder), "b").Save(state);
            log.Discard(second);
            while (File.Exists(Path.Combine(_scratch.Folder, second.Name)))
                await Task.Delay(5, Cancel);
        }

        await using SegmentLog again = _scratch.Open();
        Assert.Empty(again.Recovered.Damage);
        Assert.Contains(low + 1, ScratchJournal.ReadAll(again, low + 1).Bodies.Keys);
    }

    public void Dispose() => _scratch.Dispose();

    private static IEnumerable<long> Left(long end, int every = 10) =>
        Enumerable.Range(1, Count).Select(static i => (long)i).Where(position => position > end || position % every == 0);
}
