using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

/// <summary>How long the log waits for a record to be needed no more.</summary>
public sealed class PatienceTests
{
    private static readonly TimeSpan Most = TimeSpan.FromMilliseconds(10);

    [Fact]
    public void There_is_patience_while_everybody_is_quick_and_none_while_somebody_is_slow()
    {
        var patience = new Patience(Most);
        Note(patience, 2, 100);
        Assert.Equal(Most, patience.Value);
        Note(patience, 30, 100);
        Assert.Equal(TimeSpan.Zero, patience.Value);
        Note(patience, 2, 500);
        Assert.Equal(Most, patience.Value);
    }

    [Fact]
    public void One_record_that_was_parked_for_a_day_is_forgotten_soon()
    {
        var patience = new Patience(Most);
        Note(patience, 1, 100);
        patience.NoteCancelled(TimeSpan.FromDays(1));
        Note(patience, 1, 100);
        Assert.Equal(Most, patience.Value);
    }

    [Fact]
    public void One_slow_record_in_fifty_does_not_end_it_but_one_in_five_does()
    {
        var patience = new Patience(Most);
        for (int i = 0; i < 20; i++)
        {
            Note(patience, 1, 49);
            Note(patience, 25, 1);
            Assert.Equal(Most, patience.Value);
        }

        for (int i = 0; i < 20; i++)
        {
            Note(patience, 1, 4);
            Note(patience, 25, 1);
        }

        Assert.Equal(TimeSpan.Zero, patience.Value);
    }

    [Fact]
    public void It_waits_as_long_as_a_slow_disk_would_take()
    {
        var patience = new Patience(Most);
        Note(patience, 30, 200);
        for (int i = 0; i < 50; i++)
            patience.NoteWritten(TimeSpan.FromMilliseconds(80));
        Assert.InRange(patience.Value.TotalMilliseconds, 70, 80);
    }

    [Fact]
    public async Task What_is_cancelled_after_it_was_written_was_waited_for_in_vain()
    {
        using var scratch = new ScratchJournal { Options = new LogOptions { MaxPatience = Most } };
        await using SegmentLog log = scratch.Open();
        Assert.Equal(Most, log.Patience);
        List<LogEntry> entries = [];
        for (int i = 0; i < 100; i++)
            entries.Add(Append(log));

        await Task.WhenAll(entries.Select(entry => Safe(log, entry)));
        entries.ForEach(log.Cancel);
        Assert.Equal(TimeSpan.Zero, log.Patience);

        // Nobody had to wait for these.
        for (int i = 0; i < 500; i++)
            log.Cancel(Append(log));
        Assert.NotEqual(TimeSpan.Zero, log.Patience);
    }

    [Fact]
    public async Task It_ends_while_nothing_is_cancelled_at_all()
    {
        using var scratch = new ScratchJournal { Options = new LogOptions { MaxPatience = Most } };
        await using SegmentLog log = scratch.Open();
        for (int i = 0; i < 200 && log.Patience > TimeSpan.Zero; i++)
            await Safe(log, Append(log));
        Assert.Equal(TimeSpan.Zero, log.Patience);
    }

    [Fact]
    public void Without_a_bound_nothing_is_waited_for()
    {
        var patience = new Patience(TimeSpan.Zero);
        patience.NoteWritten(TimeSpan.FromSeconds(1));
        patience.NoteCancelled(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, patience.Value);
    }

    private static LogEntry Append(SegmentLog log)
    {
        LogEntry entry = ScratchJournal.Entry([1, 2, 3]);
        Assert.Equal(AppendOutcome.Appended, log.TryAppend(entry));
        return entry;
    }

    private static async Task Safe(SegmentLog log, LogEntry entry)
    {
        var safe = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        log.WhenDurable(entry, safe.SetResult);
        Assert.True(await safe.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private static void Note(Patience patience, int milliseconds, int times)
    {
        while (times-- > 0)
            patience.NoteCancelled(TimeSpan.FromMilliseconds(milliseconds));
    }
}
