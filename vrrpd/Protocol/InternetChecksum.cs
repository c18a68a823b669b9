using System.Buffers.Binary;

namespace Vrrp;

/// <summary>The ones' complement sum of RFC 1071, over a message and, where it has one, its pseudo-header.</summary>
public static class InternetChecksum
{
    /// <summary>
    /// The sum of a message's 16-bit words, carried in; an odd last byte counts as the upper half of a word.
    /// </summary>
    public static uint Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        while (bytes.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[2..];
        }

        if (bytes.Length == 1)
            sum += (uint)bytes[0] << 8;
        return Fold(sum);
    }

    /// <summary>
    /// The sum of the pseudo-header: source, destination, length and protocol (RFC 768 for IPv4, RFC 8200 §8.1 for
    /// IPv6; the words of both add up alike).
    /// </summary>
    public static uint PseudoHeaderSum(Address source, Address destination, byte protocol, int length)
    {
        Span<byte> bytes = stackalloc byte[32];
        source.Write(bytes);
        destination.Write(bytes[source.Length..]);
        return Fold((ulong)Sum(bytes[..(source.Length + destination.Length)]) + protocol + (uint)length);
    }

    /// <summary>What to write into the checksum field, which was zero when the sum was made.</summary>
    public static ushort Of(uint sum) => (ushort)~Fold(sum);

    /// <summary>Whether a sum that includes the checksum field says that nothing was changed.</summary>
    public static bool IsValid(uint sum) => Fold(sum) == 0xffff;

    private static uint Fold(ulong sum)
    {
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (uint)sum;
    }
}
