using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>Records that a destination was not given because of a limit or their age.</summary>
/// <param name="Destination">Who lacks them.</param>
/// <param name="Database">Their database.</param>
/// <param name="RetentionPolicy">Their retention policy; null for the database's default.</param>
/// <param name="Points">Points in them.</param>
/// <param name="Records">How many they are.</param>
/// <param name="First">When the first of them was accepted.</param>
/// <param name="Last">When the last of them was accepted.</param>
public sealed record Gap(
    string Destination, string Database, string? RetentionPolicy, long Points, long Records, DateTimeOffset First,
    DateTimeOffset Last);

/// <summary>
/// What was dropped for the destinations of a cluster, until they are declared in sync. Where the journal is on disk
/// the ledger is a file in its folder: a line of JSON, a line with its CRC32C in hexadecimal, and room. A crash may
/// leave a record in it that is delivered after all, never the opposite. Safe for any number of threads.
/// </summary>
public sealed class GapLedger
{
    /// <summary>Its file.</summary>
    public const string FileName = "gaps.ledger";

    /// <summary>Stands for the databases beyond <see cref="MaxGaps"/>, or beyond <see cref="MaxBytes"/>.</summary>
    public const string Others = "(others)";

    private const string Unfinished = FileName + SegmentFormat.Unfinished;

    // Clients choose the names of databases.
    private const int MaxGaps = 1000;

    // All of it may come at once when the disk is full, and finds its room. Beyond this is what stands for others.
    private const int RoomBytes = 256 * 1024;
    private const int MaxBytes = RoomBytes - (16 * 1024);

    // Of one gap: what JSON has beside the names, with the longest numbers and times.
    private const int BytesBesideNames = 224;

    private readonly Lock _gate = new();
    private readonly Lock _saving = new();
    private readonly WholeFile? _file;
    private readonly Action<Action> _save;
    private readonly Dictionary<(string Destination, string Database, string? RetentionPolicy), Gap> _gaps = [];
    private long _bytes;
    private long _version;
    private long _savedVersion;

    private GapLedger(IDisk? disk, Action<Action> save)
    {
        _file = disk is null ? null : new WholeFile(disk, FileName, Unfinished, RoomBytes);
        _save = save;
    }

    /// <summary>The ledger in a folder, or one in memory.</summary>
    /// <param name="disk">The folder of the journal; null when that is in memory.</param>
    /// <param name="patience">How long a disk that fails is asked again.</param>
    /// <param name="save">Saves, with the room for it where the disk is full.</param>
    /// <param name="tell">Told when the file cannot be read; it begins anew then.</param>
    internal static GapLedger Open(IDisk? disk, TimeSpan patience, Action<Action> save, Action<string> tell)
    {
        var ledger = new GapLedger(disk, save);
        foreach (var gap in disk is null ? [] : Load(new PatientDisk(disk, patience), tell))
            ledger.Add_NeedsLock(gap);
        return ledger;
    }

    /// <summary>What a folder's ledger says; nothing when there is none.</summary>
    internal static IReadOnlyList<Gap> Load(IDisk disk, Action<string> tell)
    {
        try
        {
            if (WholeFile.Read(disk, FileName, static bytes => TryDecode(bytes)) is { } gaps)
                return gaps;
            tell($"{FileName} is damaged: what was dropped before is not known any more");
        }
        catch (DiskException fault)
        {
            if (fault.Fault != DiskFault.Missing)
                tell(fault.Message);
        }

        return [];
    }

    /// <summary>Every gap, or those of one destination; ordered by destination, database and retention policy.
    /// </summary>
    public IReadOnlyList<Gap> List(string? destination = null)
    {
        lock (_gate)
        {
            return [.. _gaps.Values
                .Where(gap => destination is null || IsOf(gap, destination))
                .OrderBy(static gap => gap.Destination, StringComparer.Ordinal)
                .ThenBy(static gap => gap.Database, StringComparer.Ordinal)
                .ThenBy(static gap => gap.RetentionPolicy, StringComparer.Ordinal)];
        }
    }

    /// <summary>A destination is not given a record.</summary>
    internal void Note(string destination, MirroredRecord record) => Note(new Gap(
        destination, record.Target.Database, record.Target.RetentionPolicy, record.Points, 1, record.AcceptedAt,
        record.AcceptedAt));

