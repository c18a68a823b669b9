using InfluxMirror.Journal.Disk;
using Xunit;

namespace Gateway.SimulationTests.Journal;

/// <summary>What the log was told, and what may therefore be asked of it.</summary>
public sealed class LogModel
{
    private readonly Dictionary<long, Appended> _records = [];
    private readonly SortedSet<long> _acknowledged = [];
    private readonly HashSet<long> _seenOnDisk = [];

    /// <summary>Nobody needs records up to here.</summary>
    public long TrimmedThrough { get; set; }

    /// <summary>Bits flipped so far: each may cost one acknowledged record.</summary>
    public int Flips { get; set; }

    /// <summary>Acknowledged records that a flip cost, all of them reported.</summary>
    public int Lost { get; private set; }

    /// <summary>Acknowledged records that were found again, summed over all checks.</summary>
    public long Confirmed { get; private set; }

    public void Append(long position, byte kind, byte[] header, byte[] body, LogEntry entry)
    {
        // A position may come again only when no trace of it was left; a flipped bit may take the last one, and of
        // trimmed records nobody asks whether it did.
        if (Flips == 0 || position > TrimmedThrough)
            Assert.DoesNotContain(position, _acknowledged);
        if (Flips == 0)
            Assert.DoesNotContain(position, _seenOnDisk);
        _acknowledged.Remove(position);
        _records[position] = new Appended(kind, header, body, entry);
    }

    public void Acknowledge(long from, long through)
    {
        for (long position = from; position <= through; position++)
            if (_records.TryGetValue(position, out Appended? record) && !record.IsCancelled)
                _acknowledged.Add(position);
    }

    /// <summary>Nobody needs a record any more, whatever stands around it.</summary>
    public void Forget(long position) => _acknowledged.Remove(position);

    /// <summary>A record whose promise was not given yet is not needed any more.</summary>
    public void Cancel(LogCore core, long position)
    {
        if (!_records.TryGetValue(position, out Appended? record) || _acknowledged.Contains(position))
            return;
        record.IsCancelled = true;
        core.Cancel(record.Entry);
    }

    /// <summary>What was read is what was appended, bit by bit.</summary>
    public void Check(LogRecord record)
    {
        Assert.True(_records.TryGetValue(record.Position, out Appended? appended), $"{record.Position} is invented");
        Assert.Equal(appended.Kind, record.Kind);
        Assert.True(record.Header.Span.SequenceEqual(appended.Header), $"{record.Position} has another header");
        Assert.True(record.Body.Span.SequenceEqual(appended.Body), $"{record.Position} has another body");
        _seenOnDisk.Add(record.Position);
    }

    /// <summary>
    /// A reader went from <paramref name="from"/> to before <paramref name="to"/> and met <paramref name="read"/>:
    /// nothing acknowledged is missing but what a flipped bit cost, and that was reported.
    /// </summary>
    public void CheckComplete(long from, long to, IReadOnlySet<long> read, IReadOnlyList<LogDamage> damage)
    {
        long first = Math.Max(from, TrimmedThrough + 1);
        if (first >= to)
            return;
        long[] missing = [.. _acknowledged.GetViewBetween(first, to - 1).Where(position => !read.Contains(position))];
        Confirmed += _acknowledged.GetViewBetween(first, to - 1).Count - missing.Length;
        foreach (long position in missing)
        {
            Assert.True(Flips > Lost, $"{position} was acknowledged and is gone");
            Assert.True(damage.Any(one => Covers(one, position)), $"{position} is gone and nobody says so");
            _acknowledged.Remove(position);
            Lost++;
        }

        if (Flips == 0)
            Assert.DoesNotContain(damage, one => one.Acknowledged && one.Before > TrimmedThrough + 1);
    }

    private static bool Covers(LogDamage damage, long position) =>
        damage.Position == position ||
        (damage.Position == 0 && damage.After < position && (damage.Before == 0 || position < damage.Before));

    private sealed record Appended(byte Kind, byte[] Header, byte[] Body, LogEntry Entry)
    {
        public bool IsCancelled { get; set; }
    }
}
