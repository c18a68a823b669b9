using InfluxMirror.Journal.Disk;
using Xunit;

namespace InfluxMirror.Tests.Journal.Disk;

public sealed class AskedEntriesTests
{
    [Fact]
    public void Those_that_were_answered_are_forgotten_though_nobody_looks()
    {
        AskedEntries asked = new();
        int answers = 0;
        for (int i = 0; i < 1000; i++)
        {
            LogEntry entry = ScratchJournal.Entry([1], "header");
            asked.Add(entry, now: i + 1, _ => answers++);
            entry.Answer(isSafe: true);
        }

        Assert.Equal(1000, answers);
        Assert.Equal(1, asked.Count);
    }

    [Fact]
    public void The_last_that_has_waited_long_enough_is_ripe_and_the_next_one_says_when()
    {
        AskedEntries asked = new();
        LogEntry[] entries = [.. Enumerable.Range(1, 5).Select(position =>
        {
            LogEntry entry = ScratchJournal.Entry([1], "header");
            entry.Position = position;
            asked.Add(entry, now: position * 10, static _ => { });
            return entry;
        })];
        Assert.Equal((0, 10), asked.Ripe(before: 9));
        Assert.Equal((3, 40), asked.Ripe(before: 30));
        entries[3].Answer(isSafe: true);
        Assert.Equal((3, 50), asked.Ripe(before: 30));
        Assert.Equal((5, long.MaxValue), asked.Ripe(before: 50));
    }

    [Fact]
    public void Whoever_asks_for_one_that_is_safe_hears_so_at_once_and_several_may_ask()
    {
        AskedEntries asked = new();
        LogEntry entry = ScratchJournal.Entry([1], "header");
        List<bool> answers = [];
        asked.Add(entry, now: 1, answers.Add);
        asked.Add(entry, now: 2, answers.Add);
        entry.Answer(isSafe: false);
        Assert.Equal([false, false], answers);
        entry.Answer(isSafe: true);
        asked.Add(entry, now: 3, answers.Add);
        Assert.Equal([false, false, true], answers);
    }
}
