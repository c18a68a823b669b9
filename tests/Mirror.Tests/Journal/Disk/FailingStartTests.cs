using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>A start on a disk that does not give everything, and is as good as ever afterwards.</summary>
public sealed class FailingStartTests : IDisposable
{
    private const int Count = 40;

    private readonly ScratchJournal _scratch = new();
    private readonly byte[][] _bodies = [.. Enumerable.Range(0, Count).Select(i => ScratchJournal.Body(5000, i))];

    /// <summary>By where the file is, from what offset it cannot be read, and whether it can be opened.</summary>
    public static TheoryData<int, long, bool> Failures()
    {
        TheoryData<int, long, bool> failures = [];
        foreach (int segment in (int[])[0, 1, -1])
        {
            failures.Add(segment, 0, true);
            failures.Add(segment, 0, false);
            failures.Add(segment, SegmentFormat.DataStart, false);
            failures.Add(segment, SegmentFormat.DataStart + 40, false);
            failures.Add(segment, SegmentFormat.DataStart + 12_000, false);
        }

        return failures;
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_a_start_could_not_read_is_there_for_readers_as_soon_as_the_disk_gives_it(
        int segment, long from, bool failsToOpen)
    {
        await FillAsync();
        FailingDisk disk = Failing(segment, from, failsToOpen);
        await using SegmentLog log = SegmentLog.Open(disk, _scratch.Options, static _ => { });
        using (SegmentReader reader = log.OpenReader(1, static damage => Assert.Fail($"{damage}")))
        {
            int read = 0;
            Assert.Throws<DiskException>(ReadOn);
            disk.Bad = null;
            ReadOn();
            Assert.Equal(Count, read);

            void ReadOn()
            {
                for (; reader.TryRead() is { } record; read++)
                    record.Body.Release();
            }
        }

        Assert.Equal(_bodies, ScratchJournal.ReadAll(log).Bodies.Values);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_a_start_could_not_read_is_there_at_the_next_one_and_no_position_was_used_again(
        int segment, long from, bool failsToOpen)
    {
        await FillAsync();
        long position;
        await using (SegmentLog log = SegmentLog.Open(
            Failing(segment, from, failsToOpen), _scratch.Options, static _ => { }))
        {
            position = (await ScratchJournal.Append(log, ScratchJournal.Body(100, 1)))[0];
            Assert.True(position > Count);
        }

        await using SegmentLog again = _scratch.Open();
        (SortedDictionary<long, byte[]> read, List<LogDamage> damage) = ScratchJournal.ReadAll(again);
        Assert.Empty(damage);
        Assert.Empty(again.Recovered.Damage);
        Assert.Equal([.. Enumerable.Range(1, Count).Select(static i => (long)i), position], read.Keys);
        Assert.Equal(_bodies, read.Values.Take(Count));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_the_disk_never_gives_is_reported_as_damage_and_costs_nothing_else(
        int segment, long from, bool failsToOpen)
    {
        await FillAsync();
        await using SegmentLog log = SegmentLog.Open(
            Failing(segment, from, failsToOpen), _scratch.Options, static _ => { });
        long position = (await ScratchJournal.Append(log, [1]))[0];
        List<LogDamage> damage = [];
        HashSet<long> read = [];
        using SegmentReader reader = log.OpenReader(1, damage.Add);
        while (TryRead(reader, out long next))
            if (next > 0)
                read.Add(next);

        Assert.Contains(position, read);
        Assert.Contains(damage, static one => one.Acknowledged);
        Assert.All(
            Enumerable.Range(1, Count).Where(i => !read.Contains(i)),
            i => Assert.Contains(damage, one => one.After < i && (one.Before == 0 || i < one.Before)));
        Assert.InRange(Count - read.Count + 1, 1, 13);
    }

    [Fact]
    public async Task A_start_asks_a_disk_that_fails_for_a_while()
    {
        await FillAsync();
        LogOptions patient = new()
        {
            SegmentBytes = _scratch.Options.SegmentBytes,
            StartPatience = TimeSpan.FromSeconds(30),
        };
        FailingDisk disk = Failing(segment: 1, from: 0, failsToOpen: true);
        Task<RecoveredLog> start = Task.Run(() => Recovery.Run(disk, patient), CancellationToken.None);
        while (disk.Faults < 3)
            await Task.Delay(1, TestContext.Current.CancellationToken);
        disk.Bad = null;
        RecoveredLog recovered = await start;
        Assert.Empty(recovered.Damage);
        Assert.Equal(Count, recovered.LastPosition);
    }

    [Fact]
    public async Task A_position_that_only_a_cursor_knows_of_that_cannot_be_read_is_not_used_again()
    {
        await FillAsync();
        new CursorFile(new LinuxDisk(_scratch.Folder), "a").Save(new CursorState(Count + 100, []));
        FailingDisk disk = new(new LinuxDisk(_scratch.Folder)) { Bad = "a.cursor" };
        await using SegmentLog log = SegmentLog.Open(disk, _scratch.Options, static _ => { });
        Assert.True((await ScratchJournal.Append(log, [1]))[0] > Count + 100);
    }

    public void Dispose() => _scratch.Dispose();

    private FailingDisk Failing(int segment, long from, bool failsToOpen) =>
        new(new LinuxDisk(_scratch.Folder))
        {
            Bad = Path.GetFileName(_scratch.Files(".seg")[segment < 0 ? ^1 : segment]),
            From = from,
            FailsToOpen = failsToOpen,
        };

    private async Task FillAsync()
    {
        await using SegmentLog log = _scratch.Open();
        foreach (byte[] body in _bodies)
            await ScratchJournal.Append(log, body);
    }

    /// <summary>The next position, or 0 for what was given up; false at the end.</summary>
    private static bool TryRead(SegmentReader reader, out long position)
    {
        position = 0;
        try
        {
            if (reader.TryRead() is not { } record)
                return false;
            position = record.Position;
            record.Body.Release();
        }
        catch (DiskException)
        {
            reader.SkipUnreadable();
        }

        return true;
    }
}
