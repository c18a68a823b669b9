using System.Buffers.Binary;

namespace Vrrp;

/// <summary>
/// Ethernet frames that tell the neighbours who has an address, as keepalived 2.2.7 sends them; and the reading of
/// what others claim.
/// <code>
/// ARP (42 bytes)                          NA (86 bytes), NS (78 bytes: type 135, without flags and option)
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

    /// <summary>Bytes of a neighbour solicitation's frame.</summary>
    public const int NeighborSolicitationLength = 78;

    private const byte IcmpV6 = 58;
    private const byte Solicitation = 135;
    private const byte Advertisement = 136;
    private const byte TargetLinkLayer = 2;
    private static readonly Address AllNodes = Address.Parse("ff02::1");
    private static readonly Address Unspecified = Address.Parse("::");

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
        frame = frame[..NeighborAdvertisementLength];
        Span<byte> message = WriteIPv6(frame, new(0x3333_0000_0001), sender, address, AllNodes);
        message[0] = Advertisement;
        message[4] = 0x20;
        address.Write(message[8..]);
        message[24] = TargetLinkLayer;
        message[25] = 1;
        sender.Write(message[26..]);
        WriteChecksum(message, address, AllNodes);
        return NeighborAdvertisementLength;
    }

    /// <summary>
    /// The IPv6 counterpart of a probe (RFC 4862 §5.4.2): who has the address answers to all nodes, and nobody's table
    /// changes by the question.
    /// </summary>
    /// <returns>Bytes written: <see cref="NeighborSolicitationLength"/>.</returns>
    public static int WriteNeighborSolicitation(Span<byte> frame, HardwareAddress sender, Address address)
    {
        // The solicited-node group, of ff02::1:ff00:0/104, ends as the address does, and so does its Ethernet address.
        Span<byte> group = stackalloc byte[16];
        address.Write(group);
        ReadOnlySpan<byte> prefix = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];
        prefix.CopyTo(group);
        ulong ending = BinaryPrimitives.ReadUInt32BigEndian(group[12..]);
        Address solicited = Address.Read(group);

        frame = frame[..NeighborSolicitationLength];
        Span<byte> message = WriteIPv6(frame, new(0x3333_0000_0000 | ending), sender, Unspecified, solicited);
        message[0] = Solicitation;
        address.Write(message[8..]);
        WriteChecksum(message, Unspecified, solicited);
        return NeighborSolicitationLength;
    }

    /// <summary>
    /// Reads who a neighbour advertisement says has an address. False for frames that are anything else, and for what
    /// <paramref name="own"/> sent.
    /// </summary>
    public static bool TryReadNeighborClaim(
        ReadOnlySpan<byte> frame, HardwareAddress own, out Address address, out HardwareAddress holder)
    {
        address = default;
        holder = default;
        if (frame.Length < NeighborAdvertisementLength || frame[12] != 0x86 || frame[13] != 0xdd
            || frame[14] >> 4 != 6 || frame[20] != IcmpV6 || frame[21] != 255)
            return false;
        ReadOnlySpan<byte> message = frame[54..NeighborAdvertisementLength];
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[18..]) != message.Length
            || message[0] != Advertisement || message[1] != 0 || message[24] != TargetLinkLayer || message[25] != 1)
            return false;
        uint sum = InternetChecksum.Sum(message) + InternetChecksum.PseudoHeaderSum(
            Address.Read(frame[22..38]), Address.Read(frame[38..54]), IcmpV6, message.Length);
        if (!InternetChecksum.IsValid(sum))
            return false;
        address = Address.Read(message[8..24]);
        holder = HardwareAddress.Read(message[26..]);
        return holder != own;
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

    /// <summary>Writes the headers of an ICMPv6 frame.</summary>
    /// <returns>Its message, all zero.</returns>
    private static Span<byte> WriteIPv6(
        Span<byte> frame, HardwareAddress to, HardwareAddress from, Address source, Address destination)
    {
        const int HeaderLength = 54;
        frame.Clear();
        to.Write(frame);
        from.Write(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x86dd);
        Span<byte> header = frame[14..];
        header[0] = 0x60;
        header[5] = (byte)(frame.Length - HeaderLength);
        header[6] = IcmpV6;
        header[7] = 255;
        source.Write(header[8..]);
        destination.Write(header[24..]);
        return frame[HeaderLength..];
    }

    private static void WriteChecksum(Span<byte> message, Address source, Address destination)
    {
        uint sum = InternetChecksum.Sum(message)
            + InternetChecksum.PseudoHeaderSum(source, destination, IcmpV6, message.Length);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Of(sum));
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
