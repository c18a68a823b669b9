using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The bytes of a cursor file.
/// <code>
///  0        8      12       16       20        24    32  36    40
///  +--------+------+--------+--------+---------+-----+---+-----+------+--------+-------+- - -
///  | magic  |ver. 3| name n | done n | extra n | low | 0 | crc | name | done   | extra | room
///  +--------+------+--------+--------+---------+-----+---+-----+------+--------+-------+- - -
/// </code>
/// Little-endian; lengths in bytes. What is done above the low-water mark: <see cref="PositionFormat"/>; in version 1
/// it was ranges (from, to: 8, 8), and their number for the length. The checksum covers everything else, from byte 0 to
/// 36 and from 40 to the end of the extra; what is behind that is room for other states, and means nothing.
/// Versions 1 and 2 were written without, and may have got it since.
/// </summary>
public static class CursorFormat
{
    private const int FixedLength = 40;
    private const int ChecksumAt = 36;
    private const int RangeLength = 16;
    private const uint Version = 3;

    private static ReadOnlySpan<byte> Magic => "IMCURSOR"u8;

    /// <summary>The whole file.</summary>
    public static byte[] Encode(string name, CursorState state)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var done = new ArrayBufferWriter<byte>();
        PositionFormat.Write(done, state.Completed);
        var doneAt = FixedLength + nameBytes.Length;
        var extraAt = doneAt + done.WrittenCount;
        var bytes = new byte[extraAt + state.Extra.Length];
        Span<byte> at = bytes;
        Magic.CopyTo(at);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(at[12..], nameBytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(at[16..], done.WrittenCount);
        BinaryPrimitives.WriteInt32LittleEndian(at[20..], state.Extra.Length);
        BinaryPrimitives.WriteInt64LittleEndian(at[24..], state.LowWaterMark);
        nameBytes.CopyTo(at[FixedLength..]);
        done.WrittenSpan.CopyTo(at[doneAt..]);
        state.Extra.Span.CopyTo(at[extraAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(at[ChecksumAt..], Checksum(bytes));
        return bytes;
    }

    /// <summary>Reads a file; false when any byte that counts is not what was written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string name, out CursorState state)
    {
        name = "";
        state = new CursorState(0, []);
        if (bytes.Length < FixedLength || !bytes.StartsWith(Magic))
            return false;
        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        var nameLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var doneLength = (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) * (version == 1 ? RangeLength : 1);
        var extra = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        var end = FixedLength + nameLength + doneLength + extra;
        if (version is not (1 or 2 or Version) || end > bytes.Length)
            return false;
        bytes = bytes[..(int)end];
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]) != Checksum(bytes))
            return false;
        name = Encoding.UTF8.GetString(bytes.Slice(FixedLength, (int)nameLength));
        var rest = bytes[(FixedLength + (int)nameLength)..];
        var done = rest[..(int)doneLength];
        if (!(version == 1 ? TryReadRanges(done, out var completed) : PositionFormat.TryRead(done, out completed)))
            return false;
        state = new CursorState(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), completed, rest[done.Length..].ToArray());
        return true;
    }

    private static bool TryReadRanges(ReadOnlySpan<byte> bytes, out PositionRuns done)
    {
        done = [];
        for (; bytes.Length >= RangeLength; bytes = bytes[RangeLength..])
        {
            done.Add(
                BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]));
        }

        return bytes.IsEmpty;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes) =>
        Crc32C.Of(bytes[FixedLength..], Crc32C.Of(bytes[..ChecksumAt]));
}
