using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>What is left out, and what must be written, when a reader comes that gets older records again.</summary>
public sealed class CoverageTests : IDisposable
{
    private readonly ScratchJournal _scratch = new();
    private readonly LogCore _core;

    public CoverageTests()
    {
        LinuxDisk disk = new(_scratch.Folder);
        _core = new LogCore(disk, _scratch.Options, Recovery.Run(disk, _scratch.Options), static _ => { });
        Append();
        Write();
        _core.Cover(1);
    }

    [Fact]
    public void What_is_cancelled_after_a_reader_came_is_written_behind_what_it_gets_again()
    {
        _core.Uncover(0);
        _core.Cancel(Append());
        Write();
        Assert.Equal([1, 2], OnDisk());
    }

    [Fact]
    public void What_was_cancelled_before_a_reader_came_stays_left_out()
    {
        LogEntry before = Append();
        _core.Cancel(before);
        _core.Uncover(0);
        LogEntry after = Append();
        _core.Cancel(after);
        Write();
        Assert.True(before.IsLeftOut);
        Assert.Equal([1, 3], OnDisk());
    }

    [Fact]
    public void What_was_cancelled_while_something_might_be_read_again_is_written_whoever_comes()
    {
        Append();
        Write();
        _core.Cancel(Append());
        _core.Uncover(0);
        Write();
        Assert.Equal([1, 2, 3], OnDisk());
    }

    [Fact]
    public void A_reader_that_is_covered_again_makes_no_difference()
    {
        _core.Uncover(0);
        _core.Cover(1);
        _core.Cancel(Append());
        Write();
        Assert.Equal([1], OnDisk());
    }

    [Fact]
    public void What_is_cancelled_is_not_left_out_behind_what_is_to_be_written_in_any_case()
    {
        _core.MarkDue(Append().Position);
        _core.Cancel(Append());
        Write();
        Assert.Equal([1, 2, 3], OnDisk());
    }

    [Fact]
    public void What_was_to_be_written_in_any_case_makes_no_difference_once_it_is_covered()
    {
        _core.MarkDue(Append().Position);
        Write();
        _core.Cover(2);
        _core.Cancel(Append());
        Write();
        Assert.Equal([1, 2], OnDisk());
    }

    public void Dispose()
    {
        _core.Dispose();
        _scratch.Dispose();
    }

    private LogEntry Append()
    {
        LogEntry entry = ScratchJournal.Entry([1, 2, 3]);
        Assert.Equal(AppendOutcome.Appended, _core.TryAppend(entry));
        return entry;
    }

    private void Write()
    {
        _core.Demand(_core.Tail);
        _core.WriteStep();
    }

    private List<long> OnDisk()
    {
        List<long> positions = [];
        using SegmentReader reader = _core.OpenReader(1, static damage => Assert.Fail($"{damage}"));
        while (reader.TryRead() is { } record)
        {
            positions.Add(record.Position);
            record.Body.Release();
        }

        return positions;
    }
}
