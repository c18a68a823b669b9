using System.Buffers.Binary;

namespace Vrrp;

/// <summary>
/// Ethernet frames that tell the neighbours who has an address, as keepalived 2.2.7 sends them; and the reading of
/// what others claim.
/// <code>
/// ARP (42 bytes)                          NA (86 bytes)
/// 0  destination 6, source 6, type 2      0  destination 6, source 6, type 2
/// 14 hardware 1, protocol 0800, 6, 4      14 IPv6 header 40, hop limit 255
/// 20 operation                            54 type 136, code 0, checksum 2, flags 4
/// 22 sender hardware 6, address 4         62 target address 16
/// 32 target hardware 6, address 4         78 option 2 (target link layer), length 1, address 6
/// </code>
/// </summary>
public static class NeighborFrames
{
    /// <summary>Bytes of an ARP frame.</summary>
    public const int ArpLength = 42;

    /// <summary>Bytes of a neighbour advertisement's frame.</summary>
    public const int NeighborAdvertisementLength = 86;

    private const byte IcmpV6 = 58;
    private static readonly Address AllNodes = Address.Parse("ff02::1");

    /// <summary>An ARP request for one's own address: everybody takes the sender's Ethernet address down.</summary>
    /// <returns>Bytes written: <see cref="ArpLength"/>.</returns>
    public static int WriteGratuitousArp(Span<byte> frame, HardwareAddress sender, Address address) =>
        WriteArpRequest(frame, sender, address, HardwareAddress.Broadcast, address);

    /// <summary>
    /// The question of RFC 5227 §2.1.1 whether anybody has the address; nobody's table changes by it.
    /// </summary>
    /// <returns>Bytes written: <see cref="ArpLength"/>.</returns>
    public static int WriteArpProbe(Span<byte> frame, HardwareAddress sender, Address address) =>
        WriteArpRequest(frame, sender, default, default, address);

    /// <summary>
    /// The IPv6 counterpart of a gratuitous ARP (RFC 4861 §7.2.6): Override set, Router clear, to all nodes.
    /// </summary>
    /// <returns>Bytes written: <see cref="NeighborAdvertisementLength"/>.</returns>
    public static int WriteNeighborAdvertisement(Span<byte> frame, HardwareAddress sender, Address address)
    {
        const int IcmpLength = 32;
        frame = frame[..NeighborAdvertisementLength];
        frame.Clear();
        new HardwareAddress(0x3333_0000_0001).Write(frame);
        sender.Write(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x86dd);

        Span<byte> header = frame[14..];
        header[0] = 0x60;
        header[5] = IcmpLength;
        header[6] = IcmpV6;
        header[7] = 255;
        address.Write(header[8..]);
        AllNodes.Write(header[24..]);

        Span<byte> message = frame[54..];
        message[0] = 136;
        message[4] = 0x20;
        address.Write(message[8..]);
        message[24] = 2;
        message[25] = 1;
        sender.Write(message[26..]);
        uint sum = InternetChecksum.Sum(message)
            + InternetChecksum.PseudoHeaderSum(address, AllNodes, IcmpV6, IcmpLength);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Of(sum));
        return NeighborAdvertisementLength;
    }

    /// <summary>
    /// Reads who an ARP frame (request or reply) says has an address. False for frames that are anything else, for
    /// probes, and for what <paramref name="own"/> sent.
    /// </summary>
    public static bool TryReadArpClaim(
        ReadOnlySpan<byte> frame, HardwareAddress own, out Address address, out HardwareAddress holder)
    {
        address = default;
        holder = default;
        if (frame.Length < ArpLength || !frame[12..20].SequenceEqual<byte>([8, 6, 0, 1, 8, 0, 6, 4]))
            return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[20..]) is not (1 or 2))
            return false;
        address = Address.Read(frame[28..32]);
        holder = HardwareAddress.Read(frame[22..]);
        return !address.IsNone && holder != own;
    }

    private static int WriteArpRequest(
        Span<byte> frame, HardwareAddress sender, Address senderAddress, HardwareAddress target, Address targetAddress)
    {
        frame = frame[..ArpLength];
        HardwareAddress.Broadcast.Write(frame);
        sender.Write(frame[6..]);
        ReadOnlySpan<byte> request = [8, 6, 0, 1, 8, 0, 6, 4, 0, 1];
        request.CopyTo(frame[12..]);
        sender.Write(frame[22..]);
        senderAddress.Write(frame[28..]);
        target.Write(frame[32..]);
        targetAddress.Write(frame[38..]);
        return ArpLength;
    }
}
