using System.Buffers.Binary;
using System.Globalization;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The start of a segment file, twice: at 0 and at 4096, so that one damaged page does not cost the segment.
/// <code>
///  0        8      12        16           24     32      40      48         56     60     64     68
///  +--------+------+---------+------------+------+-------+-------+----------+------+------+------+------+
///  | magic  |ver. 1|data 8192| generation | salt | first | given | previous | end  | safe | own  | crc  |
///  +--------+------+---------+------------+------+-------+-------+----------+------+------+------+------+
/// </code>
/// Little-endian; the checksum covers what stands before it.
/// </summary>
/// <param name="Generation">Its number: grows from segment to segment; the file is named after it.</param>
/// <param name="Salt">Random; every frame begins with it and its checksum is seeded with it.</param>
/// <param name="First">No position in here is below; those from here on in earlier segments do not count.</param>
/// <param name="Given">The highest position handed out when this was written.</param>
/// <param name="Previous">Generation of the segment before; 0: none.</param>
/// <param name="PreviousEnd">Where the records of that one end: what follows was never acknowledged.</param>
/// <param name="PreviousSafeEnd">Up to where all of its records had been made safe.</param>
/// <param name="End">
/// Where its own records end, if it was written whole, as what was left of others; else 0, and the next header says.
/// </param>
public readonly record struct SegmentHeader(
    long Generation,
    ulong Salt,
    long First,
    long Given,
    long Previous = 0,
    long PreviousEnd = 0,
    long PreviousSafeEnd = 0,
    long End = 0)
{
    /// <summary>What frames of the segment are recognised by.</summary>
    public SegmentKey Key => SegmentKey.Of(Generation, Salt);
}

/// <summary>What the frames of one segment are recognised by.</summary>
/// <param name="Salt">They begin with it.</param>
/// <param name="Seed">Their checksums start from it.</param>
public readonly record struct SegmentKey(ulong Salt, uint Seed)
{
    /// <summary>The key of a segment.</summary>
    public static SegmentKey Of(long generation, ulong salt)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, generation);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], salt);
        return new SegmentKey(salt, Crc32C.Of(bytes));
    }
}

/// <summary>Bytes and names of segment files.</summary>
public static class SegmentFormat
{
    /// <summary>Where the first frame stands.</summary>
    public const int DataStart = 8192;

    /// <summary>Ending of the names of segments.</summary>
    public const string Segment = ".seg";

    /// <summary>Ending of the names of files that wait to become segments; what is in them is of no use.</summary>
    public const string Spare = ".spare";

    /// <summary>Ending of the names of files that are being made.</summary>
    public const string Unfinished = ".new";

    private const int CopyAt = 4096;
    private const int HeaderLength = 72;
    private const int ChecksumAt = 68;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "IMSEGMNT"u8;

    /// <summary>The name of a file.</summary>
    public static string Name(long generation, string ending) =>
        generation.ToString("x16", CultureInfo.InvariantCulture) + ending;

    /// <summary>The name of a segment written anew, for the first time or once more.</summary>
    public static string Name(long generation, int rewrite, string ending) =>
        Name(generation, $".{rewrite.ToString(CultureInfo.InvariantCulture)}{ending}");

    /// <summary>How often the segment of this name was written anew.</summary>
    public static int RewriteOf(string name) =>
        GenerationOf(name) > 0 && name.IndexOf('.', 17) is > 17 and var end &&
        int.TryParse(name.AsSpan(17, end - 17), NumberStyles.None, CultureInfo.InvariantCulture, out var rewrite)
            ? rewrite
            : 0;

    /// <summary>The generation in a file's name; 0 when it is not one of ours, as a cursor's.</summary>
    public static long GenerationOf(string name) =>
        name.Length > 16 && IsEnding(name.AsSpan(16)) &&
        long.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            ? Math.Max(number, 0)
            : 0;

    private static bool IsEnding(ReadOnlySpan<char> ending)
    {
        var last = ending.LastIndexOf('.');
        return last >= 0 && ending[last..] is Segment or Spare or Unfinished
            && (last == 0 || (ending[0] == '.' && !ending[1..last].ContainsAnyExceptInRange('0', '9')));
    }

    /// <summary>Both copies, as they stand before the first frame.</summary>
    public static byte[] Encode(in SegmentHeader header)
    {
        var bytes = new byte[DataStart];
        Span<byte> at = bytes;
        Magic.CopyTo(at);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(at[12..], DataStart);
        BinaryPrimitives.WriteInt64LittleEndian(at[16..], header.Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(at[24..], header.Salt);
        BinaryPrimitives.WriteInt64LittleEndian(at[32..], header.First);
        BinaryPrimitives.WriteInt64LittleEndian(at[40..], header.Given);
        BinaryPrimitives.WriteInt64LittleEndian(at[48..], header.Previous);
        BinaryPrimitives.WriteUInt32LittleEndian(at[56..], checked((uint)header.PreviousEnd));
        BinaryPrimitives.WriteUInt32LittleEndian(at[60..], checked((uint)header.PreviousSafeEnd));
        BinaryPrimitives.WriteUInt32LittleEndian(at[64..], checked((uint)header.End));
        BinaryPrimitives.WriteUInt32LittleEndian(at[ChecksumAt..], Crc32C.Of(at[..ChecksumAt]));
        at[..HeaderLength].CopyTo(at[CopyAt..]);
        return bytes;
    }

    /// <summary>Reads whichever copy is whole, from the first <see cref="DataStart"/> bytes of a file.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        if (TryDecodeCopy(bytes, out header))
            return true;
        return bytes.Length >= CopyAt && TryDecodeCopy(bytes[CopyAt..], out header);
    }

    private static bool TryDecodeCopy(ReadOnlySpan<byte> at, out SegmentHeader header)
    {
        header = default;
        if (at.Length < HeaderLength || !at.StartsWith(Magic))
            return false;
        if (Crc32C.Of(at[..ChecksumAt]) != BinaryPrimitives.ReadUInt32LittleEndian(at[ChecksumAt..]))
            return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(at[8..]) != Version)
            return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(at[12..]) != DataStart)
            return false;
        header = new SegmentHeader(
            BinaryPrimitives.ReadInt64LittleEndian(at[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(at[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[48..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[56..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[60..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[64..]));
        return header is { Generation: > 0, First: > 0 };
    }
}
