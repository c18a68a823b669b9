using System.Buffers.Binary;
using System.Text;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The bytes of a cursor file.
/// <code>
///  0        8      12       16        20        24    32  36    40
///  +--------+------+--------+---------+---------+-----+---+-----+------+--------------------+-------+
///  | magic  |ver. 1| name n | ranges n| extra n | low | 0 | crc | name | ranges (from, to)  | extra |
///  +--------+------+--------+---------+---------+-----+---+-----+------+--------------------+-------+
/// </code>
/// Little-endian; the checksum covers everything else, from byte 0 to 36 and from 40 to the end.
/// </summary>
public static class CursorFormat
{
    private const int FixedLength = 40;
    private const int ChecksumAt = 36;
    private const int RangeLength = 16;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "IMCURSOR"u8;

    /// <summary>The whole file.</summary>
    public static byte[] Encode(string name, CursorState state)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var rangesAt = FixedLength + nameBytes.Length;
        var extraAt = rangesAt + (state.Completed.Count * RangeLength);
        var bytes = new byte[extraAt + state.Extra.Length];
        Span<byte> at = bytes;
        Magic.CopyTo(at);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(at[12..], nameBytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(at[16..], state.Completed.Count);
        BinaryPrimitives.WriteInt32LittleEndian(at[20..], state.Extra.Length);
        BinaryPrimitives.WriteInt64LittleEndian(at[24..], state.LowWaterMark);
        nameBytes.CopyTo(at[FixedLength..]);
        for (var i = 0; i < state.Completed.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(at[(rangesAt + (i * RangeLength))..], state.Completed[i].From);
            BinaryPrimitives.WriteInt64LittleEndian(at[(rangesAt + (i * RangeLength) + 8)..], state.Completed[i].To);
        }

        state.Extra.Span.CopyTo(at[extraAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(at[ChecksumAt..], Checksum(bytes));
        return bytes;
    }

    /// <summary>Reads a file; false when any byte of it is not what was written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string name, out CursorState state)
    {
        name = "";
        state = new CursorState(0, []);
        if (bytes.Length < FixedLength || !bytes.StartsWith(Magic) ||
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Version ||
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]) != Checksum(bytes))
            return false;
        var nameLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var ranges = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
        var extra = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        if ((long)FixedLength + nameLength + ((long)ranges * RangeLength) + extra != bytes.Length)
            return false;
        name = Encoding.UTF8.GetString(bytes.Slice(FixedLength, (int)nameLength));
        var low = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
        var completed = new PositionRange[ranges];
        var rest = bytes[(FixedLength + (int)nameLength)..];
        for (var i = 0; i < completed.Length; i++, rest = rest[RangeLength..])
            completed[i] = new PositionRange(
                BinaryPrimitives.ReadInt64LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[8..]));
        state = new CursorState(low, completed, rest.ToArray());
        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes) =>
        Crc32C.Of(bytes[FixedLength..], Crc32C.Of(bytes[..ChecksumAt]));
}
