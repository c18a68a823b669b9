using System.Diagnostics;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>What happens to a folder that was damaged (F4, F5), on a real disk.</summary>
public sealed class RecoveryTests : IDisposable
{
    private readonly ScratchJournal _scratch = new();
    private readonly byte[][] _bodies = [.. Enumerable.Range(0, 40).Select(i => ScratchJournal.Body(3000 + i, i))];

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(100)]
    [InlineData(2999)]
    [InlineData(3080)]
    public async Task A_segment_that_lost_its_end_loses_its_last_record_and_says_so(int bytes)
    {
        await Fill();
        string newest = _scratch.Files(".seg")[^1];
        int end = LastRecordEnd(newest);
        using (FileStream file = File.OpenWrite(newest))
            file.SetLength(end - bytes);

        await using SegmentLog log = _scratch.Open();
        (SortedDictionary<long, byte[]> read, _) = ScratchJournal.ReadAll(log);
        Assert.Equal(_bodies[..39], read.Values);
        if (bytes < 3000)
            Assert.Contains(log.Recovered.Damage, damage => damage is { Kind: LogDamageKind.TornTail, After: 39 });
        Assert.True((await ScratchJournal.Append(log, [1]))[0] > 39);
    }

    [Fact]
    public async Task A_flipped_bit_costs_one_record_which_is_reported_with_its_header()
    {
        await Fill();
        string oldest = _scratch.Files(".seg")[0];
        Flip(oldest, Offset(oldest, record: 3) + 2000);

        await using SegmentLog log = _scratch.Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(log);
        Assert.Equal(Enumerable.Range(1, 40).Where(i => i != 4).Select(i => (long)i), read.Keys);
        LogDamage lost = Assert.Single(damage);
        Assert.Equal((LogDamageKind.Record, 4L, true), (lost.Kind, lost.Position, lost.Acknowledged));
        Assert.Equal("header of 3003"u8, lost.Header.Span);
    }

    [Fact]
    public async Task A_damaged_frame_costs_one_record_and_its_neighbours_are_named()
    {
        await Fill();
        string oldest = _scratch.Files(".seg")[0];
        Flip(oldest, Offset(oldest, record: 3) + 21);

        await using SegmentLog log = _scratch.Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(log);
        Assert.Equal(39, read.Count);
        LogDamage lost = Assert.Single(damage);
        Assert.Equal((LogDamageKind.Bytes, 3L, 5L, true), (lost.Kind, lost.After, lost.Before, lost.Acknowledged));
    }

    [Fact]
    public async Task A_page_of_zeros_anywhere_costs_only_the_records_in_it()
    {
        await Fill();
        string oldest = _scratch.Files(".seg")[0];
        byte[] good = await File.ReadAllBytesAsync(oldest, Cancel);
        for (int page = 0; page < good.Length / 4096; page++)
        {
            byte[] bad = [.. good];
            bad.AsSpan(page * 4096, 4096).Clear();
            await File.WriteAllBytesAsync(oldest, bad, Cancel);
            await using SegmentLog log = _scratch.Open();
            (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(log);
            Assert.InRange(40 - read.Count, page < 2 ? 0 : 1, page < 2 ? 0 : 3);
            Assert.Equal(page < 2, damage.Count == 0);
            foreach ((long position, byte[] body) in read)
                Assert.Equal(_bodies[position - 1], body);
        }
    }

    [Fact]
    public async Task A_segment_whose_headers_are_gone_is_known_by_its_first_frame()
    {
        await Fill();
        string oldest = _scratch.Files(".seg")[0];
        byte[] bytes = await File.ReadAllBytesAsync(oldest, Cancel);
        bytes.AsSpan(0, SegmentFormat.DataStart).Clear();
        await File.WriteAllBytesAsync(oldest, bytes, Cancel);
        await using SegmentLog log = _scratch.Open();
        Assert.Equal(_bodies, ScratchJournal.ReadAll(log).Bodies.Values);
    }

    [Fact]
    public async Task A_segment_that_cannot_be_read_is_reported_and_left_as_it_is()
    {
        await Fill();
        string oldest = _scratch.Files(".seg")[0];
        byte[] garbage = ScratchJournal.Body(30_000, 5);
        await File.WriteAllBytesAsync(oldest, garbage, Cancel);
        await using (SegmentLog log = _scratch.Open())
        {
            Assert.Contains(log.Recovered.Damage, damage => damage.Kind == LogDamageKind.Segment);
            Assert.Equal(40, ScratchJournal.ReadAll(log).Bodies.Keys.Last());
            log.Trim(log.Tail);
            await ScratchJournal.Append(log, [1]);
        }

        Assert.Equal(garbage, await File.ReadAllBytesAsync(oldest, Cancel));
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_at_once_is_not_given_up()
    {
        await Fill();
        new CursorFile(new LinuxDisk(_scratch.Folder), "a").Save(new CursorState(12, []));
        int failed = 0;
        for (bool hasFailed = true; hasFailed; failed++)
        {
            hasFailed = false;
            HookedDisk disk = new(new LinuxDisk(_scratch.Folder));
            FailAfter(failed);
            RecoveredLog recovered = Recovery.Run(disk, _scratch.Options);
            disk.Opening = null;
            Assert.Empty(recovered.Damage);
            Assert.Equal(["a"], recovered.Cursors.Keys);
            using LogCore core = new(disk, _scratch.Options, recovered, static _ => { });
            using SegmentReader reader = core.OpenReader(1, static damage => Assert.Fail($"{damage}"));
            List<byte[]> read = [];
            while (reader.TryRead() is { } record)
            {
                read.Add([.. record.Body.Span]);
                record.Body.Release();
            }

            Assert.Equal(_bodies, read);

            void FailAfter(int more) => disk.Opening = () =>
            {
                hasFailed = more == 0;
                if (hasFailed)
                    throw new DiskException(DiskFault.Failed, "The disk failed once.");
                FailAfter(more - 1);
            };
        }

        Assert.InRange(failed, 2 * _scratch.Files(".seg").Length, 100);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_missing_segment_is_reported_with_the_positions_around_it(bool isAwaited)
    {
        await Fill();
        string[] segments = _scratch.Files(".seg");
        Assert.True(segments.Length >= 3);
        if (isAwaited)
            new CursorFile(new LinuxDisk(_scratch.Folder), "a").Save(new CursorState(0, []));
        File.Delete(segments[1]);
        await using SegmentLog log = _scratch.Open();
        LogDamage missing = Assert.Single(log.Recovered.Damage);
        Assert.Equal((LogDamageKind.MissingSegment, Path.GetFileName(segments[1])), (missing.Kind, missing.File));
        SortedDictionary<long, byte[]> read = ScratchJournal.ReadAll(log).Bodies;
        Assert.Equal(read.Keys.First(position => !read.ContainsKey(position + 1)), missing.After);
        Assert.Equal(read.Keys.First(position => !read.ContainsKey(position - 1) && position > 1), missing.Before);
    }

    [Fact]
    public async Task A_segment_that_went_as_every_cursor_was_done_with_it_is_not_missing()
    {
        await Fill();
        string[] segments = _scratch.Files(".seg");
        long first, next;
        await using (SegmentLog log = _scratch.Open())
            (first, next) = (log.Segments[1].Header.First, log.Segments[2].Header.First);
        var disk = new LinuxDisk(_scratch.Folder);
        new CursorFile(disk, "a").Save(new CursorState(0, [new PositionRange(first, next - 1)]));
        new CursorFile(disk, "b").Save(new CursorState(next, []));
        File.Delete(segments[1]);
        await using SegmentLog again = _scratch.Open();
        Assert.Empty(again.Recovered.Damage);
    }

    [Theory]
    [InlineData("0123456789abcdef")]
    [InlineData("7fffffffffffffff")]
    [InlineData("0123456789abcdef.1")]
    public async Task A_cursor_whose_name_looks_like_a_number_is_no_segment(string name)
    {
        await Fill();
        var file = new CursorFile(new LinuxDisk(_scratch.Folder), name);
        file.Save(new CursorState(1, []));
        file.KeepRoom();
        string[] files = _scratch.Files("");
        await using SegmentLog log = _scratch.Open();
        Assert.Equal(name, Assert.Single(log.Recovered.Cursors).Key);
        Assert.InRange(log.Recovered.LastGeneration, 1, 1000);
        Assert.Empty(files.Except(_scratch.Files("")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cursor_that_is_garbled_or_gone_costs_nothing_but_itself(bool isGone)
    {
        await Fill();
        var disk = new LinuxDisk(_scratch.Folder);
        new CursorFile(disk, "a").Save(new CursorState(12, []));
        new CursorFile(disk, "b").Save(new CursorState(7, [new PositionRange(9, 9)]));
        string file = Path.Combine(_scratch.Folder, "a.cursor");
        if (isGone)
            File.Delete(file);
        else
            Flip(file, 30);

        await using SegmentLog log = _scratch.Open();
        Assert.Equal(["b"], log.Recovered.Cursors.Keys);
        Assert.Equal(!isGone, log.Recovered.Damage.Any(damage => damage is { Kind: LogDamageKind.Cursor, File: "a.cursor" }));
        Assert.Equal(_bodies, ScratchJournal.ReadAll(log).Bodies.Values);
    }

    [Theory]
    [InlineData("bee", "Bee")]
    [InlineData("Bee", "bee")]
    public async Task Of_names_that_differ_in_case_the_state_that_is_further_counts_and_the_other_goes_at_the_next_save(
        string older, string newer)
    {
        var disk = new LinuxDisk(_scratch.Folder);
        new CursorFile(disk, newer).Save(new CursorState(12, [new PositionRange(15, 16)]));
        new CursorFile(disk, older).Save(new CursorState(12, [new PositionRange(15, 15)]));
        await using JournalStore store = JournalStore.Open(
            disk, _scratch.Options, static _ => throw new UnreachableException(), static _ => { });

        Assert.Equal(16, store.Saved("BEE")!.Highest);
        Assert.Equal(16, store.Log.Tail);
        store.Save("BEE", new CursorState(17, []));
        Assert.EndsWith("BEE.cursor", Assert.Single(_scratch.Files(".cursor")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Positions_begin_above_every_cursor()
    {
        new CursorFile(new LinuxDisk(_scratch.Folder), "a/b ü").Save(new CursorState(100, [new PositionRange(103, 110)]));
        await using SegmentLog log = _scratch.Open();
        Assert.Equal(111, (await ScratchJournal.Append(log, [1]))[0]);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _scratch.Dispose();

    private async Task Fill()
    {
        await using SegmentLog log = _scratch.Open();
        foreach (byte[] body in _bodies)
            await ScratchJournal.Append(log, body);
    }

    private static int Offset(string file, int record)
    {
        byte[] bytes = File.ReadAllBytes(file);
        Assert.True(SegmentFormat.TryDecode(bytes, out SegmentHeader header));
        int at = SegmentFormat.DataStart;
        for (; record > 0; record--)
        {
            Assert.True(RecordFormat.TryRead(bytes.AsSpan(at), header.Key, out FrameHeader frame));
            at += (int)frame.Size;
        }

        return at;
    }

    private static int LastRecordEnd(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        Assert.True(SegmentFormat.TryDecode(bytes, out SegmentHeader header));
        int at = SegmentFormat.DataStart;
        int end = at;
        while (at < bytes.Length && RecordFormat.TryRead(bytes.AsSpan(at), header.Key, out FrameHeader frame))
        {
            end = at + RecordFormat.FrameLength + frame.HeaderLength + frame.BodyLength;
            at += (int)frame.Size;
        }

        return end;
    }

    private static void Flip(string file, int offset)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[offset] ^= 0x10;
        File.WriteAllBytes(file, bytes);
    }
}
