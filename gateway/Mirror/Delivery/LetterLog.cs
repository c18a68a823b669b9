using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>The dead letters of a cluster on disk: a log of their own, of small segments.</summary>
internal sealed class LetterLog : IAsyncDisposable
{
    /// <summary>Bytes of a segment.</summary>
    public const int SegmentBytes = 4 * 1024 * 1024;

    private readonly SegmentLog _log;
    private readonly TimeSpan _startPatience;

    private LetterLog(SegmentLog log, TimeSpan startPatience) => (_log, _startPatience) = (log, startPatience);

    /// <summary>Opens the log in a folder.</summary>
    /// <param name="disk">The folder.</param>
    /// <param name="journal">What holds for the journal holds for the letters.</param>
    /// <param name="tell">Takes the log's news.</param>
    /// <exception cref="DiskException">Another process has the folder, or it cannot be used.</exception>
    public static LetterLog Open(IDisk disk, JournalOptions journal, Action<string> tell)
    {
        // The letters bound themselves: whether one may be filed must not depend on what is about to go.
        var options = new LogOptions
        {
            Safety = journal.Durability == Durability.Process ? LogSafety.Process : LogSafety.Disk,
            // A folder that may take little is not filled by an empty file.
            SegmentBytes = (int)Math.Min(SegmentBytes, journal.MaxBytes / 16),
            MaxBytes = long.MaxValue / 2,
            ReserveBytes = disk.TotalBytes / 100 * journal.ReservePercent,
            KeptBytes = WholeFile.LeastFree,
            MaxSpares = 0,
            StartPatience = journal.StartPatience,
        };
        var log = SegmentLog.Open(disk, options, news => tell($"dead letters: {news.Text}"));
        foreach (var damage in log.Recovered.Damage)
            tell(LetterReading.Told(damage));
        return new LetterLog(log, journal.StartPatience);
    }

    /// <summary>The segments, oldest first.</summary>
    public IReadOnlyList<Segment> Segments => _log.Segments;

    /// <inheritdoc cref="SegmentLog.IsAtRest"/>
    public bool IsAtRest => _log.IsAtRest;

    /// <summary>The highest number handed out.</summary>
    public long Tail => _log.Tail;

    /// <summary>Reads everything there is.</summary>
    /// <param name="index">Takes it in.</param>
    /// <param name="tell">Told of what cannot be read.</param>
    public void Load(LetterIndex index, Action<string> tell)
    {
        using var reader = _log.OpenReader(1, damage => tell(LetterReading.Told(damage)), _startPatience);
        LetterReading.Load(reader, index, tell);
    }

    /// <summary>Appends; 0 when the disk does not take it now, else its position.</summary>
    public long Append(LogEntry entry) =>
        _log.TryAppend(entry) == AppendOutcome.Appended ? entry.Position : 0;

    /// <summary>Completes when everything up to a position is on disk; false when that fails now.</summary>
    public ValueTask<bool> WaitDurableAsync(long position) => _log.WaitDurableAsync(position);

    /// <summary>Nobody needs what is below <paramref name="first"/>.</summary>
    public void KeepFrom(long first) => _log.Trim(first - 1);

    /// <summary>The letter of this number; null when it cannot be read.</summary>
    /// <exception cref="DiskException">The disk fails.</exception>
    public LogRecord? Read(long id)
    {
        using var reader = _log.OpenReader(id, static _ => { });
        var found = reader.TryRead();
        if (found is null || (found.Position == id && found.Kind == LetterFormat.Letter))
            return found;
        found.Body.Release();
        return null;
    }

    public ValueTask DisposeAsync() => _log.DisposeAsync();
}
