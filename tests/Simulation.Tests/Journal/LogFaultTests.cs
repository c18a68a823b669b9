using Gateway.SimulationTests.Disks;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>Single faults, one after the other, and what the log does about each.</summary>
public sealed class LogFaultTests : IDisposable
{
    private readonly SimulatedDisk _disk = new(new Random(1));
    private readonly List<LogEventKind> _news = [];
    private readonly LogCore _core;

    public LogFaultTests() => _core = new LogCore(_disk, Options(), Recovery.Run(_disk, Options()), news => _news.Add(news.Kind));

    [Fact]
    public void A_full_disk_refuses_new_records_keeps_those_taken_and_recovers_by_itself()
    {
        _disk.Capacity = 60_000;
        AppendOutcome outcome;
        do
            outcome = Append();
        while (outcome == AppendOutcome.Appended && Write());

        long safe = _core.SafeThrough;
        Assert.Equal(outcome == AppendOutcome.Appended ? LogCondition.DiskFull : LogCondition.Working, _core.Condition);
        Assert.Equal(AppendOutcome.DiskFull, Append());
        Assert.Equal(safe, Read().Count);

        _disk.Capacity = long.MaxValue;
        _core.KeepStep();
        Assert.True(Write());
        Assert.Equal(AppendOutcome.Appended, Append());
        Assert.True(Write());
        Assert.Equal(LogCondition.Working, _core.Condition);
        Assert.Equal(_core.Tail, Read().Count);
    }

