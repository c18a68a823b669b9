using System.Diagnostics;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>
/// What a start could not read is not known to be absent, whatever stands around it: what a crash left behind, what a
/// failed sync left behind, what an earlier start could not read.
/// </summary>
public sealed class UnreadSegmentTests : IDisposable
{
    private const int Count = 60;

    // Without spares nothing is synced but what is told.
    private readonly ScratchJournal _scratch = new()
    {
        Options = new LogOptions { SegmentBytes = 64 * 1024, MaxBytes = 1_000_000_000, MaxSpares = 0 },
    };

    private readonly FailingDisk _disk;

    public UnreadSegmentTests() => _disk = new FailingDisk(new LinuxDisk(_scratch.Folder));

    /// <summary>Of three segments that were written anew, those that a crash brought back: a bit for each.</summary>
    public static TheoryData<int> LeftOver => [.. Enumerable.Range(0, 8)];

    [Theory]
    [MemberData(nameof(LeftOver))]
    public async Task What_was_written_anew_is_not_missed_whatever_is_left_of_the_old_ones(int left)
    {
        _disk.Bad = await CompactAsync(left);
        await using SegmentLog log = Open();
        Assert.DoesNotContain(log.Recovered.Damage, static one => one.Kind == LogDamageKind.MissingSegment);
        using SegmentReader reader = log.OpenReader(1, static damage => Assert.Fail($"{damage}"));
        Assert.Throws<DiskException>(() =>
        {
            for (; reader.TryRead() is { } record; record.Body.Release())
                Assert.True(record.Position < log.Segments[^1].Header.First);
        });
        _disk.Bad = null;
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(log);
        Assert.Empty(damage);
        Assert.Empty(Needed().Except(read.Keys));
    }

    [Theory]
    [MemberData(nameof(LeftOver))]
    public async Task Nothing_is_written_in_the_place_of_what_cannot_be_read(int left)
    {
        _disk.Bad = await CompactAsync(left);
        await using (SegmentLog log = Open())
        {
            foreach (Segment segment in log.Segments.SkipLast(1))
                log.Compact([segment], IsNeeded);
        }

        Assert.Empty(Needed().Except((await ReadAgainAsync()).Keys));
    }

    [Fact]
    public async Task What_no_later_header_names_is_not_taken_for_left_over()
    {
        await FillAsync();
        string unread = _disk.Bad = Path.GetFileName(_scratch.Files(".seg")[^1]);
        await using (SegmentLog log = Open())
            await ScratchJournal.Append(log, Bodies(30));
        _disk.Bad = null;
        await using (SegmentLog log = Open())
        {
            Segment next = log.Segments.First(segment => string.CompareOrdinal(segment.Name, unread) > 0);
            Assert.Null(log.Compact([next], static _ => true));
        }

        SortedDictionary<long, byte[]> before = await ReadAgainAsync();
        _disk.Bad = unread;
        await using (SegmentLog log = Open())
        {
            for (int i = 0; i + 2 < log.Segments.Count; i++)
                log.Compact([log.Segments[i], log.Segments[i + 1]], static _ => true);
        }

        Assert.Equal(before, await ReadAgainAsync());
    }

    [Fact]
    public async Task No_position_is_used_again_by_starts_of_which_each_could_read_something_else()
    {
        await FillAsync();
        _disk.IsDown = true;
        long first, second;
        await using (SegmentLog log = Open())
            first = (await ScratchJournal.Append(log, [1]))[0];
        _disk.IsDown = false;
        _disk.Bad = Path.GetFileName(_scratch.Files(".seg")[^1]);
        await using (SegmentLog log = Open())
            second = (await ScratchJournal.Append(log, [2]))[0];

        Assert.InRange(second, first + 1, long.MaxValue);
        Assert.Equal([.. Enumerable.Range(1, Count), first, second], (await ReadAgainAsync()).Keys);
    }

