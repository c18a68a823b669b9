using InfluxMirror.Journal;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Log = InfluxMirror.Journal.Journal;

namespace InfluxMirror.Tests.Journal;

public sealed class ClosedCursorTests
{
    [Fact]
    public void What_comes_after_its_end_is_neither_held_for_it_nor_given_to_it()
    {
        Log journal = new(1L << 30, new FakeTimeProvider());
        JournalCursor closed = journal.OpenCursor("closed"), open = journal.OpenCursor("open");
        TestRecord before = new(1), after = new(2);
        journal.TryAppend(before);

        journal.CloseCursor(closed);
        journal.TryAppend(after);

        Assert.Same(before, closed.TryRead());
        Assert.Null(closed.TryRead());
        closed.Complete(before);
        Assert.Same(before, open.TryRead());
        Assert.Same(after, open.TryRead());
        open.Complete(before);
        Assert.Equal(after.Size, journal.Bytes);
        open.Complete(after);
        Assert.Equal(0, journal.Bytes);
    }

    [Fact]
    public void Without_any_cursor_an_entry_is_held_only_by_whoever_made_it()
    {
        Log journal = new(1L << 30, new FakeTimeProvider());
        JournalCursor closed = journal.OpenCursor("closed");
        journal.CloseCursor(closed);
        TestRecord record = new(1);
        record.Hold();

        journal.TryAppend(record);
        record.LetGo();

        Assert.Equal(0, journal.Bytes);
        Assert.Null(closed.TryRead());
    }
}
