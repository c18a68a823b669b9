using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace InfluxMirror.Journal.Disk;

/// <summary>The Castagnoli checksum (RFC 3720, B.4), by the processor's own instruction where it has one.</summary>
public static class Crc32C
{
    /// <summary>
    /// The checksum of what <paramref name="before"/> is the checksum of, followed by <paramref name="bytes"/>.
    /// </summary>
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        var crc = ~before;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : Swap(word));
        foreach (var rest in bytes[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }

    private static ulong Swap(ulong word) => BinaryPrimitives.ReverseEndianness(word);
}