    [Fact]
    public void A_file_that_grows_leaves_the_last_bytes_of_a_disk_that_others_fill_to_what_is_saved()
    {
        const int kept = 5000, more = 500;
        using var core = new LogCore(_disk, Options(kept), Recovery.Run(_disk, Options()), static _ => { });
        Append(core);
        core.Demand(core.Tail);
        Assert.True(core.WriteStep());
        _disk.Capacity = long.MaxValue - _disk.FreeBytes + kept + more;
        Append(core);
        core.Demand(core.Tail);

        Assert.False(core.WriteStep());
        Assert.Equal((LogCondition.DiskFull, kept + more), (core.Condition, _disk.FreeBytes));

        _disk.Capacity = long.MaxValue;
        core.WriteStep();
        Assert.Equal((LogCondition.Working, 2), (core.Condition, core.SafeThrough));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_cannot_grow_gives_way_to_one_that_has_its_space(bool isEmpty)
    {
        using var core = new LogCore(_disk, Options(100_000), Recovery.Run(_disk, Options()), static _ => { });
        // Enough for a file, and then not for anything in it.
        _disk.Capacity = isEmpty ? 40_000 : long.MaxValue;
        Append(core);
        core.Demand(core.Tail);
        Assert.Equal(!isEmpty, core.WriteStep());
        _disk.Capacity = long.MaxValue;
        core.KeepStep();
        Assert.Equal((1, 1), (core.Usage.Spares, core.Segments.Count));

        _disk.IsTaken = true;
        if (!isEmpty)
            Append(core);
        core.Demand(core.Tail);
        core.WriteStep();
        int files = isEmpty ? 1 : 2;
        Assert.Equal((LogCondition.Working, files), (core.Condition, core.SafeThrough));
        Assert.Equal(files, core.Segments.Count);
    }

    [Fact]
    public void What_a_start_could_not_read_is_made_to_last_before_readers_act_on_it()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var disk = new SimulatedDisk(new Random(seed));
            var core = new LogCore(disk, Options(), Recovery.Run(disk, Options()), static _ => { });
            Append(core);
            core.Demand(core.Tail);
            Assert.True(core.WriteStep());
            // The program ends between the write and the sync.
            Append(core);
            core.Demand(core.Tail);
            disk.CrashAfter = 1;
            Assert.Throws<SimulatedCrash>(() => core.WriteStep());
            disk.Restart(powerCut: false);

            disk.ReadFailures = 1000;
            core = new LogCore(disk, Options(), Recovery.Run(disk, Options()), static _ => { });
            disk.ReadFailures = 0;
            Assert.Equal(2, Read(core).Count);

            disk.Restart(powerCut: true);
            core = new LogCore(disk, Options(), Recovery.Run(disk, Options()), static _ => { });
            Assert.Equal(2, Read(core).Count);
        }
    }

    [Fact]
    public void A_file_that_cannot_grow_for_a_record_that_no_other_has_space_for_waits_for_space()
    {
        Append();
        Assert.True(Write());
        Assert.Equal(1, _core.Usage.Spares);
        SharedBuffer large = SharedBuffer.Copy(new byte[40_000]);
        Assert.Equal(AppendOutcome.Appended, _core.TryAppend(new LogEntry(1, default, large)));
        _disk.Capacity = long.MaxValue - _disk.FreeBytes + 45_000;
        _disk.Meanwhile = () => _disk.IsTaken |= _core.Segments.Count == 2;
        Assert.False(Write());
        Assert.False(_core.Segments[^1].IsSealed);

        _disk.Meanwhile = static () => { };
        (_disk.IsTaken, _disk.Capacity) = (false, long.MaxValue);
        Assert.True(Write());
        Assert.Equal([1, 2], Read());
        Assert.Equal(2, _core.Segments.Count);
    }

    /// <summary>Else it might write when the file has been let go of, and is used for another segment.</summary>
    [Fact]
    public void What_a_start_could_not_read_is_made_to_last_by_one_reader_while_others_wait()
    {
        Append();
        Assert.True(Write());
        _disk.ReadFailures = 1000;
        using var core = new LogCore(_disk, Options(), Recovery.Run(_disk, Options()), static _ => { });
        _disk.ReadFailures = 0;
        List<long>? read = null;
        Thread? other = null;
        bool isEarly = false;
        _disk.Meanwhile = () =>
        {
            if (other is not null)
                return;
            other = new Thread(() => read = Read(core));
            other.Start();
            Assert.True(SpinWait.SpinUntil(
                () => !other.IsAlive || other.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)));
            isEarly = !other.IsAlive;
        };

        Assert.Equal([1], Read(core));
        Assert.False(isEarly);
        Assert.True(other!.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal([1], read);
    }

    [Fact]
    public void A_failed_sync_acknowledges_nothing_and_the_file_is_never_touched_again()
    {
        Append();
        Assert.True(Write());
        string poisoned = Assert.Single(_core.Segments).Name;
        Append();
        _disk.SyncFailures = 1000;
        Assert.False(Write());
        Assert.Equal(1, _core.SafeThrough);
        Assert.Equal(LogCondition.DiskFailing, _core.Condition);
        Assert.Contains(LogEventKind.Poisoned, _news);
        byte[] before = _disk.Content(poisoned);

        _disk.SyncFailures = 0;
        Assert.True(Write());
        Append();
        Assert.True(Write());
        Assert.Equal(before, _disk.Content(poisoned));
        Assert.Equal([1, 2, 3], Read());
        Assert.Equal([LogEventKind.Stopped, LogEventKind.Resumed], _news.Where(kind => kind >= LogEventKind.Stopped));
    }

    [Fact]
    public void After_a_failed_sync_and_a_power_cut_only_what_was_acknowledged_is_owed()
    {
        Append();
        Assert.True(Write());
        Append();
        _disk.SyncFailures = 1000;
        Assert.False(Write());
        _disk.SyncFailures = 0;
        _disk.Restart(powerCut: true);
        RecoveredLog recovered = Recovery.Run(_disk, Options());
        using var next = new LogCore(_disk, Options(), recovered, _ => { });
        using SegmentReader reader = next.OpenReader(1, damage => Assert.False(damage.Acknowledged));
        Assert.Equal(1, reader.TryRead()?.Position);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_a_start_finds_behind_a_failed_sync_survives_a_power_cut(int seed)
    {
        var disk = new SimulatedDisk(new Random(seed));
        using (var core = new LogCore(disk, Options(), Recovery.Run(disk, Options()), _ => { }))
        {
            Append(core);
            Assert.True(Write(core));
            Append(core);
            disk.SyncFailures = 1000;
            Assert.False(Write(core));
        }

        // The kernel takes its pages for clean from now on, whatever the disk has.
        disk.SyncFailures = 0;
        List<long> found = Restarted();
        disk.Restart(powerCut: true);
        Assert.Equal(found, Restarted());

        List<long> Restarted()
        {
            using var core = new LogCore(disk, Options(), Recovery.Run(disk, Options()), _ => { });
            return Read(core);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_cannot_be_read_is_tried_again_until_it_is_given_up(bool isGivenUp)
    {
        for (int i = 0; i < 10; i++)
            Append();
        Assert.True(Write());
        List<LogDamage> damage = [];
        using SegmentReader reader = _core.OpenReader(1, damage.Add);
        Assert.Equal(1, reader.TryRead()?.Position);
        using SegmentReader late = _core.OpenReader(1, damage.Add);
        _disk.ReadFailures = 1000;
        Assert.Throws<DiskException>(() => late.TryRead());
        Assert.Throws<DiskException>(() => late.TryRead());
        Assert.Empty(damage);
        if (isGivenUp)
        {
            late.SkipUnreadable();
            Assert.Throws<DiskException>(() => late.TryRead());
            Assert.True(Assert.Single(damage).Acknowledged);
        }

        _disk.ReadFailures = 0;
        Assert.Equal(isGivenUp ? 9 : 1, late.TryRead()?.Position);
        Assert.Equal(2, reader.TryRead()?.Position);
    }

    [Fact]
    public void A_file_that_cannot_be_opened_is_tried_again_until_it_is_given_up()
    {
        Append();
        Assert.True(Write());
        List<LogDamage> damage = [];
        using SegmentReader reader = _core.OpenReader(1, damage.Add);
        _disk.OtherFailures = 1000;
        Assert.Throws<DiskException>(() => reader.TryRead());
        Assert.Throws<DiskException>(() => reader.TryRead());
        _disk.OtherFailures = 0;
        Assert.Equal(1, reader.TryRead()?.Position);

        using SegmentReader impatient = _core.OpenReader(1, damage.Add);
        impatient.SkipUnreadable();
        Assert.Null(impatient.TryRead());
        Assert.Equal((LogDamageKind.Segment, 0L, 2L), (damage[0].Kind, damage[0].After, damage[0].Before));
    }

    public void Dispose() => _core.Dispose();

    private static LogOptions Options(long kept = 0)
    {
        ulong salt = 1;
        return new LogOptions
        {
            SegmentBytes = 16 * 1024, MaxBytes = 1_000_000, MaxSpares = 1, KeptBytes = kept, Salts = () => salt = (salt * 6364136223846793005) + 1,
        };
    }

    private AppendOutcome Append() => Append(_core);

    private static AppendOutcome Append(LogCore core)
    {
        SharedBuffer body = SharedBuffer.Copy(new byte[900]);
        AppendOutcome outcome = core.TryAppend(new LogEntry(1, default, body));
        body.Release();
        return outcome;
    }

    private bool Write() => Write(_core);

    private static bool Write(LogCore core)
    {
        core.Demand(core.Tail);
        core.WriteStep();
        core.KeepStep();
        return core.SafeThrough == core.Tail;
    }

    private List<long> Read() => Read(_core);

    private static List<long> Read(LogCore core)
    {
        List<long> positions = [];
        using SegmentReader reader = core.OpenReader(1, damage => Assert.Fail(damage.ToString()));
        while (reader.TryRead() is { } record)
            positions.Add(record.Position);
        return positions;
    }
}
