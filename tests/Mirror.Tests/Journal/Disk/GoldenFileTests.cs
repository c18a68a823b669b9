using System.Text;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>
/// A folder written by version 1, and cursors of versions 2 and 3, which every later version must read.
/// </summary>
public sealed class GoldenFileTests : IDisposable
{
    private const string Header = "db=telegraf rp=autogen from=1700000000 to=1700000060";

    private readonly ScratchJournal _scratch = new()
    {
        Options = new LogOptions { SegmentBytes = 16 * 1024, MaxBytes = 1_000_000, MaxSpares = 0, Salts = NextSalt() },
    };

    private const string ThirdCursor = "influx%2F3.cursor";

    private static readonly string[] Segments = ["0000000000000001.seg", "0000000000000002.seg"];

    private static string Golden => Path.Combine(Root, "tests", "Mirror.Tests", "Journal", "Disk", "Golden");

    private static string Root
    {
        get
        {
            DirectoryInfo? at = new(AppContext.BaseDirectory);
            while (at is not null && !File.Exists(Path.Combine(at.FullName, "Gateway.sln")))
                at = at.Parent;
            return at?.FullName ?? throw new DirectoryNotFoundException("no Gateway.sln above the tests");
        }
    }

    [Fact]
    public async Task Version_1_is_read()
    {
        foreach (string file in (string[])[.. Segments, "influx%2F1.cursor"])
            CopyGolden(file);
        await using SegmentLog log = _scratch.Open();
        Assert.Empty(log.Recovered.Damage);
        List<(long, byte, string, string)> read = [];
        using SegmentReader reader = log.OpenReader(1, damage => Assert.Fail(damage.ToString()));
        while (reader.TryRead() is { } record)
        {
            read.Add((
                record.Position, record.Kind, Encoding.UTF8.GetString(record.Header.Span),
                Encoding.UTF8.GetString(record.Body.Span)));
            record.Body.Release();
        }

        Assert.Equal(Records().Select((r, i) => (i + 1L, r.Kind, r.Header, r.Body)), read);
        CursorState cursor = log.Recovered.Cursors["influx/1"];
        Assert.Equal(
            (2L, new PositionRange(4, 5), "delivered=17"),
            (cursor.LowWaterMark, Assert.Single(cursor.Completed), Encoding.ASCII.GetString(cursor.Extra.Span)));
        Assert.Equal(6, log.Tail);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_cursor_of_version_2_or_3_is_read_whatever_pieces_it_has(int version)
    {
        CopyGolden($"influx%2F{version}.cursor");
        (string name, CursorState read) = Assert.Single(
            CursorFile.LoadAll(new LinuxDisk(_scratch.Folder), Assert.Fail));
        CursorState expected = State();
        Assert.Equal(($"influx/{version}", expected.LowWaterMark), (name, read.LowWaterMark));
        Assert.Equal(expected.Completed, read.Completed);
        Assert.Equal("delivered=18", Encoding.ASCII.GetString(read.Extra.Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_cursor_that_an_older_version_wrote_may_have_room_before_it_is_saved_again(int version)
    {
        string file = $"influx%2F{version}.cursor";
        CopyGolden(file);
        var disk = new LinuxDisk(_scratch.Folder);
        new CursorFile(disk, $"influx/{version}").KeepRoom();

        Assert.True(WrittenBytes(file).Length > GoldenBytes(file).Length);
        Assert.Equal($"influx/{version}", Assert.Single(CursorFile.LoadAll(disk, Assert.Fail)).Key);
    }

    [Fact]
    public async Task Segments_of_version_1_and_cursors_of_version_3_are_written_byte_by_byte()
    {
        await WriteFolder();
        foreach (string file in Segments)
            Assert.Equal(GoldenBytes(file), WrittenBytes(file));
        // The golden one has room behind the state, which is made when somebody keeps house.
        byte[] written = WrittenBytes(ThirdCursor);
        Assert.Equal(GoldenBytes(ThirdCursor)[..written.Length], written);
        Assert.True(written.Length < GoldenBytes(ThirdCursor).Length);
    }

    [Fact]
    public void Whatever_is_cut_off_a_cursor_but_its_room_is_missed()
    {
        byte[] bytes = GoldenBytes(ThirdCursor), written = CursorFormat.Encode("influx/3", State());
        foreach (int length in (int[])[0, 39, 40, 100, written.Length - 1])
            Assert.False(CursorFormat.TryDecode(bytes.AsSpan(0, length), out _, out _));
        Assert.True(CursorFormat.TryDecode(bytes.AsSpan(0, written.Length), out _, out _));
        bytes[written.Length - 1]++;
        Assert.False(CursorFormat.TryDecode(bytes, out _, out _));
    }

    [Fact]
    public async Task A_segment_written_anew_has_the_same_bytes_and_is_read()
    {
        const string written = "0000000000000001.1.seg";
        await WriteFolder();
        await using (SegmentLog log = _scratch.Open())
            Assert.Null(log.Compact([log.Segments[0]], static position => position is 1 or 3));
        byte[] bytes = await File.ReadAllBytesAsync(
            Path.Combine(_scratch.Folder, written), TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Golden, written)), bytes);

        await using SegmentLog again = _scratch.Open();
        Assert.Empty(again.Recovered.Damage);
        using SegmentReader reader = again.OpenReader(1, damage => Assert.Fail(damage.ToString()));
        List<long> positions = [];
        while (reader.TryRead() is { } record)
        {
            positions.Add(record.Position);
            record.Body.Release();
        }

        Assert.Equal([1, 3, 5, 6], positions);
    }

    public void Dispose() => _scratch.Dispose();

    private void CopyGolden(string file) => File.Copy(Path.Combine(Golden, file), Path.Combine(_scratch.Folder, file));

    private static byte[] GoldenBytes(string file) => File.ReadAllBytes(Path.Combine(Golden, file));

    private byte[] WrittenBytes(string file) => File.ReadAllBytes(Path.Combine(_scratch.Folder, file));

    private async Task WriteFolder()
    {
        await using SegmentLog log = _scratch.Open();
        foreach ((byte kind, string header, string body) in Records())
        {
            LogEntry entry = ScratchJournal.Entry(Encoding.UTF8.GetBytes(body), header, kind);
            Assert.Equal(AppendOutcome.Appended, log.TryAppend(entry));
            Assert.True(await log.WaitDurableAsync(entry.Position, TestContext.Current.CancellationToken));
        }

        new CursorFile(new LinuxDisk(_scratch.Folder), "influx/3").Save(State());
    }

    /// <summary>One run, a few in one block, one over several blocks, and more than are kept as runs.</summary>
    private static CursorState State()
    {
        PositionRuns completed =
        [
            new PositionRange(4, 5), new PositionRange(7, 7), new PositionRange(100, 200),
            new PositionRange(70_000, 300_000), .. Enumerable.Range(200_000, 2_500)
                .Select(static half => new PositionRange(2 * half, 2 * half)),
        ];
        return new CursorState(2, completed, "delivered=18"u8.ToArray());
    }

    private static IEnumerable<(byte Kind, string Header, string Body)> Records() =>
    [
        (1, Header, "cpu,host=a usage=1.5 1700000000000000000\n"),
        (2, "", "DROP MEASUREMENT \"cpu\""),
        (255, "é", ""),
        (1, Header, new string('x', 5000)),
        (1, Header, new string('y', 5000)),
        (0, "last", "m v=1i 1\n"),
    ];

    private static Func<ulong> NextSalt()
    {
        ulong salt = 0x0123456789ABCDEF;
        return () => salt = (salt * 6364136223846793005) + 1442695040888963407;
    }
}
