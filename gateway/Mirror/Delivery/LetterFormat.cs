using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using InfluxMirror.Journal;
using InfluxMirror.Journal.Disk;

namespace InfluxMirror.Delivery;

/// <summary>
/// The bytes of dead letters in their log. A letter's body is the record's; its header is
/// <code>
///  0         4                        4 + n
///  +---------+------------------------+-----------------------+
///  | bytes n | a note about it (JSON) | header of the record  |
///  +---------+------------------------+-----------------------+
/// </code>
/// The letter's number is its position in the log. A change has no body, and as header the new note; a removal the
/// number of the letter (8 bytes). Little-endian.
/// </summary>
internal static class LetterFormat
{
    public const byte Letter = 1;
    public const byte Change = 2;
    public const byte Removal = 3;

    /// <summary>Longest reason that is kept.</summary>
    public const int MaxReason = 2000;

    private const int SampleLength = 200;

    /// <summary>A new letter. The body's reference stays the caller's.</summary>
    public static LogEntry OfLetter(LetterNote note, MirroredRecord record)
    {
        var json = Encode(note);
        var recordHeader = RecordHeader.Encode(record);
        var header = new byte[sizeof(int) + json.Length + recordHeader.Length];
        BinaryPrimitives.WriteInt32LittleEndian(header, json.Length);
        json.CopyTo(header, sizeof(int));
        recordHeader.CopyTo(header.AsMemory(sizeof(int) + json.Length));
        return new LogEntry(Letter, header, record.Body);
    }

    /// <summary>A new reason, and number of refused points, for a letter.</summary>
    public static LogEntry OfChange(LetterNote note) => WithoutBody(Change, Encode(note));

    /// <summary>A letter that is no more.</summary>
    public static LogEntry OfRemoval(long id)
    {
        var header = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(header, id);
        return WithoutBody(Removal, header);
    }

    /// <summary>What a letter is about.</summary>
    /// <exception cref="InvalidDataException">It is of a version this program does not know.</exception>
    public static LetterNote NoteOf(LogRecord found)
    {
        var json = found.Kind == Change ? found.Header : Note(found);
        try
        {
            return JsonSerializer.Deserialize(json.Span, LetterJson.Default.LetterNote)
                ?? throw new InvalidDataException($"The letter at {found.Position} has no note.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"The letter at {found.Position} has a note of another version.", fault);
        }
    }

    /// <summary>The number that a removal names.</summary>
    public static long RemovedBy(LogRecord found) =>
        found.Header.Length == sizeof(long)
            ? BinaryPrimitives.ReadInt64LittleEndian(found.Header.Span)
            : throw new InvalidDataException($"The removal at {found.Position} has no number.");

    /// <summary>The record of a letter; takes over the reference to its body.</summary>
    /// <param name="found">The letter as it was read.</param>
    /// <param name="letter">What is known of it, when it is to be sent again.</param>
    /// <param name="watch">Who wants to know what becomes of that.</param>
    /// <exception cref="InvalidDataException">It is of a version this program does not know.</exception>
    public static MirroredRecord RecordOf(LogRecord found, DeadLetter? letter = null, DeliveryWatch? watch = null)
    {
        var header = found.Header[(sizeof(int) + Note(found).Length)..];
        var kind = NoteOf(found).Kind;
        return RecordHeader.Decode(new LogRecord(found.Position, (byte)kind, header, found.Body), letter, watch);
    }

    /// <summary>What is kept of a letter in memory.</summary>
    public static DeadLetter Describe(long id, LetterNote note, MirroredRecord record) => new()
    {
        Id = id,
        Time = note.Time,
        Destination = note.Destination,
        Client = record.Client,
        Database = record.Target.Database,
        RetentionPolicy = record.Target.RetentionPolicy,
        Kind = note.Kind,
        Points = record.Points,
        Rejected = note.Rejected,
        Reason = note.Reason,
        Bytes = record.Body.Length,
        Sample = RecordText.Sample(record, SampleLength),
        Position = note.Position,
    };

    private static ReadOnlyMemory<byte> Note(LogRecord found)
    {
        var length = found.Header.Length < sizeof(int)
            ? -1
            : BinaryPrimitives.ReadInt32LittleEndian(found.Header.Span);
        return length >= 0 && length <= found.Header.Length - sizeof(int)
            ? found.Header.Slice(sizeof(int), length)
            : throw new InvalidDataException($"The letter at {found.Position} has no note.");
    }

    private static byte[] Encode(LetterNote note) =>
        JsonSerializer.SerializeToUtf8Bytes(note, LetterJson.Default.LetterNote);

    private static LogEntry WithoutBody(byte kind, byte[] header) => new(kind, header, SharedBuffer.Rent(0));
}

/// <summary>A letter apart from its record.</summary>
/// <param name="Id">In a change: the letter's number; else 0.</param>
/// <param name="Time">When it was filed.</param>
/// <param name="Destination">Who did not take the record.</param>
/// <param name="Reason">Why.</param>
/// <param name="Rejected">Points that were refused.</param>
/// <param name="Position">The record's place in the journal.</param>
/// <param name="Kind">What kind of request the record is.</param>
internal sealed record LetterNote(
    long Id, DateTimeOffset Time, string Destination, string Reason, int Rejected, long Position, RecordKind Kind);

[JsonSerializable(typeof(LetterNote))]
internal sealed partial class LetterJson : JsonSerializerContext;
