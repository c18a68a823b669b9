using System.Buffers.Binary;

namespace InfluxMirror.Journal.Disk;

/// <summary>
/// What stands before a record's bytes. Frames begin at multiples of 8 and follow each other without a hole.
/// <code>
///  0      8          16     17         20      24     28       32       36      40
///  +------+----------+------+----------+-------+------+--------+--------+-------+--------+------+---------+
///  | salt | position | kind | header n | body n| safe |crc head|crc body| crc   | header | body | 0..7x 0 |
///  +------+----------+------+----------+-------+------+--------+--------+-------+--------+------+---------+
/// </code>
/// Little-endian. The last checksum covers bytes 0 to 36 and starts from the segment's seed, so that neither an
/// older content of the file nor a client's bytes pass for a frame. Header and body have checksums of their own:
/// whose bytes are lost can be told when only the body is damaged.
/// </summary>
/// <param name="Position">Its place in the log.</param>
/// <param name="Kind">The caller's.</param>
/// <param name="HeaderLength">Bytes of the caller's header, below 16 MiB.</param>
/// <param name="BodyLength">Bytes of the body.</param>
/// <param name="SafeEnd">Everything before this offset of the segment was safe when the frame was written.</param>
/// <param name="HeaderChecksum">CRC32C of the caller's header.</param>
/// <param name="BodyChecksum">CRC32C of the body.</param>
public readonly record struct FrameHeader(
    long Position,
    byte Kind,
    int HeaderLength,
    int BodyLength,
    long SafeEnd,
    uint HeaderChecksum,
    uint BodyChecksum)
{
    /// <summary>Bytes from this frame to the next one.</summary>
    public long Size => RecordFormat.Size(HeaderLength, BodyLength);
}

/// <summary>Bytes of records.</summary>
public static class RecordFormat
{
    /// <summary>Bytes before the caller's.</summary>
    public const int FrameLength = 40;

    /// <summary>Frames begin at multiples of it.</summary>
    public const int Alignment = 8;

    /// <summary>Most bytes of a caller's header.</summary>
    public const int MaxHeaderLength = (1 << 24) - 1;

    private const int ChecksumAt = 36;

    /// <summary>Bytes a record takes.</summary>
    public static long Size(int headerLength, int bodyLength) =>
        ((long)FrameLength + headerLength + bodyLength + Alignment - 1) & -Alignment;

    /// <summary>Writes the first <see cref="FrameLength"/> bytes of a frame.</summary>
    public static void Write(Span<byte> at, SegmentKey key, in FrameHeader frame)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at, key.Salt);
        BinaryPrimitives.WriteInt64LittleEndian(at[8..], frame.Position);
        BinaryPrimitives.WriteUInt32LittleEndian(at[16..], frame.Kind | ((uint)frame.HeaderLength << 8));
        BinaryPrimitives.WriteInt32LittleEndian(at[20..], frame.BodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(at[24..], (uint)frame.SafeEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(at[28..], frame.HeaderChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(at[32..], frame.BodyChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(at[ChecksumAt..], Crc32C.Of(at[..ChecksumAt], key.Seed));
    }

    /// <summary>Reads a frame of the segment with that key; false when there is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> at, SegmentKey key, out FrameHeader frame)
    {
        frame = default;
        if (at.Length < FrameLength || BinaryPrimitives.ReadUInt64LittleEndian(at) != key.Salt)
            return false;
        if (Crc32C.Of(at[..ChecksumAt], key.Seed) != BinaryPrimitives.ReadUInt32LittleEndian(at[ChecksumAt..]))
            return false;
        var kindAndLength = BinaryPrimitives.ReadUInt32LittleEndian(at[16..]);
        frame = new FrameHeader(
            BinaryPrimitives.ReadInt64LittleEndian(at[8..]),
            (byte)kindAndLength,
            (int)(kindAndLength >> 8),
            BinaryPrimitives.ReadInt32LittleEndian(at[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[28..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[32..]));
        return frame is { Position: > 0, BodyLength: >= 0 };
    }
}
