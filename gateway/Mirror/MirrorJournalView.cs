using InfluxMirror.Delivery;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror;

/// <summary>
/// The folder of a cluster's journal, looked at from outside, also while a gateway has it. Reads only.
/// </summary>
public sealed class MirrorJournalView
{
    private readonly LogFolder _log;

    /// <summary>Looks at a folder as it is now.</summary>
    /// <exception cref="DiskException">It cannot be read.</exception>
    public MirrorJournalView(string folder)
    {
        Folder = Path.GetFullPath(folder);
        Cluster = JournalFolder.ClusterOf(Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder)));
        var disk = new ReadOnlyDisk(Folder);
        _log = new LogFolder(disk);
        Gaps = GapLedger.Load(disk, News.Add);
        Cursors = [.. _log.Cursors.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(
            static one => JournalCursorView.Of(one.Key, one.Value))];
        (Letters, LetterBytes) = CountLetters();
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The cluster it is named after.</summary>
    public string Cluster { get; }

    /// <summary>What could not be understood, in words.</summary>
    public List<string> News { get; } = [];

    /// <summary>The segments that hold records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments => _log.Segments;

    /// <summary>Files ready for use.</summary>
    public int Spares => _log.Spares;

    /// <summary>The highest position any record or cursor knows of.</summary>
    public long Tail => _log.Tail;

    /// <summary>How far each destination has got.</summary>
    public IReadOnlyList<JournalCursorView> Cursors { get; }

    /// <summary>What was dropped.</summary>
    public IReadOnlyList<Gap> Gaps { get; }

    /// <summary>Dead letters.</summary>
    public int Letters { get; }

    /// <summary>Bytes they count.</summary>
    public long LetterBytes { get; }

    /// <summary>The folders of journals in a folder: itself, if it is one, else those in it.</summary>
    public static IReadOnlyList<string> FoldersIn(string path) =>
        IsJournal(path)
            ? [path]
            : [.. Directory.EnumerateDirectories(path).Where(IsJournal).Order(StringComparer.Ordinal)];

    /// <summary>Damaged places: those of headers, cursors and the newest segment, or with a full check all.</summary>
    public IReadOnlyList<LogDamage> Damage(bool all)
    {
        if (!all)
            return _log.Damage;
        List<LogDamage> damage = [.. _log.Damage];
        foreach (var record in _log.Records(1, found =>
        {
            if (!damage.Exists(known => known.File == found.File && known.Offset == found.Offset))
                damage.Add(found);
        }))
            Records++;
        // A segment that was given another use while it was read was not damaged.
        return [.. damage.Where(place =>
            place.Kind == LogDamageKind.MissingSegment || File.Exists(Path.Combine(Folder, place.File)))];
    }

    /// <summary>Records that the last full check read.</summary>
    public long Records { get; private set; }

    /// <summary>Records from a position on, in order, without anything that must not be shown.</summary>
    public IEnumerable<JournalRecordView> Dump(long from)
    {
        foreach (var found in _log.Records(from, damage => News.Add(
            $"{damage.Kind} in {damage.File} at {damage.Offset}, {damage.Length} bytes, cannot be read")))
            yield return JournalRecordView.Of(found);
    }

    private static bool IsJournal(string path) => Directory.EnumerateFiles(path).Any(
        static file => Path.GetExtension(file) is SegmentFormat.Segment or ".cursor"
            || Path.GetFileName(file) == "lock");

    private (int Letters, long Bytes) CountLetters()
    {
        var folder = Path.Combine(Folder, JournalFolder.Letters);
        if (!Directory.Exists(folder))
            return (0, 0);
        var index = new LetterIndex(overhead: 0);
        using var reader = new LogFolder(new ReadOnlyDisk(folder)).OpenReader(
            1, damage => News.Add(LetterReading.Told(damage)));
        LetterReading.Load(reader, index, News.Add);
        return (index.Letters.Count, index.Bytes);
    }
}
