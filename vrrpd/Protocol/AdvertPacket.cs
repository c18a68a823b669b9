using System.Buffers.Binary;

namespace Vrrp;

/// <summary>A VRRP message with what its IP header said about it.</summary>
public readonly ref struct AdvertPacket
{
    /// <summary>IP protocol number of VRRP.</summary>
    public const byte Protocol = 112;

    /// <summary>A message whose IP header was read by the kernel, as an IPv6 raw socket delivers it.</summary>
    /// <param name="message">The VRRP message.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address; part of the checksum.</param>
    /// <param name="hopLimit">TTL or hop limit; null if the kernel did not say.</param>
    public AdvertPacket(ReadOnlySpan<byte> message, Address source, Address destination, int? hopLimit)
    {
        Message = message;
        Source = source;
        Destination = destination;
        HopLimit = hopLimit;
    }

    /// <summary>The VRRP message.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>Source address.</summary>
    public Address Source { get; }

    /// <summary>Destination address.</summary>
    public Address Destination { get; }

    /// <summary>TTL or hop limit; null if the kernel did not say.</summary>
    public int? HopLimit { get; }

    /// <summary>
    /// The id that says which router the message is for; 0, which none has, if it is too short to have one.
    /// </summary>
    public byte VirtualRouterId => Message.Length > 1 ? Message[1] : (byte)0;

    /// <summary>
    /// Reads a packet with its IPv4 header, as an IPv4 raw socket delivers it. Options are stepped over.
    /// </summary>
    public static AdvertFault Unwrap(ReadOnlySpan<byte> packet, out AdvertPacket unwrapped)
    {
        const int MoreFragmentsAndOffset = 0x3fff;
        unwrapped = default;
        if (packet.Length < 20 || packet[0] >> 4 != 4)
            return AdvertFault.IpHeader;
        int header = (packet[0] & 0xf) * 4;
        if (header < 20 || header > packet.Length)
            return AdvertFault.IpHeader;
        unwrapped = new(packet[header..], Address.Read(packet[12..16]), Address.Read(packet[16..20]), packet[8]);
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) != packet.Length)
            return AdvertFault.IpLength;
        if (!InternetChecksum.IsValid(InternetChecksum.Sum(packet[..header])))
            return AdvertFault.IpChecksum;
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & MoreFragmentsAndOffset) != 0)
            return AdvertFault.Fragment;
        return packet[9] == Protocol ? AdvertFault.None : AdvertFault.Protocol;
    }
}