    /// <summary>A destination is not given a record that is on disk only.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="database">The record's database.</param>
    /// <param name="spilled">The record.</param>
    internal void Note(string destination, string database, SpilledRecord spilled) => Note(new Gap(
        destination, database, spilled.RetentionPolicy, spilled.Points, 1, spilled.AcceptedAt, spilled.AcceptedAt));

    private void Note(Gap gap)
    {
        gap = gap with
        {
            Database = SharedNames.Of(gap.Database),
            RetentionPolicy = SharedNames.Of(gap.RetentionPolicy),
        };
        lock (_gate)
        {
            if (!_gaps.ContainsKey(KeyOf(gap)) && (_gaps.Count >= MaxGaps || _bytes + BytesOf(gap) > MaxBytes))
                gap = gap with { Database = Others, RetentionPolicy = null };
            Add_NeedsLock(gap);
            _version++;
        }
    }

    private void Add_NeedsLock(Gap gap)
    {
        var isKnown = _gaps.TryGetValue(KeyOf(gap), out var before);
        _gaps[KeyOf(gap)] = isKnown ? Join(before!, gap) : gap;
        _bytes += isKnown ? 0 : BytesOf(gap);
    }

    /// <summary>A destination holds what the others hold.</summary>
    internal void Clear(string destination)
    {
        lock (_gate)
        {
            foreach (var gap in _gaps.Values.Where(gap => IsOf(gap, destination)).ToList())
                _gaps.Remove(KeyOf(gap));
            _bytes = _gaps.Values.Sum(BytesOf);
            _version++;
        }
    }

    /// <summary>When it returns, all that was noted before is on disk, where there is one.</summary>
    /// <exception cref="DiskException">It may or may not have been saved; save again.</exception>
    internal void Save()
    {
        if (_file is null || Interlocked.Read(ref _version) == Interlocked.Read(ref _savedVersion))
            return;
        lock (_saving)
            Save_NeedsLock(_file, _save);
    }

    /// <summary>Makes room for what is to be saved next, which others who fill the disk cannot take.</summary>
    /// <exception cref="DiskException">It cannot be made now.</exception>
    internal void KeepRoom()
    {
        if (_file is null)
            return;
        lock (_saving)
        {
            // What is dropped first is, as a rule, when the disk is full.
            if (!_file.IsThere)
                Save_NeedsLock(_file, static save => save());
            _file.KeepRoom();
        }
    }

    private void Save_NeedsLock(WholeFile file, Action<Action> save)
    {
        byte[] bytes;
        long version;
        lock (_gate)
            (bytes, version) = (Encode(_gaps.Values), _version);
        save(() => file.Replace(bytes));
        Interlocked.Exchange(ref _savedVersion, version);
    }

    private static Gap Join(Gap left, Gap right) => left with
    {
        Points = left.Points + right.Points,
        Records = left.Records + right.Records,
        First = left.First < right.First ? left.First : right.First,
        Last = left.Last > right.Last ? left.Last : right.Last,
    };

    /// <summary>What it takes in the file at most, however large its numbers become.</summary>
    private static long BytesOf(Gap gap) =>
        BytesBesideNames + Encoded(gap.Destination) + Encoded(gap.Database) + Encoded(gap.RetentionPolicy ?? "");

    private static int Encoded(string name) => JsonEncodedText.Encode(name).EncodedUtf8Bytes.Length;

    private static bool IsOf(Gap gap, string destination) =>
        gap.Destination.Equals(destination, StringComparison.OrdinalIgnoreCase);

    // The case of letters in a destination's name makes no difference; in that of a database it does.
    private static (string, string, string?) KeyOf(Gap gap) =>
        (gap.Destination.ToUpperInvariant(), gap.Database, gap.RetentionPolicy);

    private static byte[] Encode(IEnumerable<Gap> gaps)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes([.. gaps], GapJson.Default.GapArray);
        return [.. json, (byte)'\n', .. Encoding.ASCII.GetBytes($"{Crc32C.Of(json):x8}\n")];
    }

    private static Gap[]? TryDecode(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        var rest = bytes[(end + 1)..];
        var length = rest.IndexOf((byte)'\n');
        if (end < 0 || length < 0 || !uint.TryParse(
            rest[..length], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
            out var checksum) || checksum != Crc32C.Of(bytes[..end]))
            return null;
        try
        {
            return JsonSerializer.Deserialize(bytes[..end], GapJson.Default.GapArray);
        }
        catch (JsonException)
        {
            // Of a version this program does not know.
            return null;
        }
    }
}

[JsonSerializable(typeof(Gap[]))]
internal sealed partial class GapJson : JsonSerializerContext;
