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
        Gaps = GapLedger.Load(disk, fault => GapsFault = fault);
        Cursors = [.. _log.Cursors.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(
            static one => JournalCursorView.Of(one.Key, one.Value))];
        (Letters, LetterBytes, LetterFaults) = CountLetters();
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The cluster it is named after.</summary>
    public string Cluster { get; }

    /// <summary>The segments that hold records, oldest first.</summary>
    public IReadOnlyList<Segment> Segments => _log.Segments;

    /// <summary>Files ready for use.</summary>
    public int Spares => _log.Spares;

    /// <summary>The highest position any record or cursor knows of.</summary>
    public long Tail => _log.Tail;

    /// <summary>How far each destination has got.</summary>
    public IReadOnlyList<JournalCursorView> Cursors { get; }

    /// <summary>What was dropped; nothing when <see cref="GapsFault"/> says why that is not known.</summary>
    public IReadOnlyList<Gap> Gaps { get; }

    /// <summary>Why the ledger of gaps cannot be read; null when it can.</summary>
    public string? GapsFault { get; private set; }

    /// <summary>Dead letters.</summary>
    public int Letters { get; }

    /// <summary>Bytes they count.</summary>
    public long LetterBytes { get; }

    /// <summary>What cannot be read of the dead letters, in words.</summary>
    public IReadOnlyList<string> LetterFaults { get; }

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
        foreach (var record in _log.Records(1, found => Note(damage, found)))
            Records++;
        return StillThere(Folder, damage);
    }

    /// <summary>Records that the last full check read.</summary>
    public long Records { get; private set; }

    /// <summary>Records from a position on, in order, without anything that must not be shown.</summary>
    /// <param name="from">The position.</param>
    /// <param name="damaged">Told of what cannot be read: of headers and the newest segment first, then in order.
    /// </param>
    public IEnumerable<JournalRecordView> Dump(long from, Action<LogDamage> damaged)
    {
        List<LogDamage> told = [.. _log.Damage.Where(static damage => damage.Kind != LogDamageKind.Cursor)];
        told.ForEach(damaged);
        foreach (var record in _log.Records(from, found =>
        {
            if (Note(told, found))
                damaged(found);
        }))
            yield return JournalRecordView.Of(record);
    }

    private static bool IsJournal(string path) => Directory.EnumerateFiles(path).Any(
        static file => Path.GetExtension(file) is SegmentFormat.Segment or ".cursor"
            || Path.GetFileName(file) == "lock");

    private (int Letters, long Bytes, IReadOnlyList<string> Faults) CountLetters()
    {
        var folder = Path.Combine(Folder, JournalFolder.Letters);
        if (!Directory.Exists(folder))
            return (0, 0, []);
        var index = new LetterIndex(overhead: 0);
        var log = new LogFolder(new ReadOnlyDisk(folder));
        List<LogDamage> damage = [.. log.Damage];
        List<string> faults = [];
        using var reader = log.OpenReader(1, found => Note(damage, found));
        LetterReading.Load(reader, index, faults.Add);
        faults.AddRange(StillThere(folder, damage).Select(LetterReading.Told));
        return (index.Letters.Count, index.Bytes, faults);
    }

    /// <summary>What was found at the start is found once more by whoever reads all of it.</summary>
    private static bool Note(List<LogDamage> damage, LogDamage found)
    {
        if (damage.Exists(known => known.File == found.File && known.Offset == found.Offset))
            return false;
        damage.Add(found);
        return true;
    }

    /// <summary>A segment that was given another use while it was read was not damaged.</summary>
    private static IReadOnlyList<LogDamage> StillThere(string folder, List<LogDamage> damage) =>
        [.. damage.Where(place =>
            place.Kind == LogDamageKind.MissingSegment || File.Exists(Path.Combine(folder, place.File)))];
}