    [Fact]
    public async Task What_was_written_once_more_behind_a_failed_sync_is_read_from_there()
    {
        long end;
        await using (SegmentLog log = Open())
        {
            await ScratchJournal.Append(log, Bodies(2));
            end = log.Segments[^1].End;
            _disk.FailingSyncs = 1;
            await ScratchJournal.Append(log, Bodies(5));
            Assert.Equal(2, log.Segments.Count);
        }

        // Some of what was never safe did not reach the disk.
        using (FileStream file = File.OpenWrite(_scratch.Files(".seg")[0]))
        {
            file.Position = end + 1000;
            file.Write(new byte[512]);
        }

        _disk.IsDown = true;
        await using SegmentLog again = Open();
        _disk.IsDown = false;
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(again);
        Assert.Empty(damage);
        Assert.Equal(Enumerable.Range(1, 7).Select(static i => (long)i), read.Keys);
    }

    [Fact]
    public async Task What_could_not_be_read_is_not_let_go_before_it_is_known_which_positions_it_has()
    {
        await FillAsync();
        (_disk.IsDown, _disk.Good) = (true, Path.GetFileName(_scratch.Files(".seg")[^1]));
        await using (JournalStore store = JournalStore.Open(
            _disk, _scratch.Options, static _ => throw new UnreachableException(), static _ => { }))
        {
            store.Enter("a", 0);
            store.Save("a", new CursorState(0, [new PositionRange(3, 4)]));
            store.Trim();
        }

        Assert.Equal(Count, (await ReadAgainAsync()).Count);
    }

    [Fact]
    public async Task What_a_reader_finds_is_found_for_everybody()
    {
        await FillAsync();
        _disk.IsDown = true;
        await using SegmentLog log = Open();
        _disk.IsDown = false;
        Assert.Equal(Count, ScratchJournal.ReadAll(log).Bodies.Count);

        Assert.Null(log.Compact([.. log.Segments.SkipLast(1)], IsNeeded));
        long position = (await ScratchJournal.Append(log, [1]))[0];
        Assert.Empty(Needed().Append(position).Except(ScratchJournal.ReadAll(log).Bodies.Keys));
    }

    public void Dispose() => _scratch.Dispose();

    private static bool IsNeeded(long position) => position % 5 == 0;

    private static IEnumerable<long> Needed() =>
        Enumerable.Range(1, Count).Select(static i => (long)i).Where(IsNeeded);

    private static byte[][] Bodies(int count) =>
        [.. Enumerable.Range(0, count).Select(static i => ScratchJournal.Body(5000, i))];

    private SegmentLog Open() => SegmentLog.Open(_disk, _scratch.Options, static _ => { });

    private async Task FillAsync()
    {
        await using SegmentLog log = _scratch.Open();
        foreach (byte[] body in Bodies(Count))
            await ScratchJournal.Append(log, body);
    }

    /// <summary>Writes three segments anew, some of which come back. The name of the new one.</summary>
    private async Task<string> CompactAsync(int left)
    {
        await FillAsync();
        await using SegmentLog log = _scratch.Open();
        Segment[] run = [.. log.Segments.Skip(1).Take(3)];
        string[] back =
            [.. run.Where((_, i) => (left & (1 << i)) != 0).Select(one => Path.Combine(_scratch.Folder, one.Name))];
        foreach (string file in back)
            File.Copy(file, $"{file}.kept");
        Assert.Null(log.Compact(run, IsNeeded));
        foreach (string file in back)
            File.Move($"{file}.kept", file);
        return log.Segments[1].Name;
    }

    private async Task<SortedDictionary<long, byte[]>> ReadAgainAsync()
    {
        (_disk.Bad, _disk.IsDown) = (null, false);
        await using SegmentLog log = Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(log);
        Assert.Empty(log.Recovered.Damage);
        Assert.Empty(damage);
        return read;
    }
}
