using System.Runtime.CompilerServices;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Log = InfluxMirror.Journal.Journal;

namespace InfluxMirror.Tests.Journal;

public sealed class JournalTests
{
    private const long Plenty = 1L << 30;
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Positions_grow_by_one_and_the_first_is_1()
    {
        Log journal = new(Plenty, _time);
        JournalCursor cursor = journal.OpenCursor("a");
        TestRecord first = new(1), second = new(2);

        Assert.Equal(0, journal.Tail);
        Assert.Equal(AppendOutcome.Appended, journal.TryAppend(first));
        Assert.Equal(AppendOutcome.Appended, journal.TryAppend(second));

        Assert.Equal((1, 2, 2), (first.Position, second.Position, journal.Tail));
        Assert.Same(first, cursor.TryRead());
        Assert.Same(second, cursor.TryRead());
        Assert.Null(cursor.TryRead());
        Assert.Equal(2, cursor.ReadThrough);
    }

    [Fact]
    public void An_entry_knows_when_it_was_appended()
    {
        Log journal = new(Plenty, _time);
        TestRecord record = new(1);
        _time.Advance(TimeSpan.FromSeconds(7));

        journal.TryAppend(record);
        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3), _time.GetElapsedTime(record.AppendedAt));
    }

    [Fact]
    public void An_entry_over_the_limit_is_refused_and_leaves_no_trace()
    {
        TestRecord first = new(1, 1000), second = new(2, 1000);
        Log journal = new(first.Size + second.Size - 1, _time);
        JournalCursor cursor = journal.OpenCursor("a");
        Assert.Equal(AppendOutcome.Appended, journal.TryAppend(first));
        long before = journal.Bytes;

        Assert.Equal(AppendOutcome.LimitReached, journal.TryAppend(second));

        Assert.Equal(before, journal.Bytes);
        Assert.Equal(0, second.Position);
        Assert.Same(first, cursor.TryRead());
        Assert.Null(cursor.TryRead());
    }

    [Fact]
    public void An_empty_journal_takes_an_entry_larger_than_its_limit()
    {
        Log journal = new(1, _time);
        journal.OpenCursor("a");

        Assert.Equal(AppendOutcome.Appended, journal.TryAppend(new TestRecord(1, 100_000)));
        Assert.Equal(AppendOutcome.LimitReached, journal.TryAppend(new TestRecord(2)));
    }

    [Fact]
    public void A_lower_limit_takes_effect_as_entries_go()
    {
        Log journal = new(Plenty, _time);
        JournalCursor cursor = journal.OpenCursor("a");
        journal.TryAppend(new TestRecord(1));

        journal.LimitBytes = 1;

        Assert.Equal(AppendOutcome.LimitReached, journal.TryAppend(new TestRecord(2)));
        cursor.Complete(cursor.TryRead()!);
        Assert.Equal(AppendOutcome.Appended, journal.TryAppend(new TestRecord(3)));
    }

    [Fact]
    public void Bytes_are_held_until_the_last_cursor_is_done_in_whatever_order()
    {
        Log journal = new(Plenty, _time);
        JournalCursor left = journal.OpenCursor("left"), right = journal.OpenCursor("right");
        for (int i = 1; i <= 3; i++)
            journal.TryAppend(new TestRecord(i));
        List<JournalRecord> read = ReadAll(left);
        Assert.Equal(read, ReadAll(right));

        foreach (JournalRecord record in read)
            left.Complete(record);
        Assert.Equal(read.Sum(static record => (long)record.Size), journal.Bytes);
        Assert.Equal(3, left.LowWaterMark);

        right.Complete(read[2]);
        right.Complete(read[0]);
        Assert.Equal(1, right.LowWaterMark);
        Assert.Equal(read[1].Size, journal.Bytes);

        right.Complete(read[1]);
        Assert.Equal(3, right.LowWaterMark);
        Assert.Equal(0, journal.Bytes);
    }

    [Fact]
    public void An_entry_that_somebody_else_holds_counts_until_that_one_lets_go()
    {
        Log journal = new(Plenty, _time);
        JournalCursor cursor = journal.OpenCursor("a");
        TestRecord record = new(1);
        record.Hold();
        journal.TryAppend(record);

        cursor.Complete(cursor.TryRead()!);
        Assert.Equal(record.Size, journal.Bytes);

        record.LetGo();
        Assert.Equal(0, journal.Bytes);
        Assert.Throws<ObjectDisposedException>(record.LetGo);
    }

    [Fact]
    public void A_new_cursor_sees_only_what_comes_after_it()
    {
        Log journal = new(Plenty, _time);
        journal.TryAppend(new TestRecord(1));

        JournalCursor cursor = journal.OpenCursor("a");
        journal.TryAppend(new TestRecord(2));

        Assert.Equal([2], ReadAll(cursor).Select(static record => ((TestRecord)record).Number));
        Assert.Equal(1, cursor.LowWaterMark);
    }

    [Fact]
    public void Two_cursors_of_one_name_cannot_be()
    {
        Log journal = new(Plenty, _time);
        JournalCursor first = journal.OpenCursor("a");

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => journal.OpenCursor("a"));
        Assert.Contains("'a'", error.Message, StringComparison.Ordinal);

        journal.CloseCursor(first);
        Assert.Equal("a", journal.OpenCursor("a").Name);
    }

    [Fact]
    public async Task Every_cursor_sees_every_entry_once_and_in_order_while_many_append()
    {
        const int Writers = 4, Each = 2_000;
        Log journal = new(Plenty, _time);
        JournalCursor[] cursors = [.. Enumerable.Range(0, 3).Select(n => journal.OpenCursor($"c{n}"))];
        Task[] writers = [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
                Assert.Equal(AppendOutcome.Appended, journal.TryAppend(new TestRecord((writer * Each) + i)));
        }))];
        Task<List<JournalRecord>>[] readers = [.. cursors.Select(cursor => Task.Run(() =>
        {
            List<JournalRecord> read = [];
            while (read.Count < Writers * Each)
            {
                if (cursor.TryRead() is not { } record)
                {
                    Thread.Yield();
                    continue;
                }

                read.Add(record);
                cursor.Complete(record);
            }

            return read;
        }))];

        await Task.WhenAll(writers).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        List<JournalRecord>[] all =
            await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        foreach (List<JournalRecord> read in all)
        {
            Assert.Equal(Enumerable.Range(1, Writers * Each), read.Select(static record => (int)record.Position));
            Assert.Equal(all[0], read);
        }

        Assert.All(Enumerable.Range(0, Writers), writer => Assert.Equal(
            Enumerable.Range(writer * Each, Each),
            all[0].Select(static record => ((TestRecord)record).Number).Where(number => number / Each == writer)));
        Assert.Equal(0, journal.Bytes);
    }

    [Fact]
    public void An_entry_behind_the_last_reader_keeps_no_later_entry_alive()
    {
        Log journal = new(Plenty, _time);
        JournalCursor left = journal.OpenCursor("left"), right = journal.OpenCursor("right");
        TestRecord old = new(1);
        journal.TryAppend(old);
        WeakReference later = AppendAndPass(journal, left, right);

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(later.IsAlive);
        GC.KeepAlive(old);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference AppendAndPass(Log journal, params JournalCursor[] cursors)
    {
        TestRecord later = new(2);
        journal.TryAppend(later);
        journal.TryAppend(new TestRecord(3));
        foreach (JournalCursor cursor in cursors)
        {
            foreach (JournalRecord record in ReadAll(cursor))
                cursor.Complete(record);
        }

        return new WeakReference(later);
    }

    private static List<JournalRecord> ReadAll(JournalCursor cursor)
    {
        List<JournalRecord> read = [];
        while (cursor.TryRead() is { } record)
            read.Add(record);
        return read;
    }
}
