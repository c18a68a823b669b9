using System.Buffers.Binary;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Makes packets for one of a lab's routers as its peer would, to be spoiled.</summary>
internal sealed class Forge
{
    private const int HeaderV4 = 20, HeaderV6 = 40;

    public Forge(LabTerms terms, int router)
    {
        IsIPv6 = terms.IsIPv6;
        Stranger = Address.Parse(IsIPv6 ? "fe80::3" : "198.51.100.3");
        Peer = new()
        {
            Name = "stranger",
            Version = terms.Version == 2 ? VrrpVersion.V2 : VrrpVersion.V3,
            Family = IsIPv6 ? IpFamily.IPv6 : IpFamily.IPv4,
            VirtualRouterId = (byte)(router * 100),
            AdvertInterval = terms.Interval,
            VirtualAddresses = [Address.Parse(router == 1 ? terms.Address1 : terms.Address2)],
            Password = terms.Version == 2 ? new("123456") : null,
        };
    }

    public bool IsIPv6 { get; }

    /// <summary>The configuration that the router's peer would have.</summary>
    public RouterConfig Peer { get; }

    /// <summary>An address that is nobody's.</summary>
    public Address Stranger { get; }

    private Address Group => AdvertCodec.MulticastGroup(Peer.Family);

    /// <summary>A message that a router with this configuration sends.</summary>
    public byte[] Message(byte priority, RouterConfig? config = null, Address? source = null)
    {
        byte[] buffer = new byte[AdvertCodec.MaxLength];
        int length = AdvertCodec.Encode(buffer, config ?? Peer, priority, source ?? Stranger, Group);
        return buffer[..length];
    }

    /// <summary>A message of priority 200 with another byte, and the right checksum.</summary>
    public byte[] Changed(int at, byte value)
    {
        byte[] message = Message(200);
        message[at] = value;
        return Repaired(message);
    }

    /// <summary>Sets the checksum again.</summary>
    public byte[] Repaired(byte[] message, Address? source = null)
    {
        message.AsSpan(6, 2).Clear();
        uint sum = InternetChecksum.Sum(message);
        if (Peer.Version == VrrpVersion.V3)
        {
            sum += InternetChecksum.PseudoHeaderSum(
                source ?? Stranger, Group, AdvertPacket.Protocol, message.Length);
        }

        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), InternetChecksum.Of(sum));
        return message;
    }

    /// <summary>A message in a packet.</summary>
    /// <param name="message">The message.</param>
    /// <param name="source">Where it says it is from.</param>
    /// <param name="hops">Its TTL or hop limit.</param>
    /// <param name="options">IPv4 options, a multiple of four bytes.</param>
    public byte[] Packet(
        ReadOnlySpan<byte> message, Address? source = null, byte hops = 255, ReadOnlySpan<byte> options = default)
    {
        int header = (IsIPv6 ? HeaderV6 : HeaderV4) + options.Length;
        byte[] packet = new byte[header + message.Length];
        message.CopyTo(packet.AsSpan(header));
        if (IsIPv6)
        {
            (packet[0], packet[1], packet[6], packet[7]) = (0x6c, 0, AdvertPacket.Protocol, hops);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)message.Length);
            (source ?? Stranger).Write(packet.AsSpan(8));
            Group.Write(packet.AsSpan(24));
            return packet;
        }

        (packet[0], packet[1], packet[8], packet[9]) =
            ((byte)(0x40 | (header / 4)), 0xc0, hops, AdvertPacket.Protocol);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        (source ?? Stranger).Write(packet.AsSpan(12));
        Group.Write(packet.AsSpan(16));
        options.CopyTo(packet.AsSpan(HeaderV4));
        return HeaderRepaired(packet);
    }

    /// <summary>An IPv4 packet with another byte in its header, and the right header checksum.</summary>
    public byte[] HeaderChanged(int at, byte value)
    {
        byte[] packet = Packet(Message(200));
        packet[at] = value;
        // An identification of its own, or the kernel would join fragments of different packets.
        packet[5] = (byte)at;
        return HeaderRepaired(packet);
    }

    private static byte[] HeaderRepaired(byte[] packet)
    {
        Span<byte> header = packet.AsSpan(0, (packet[0] & 0xf) * 4);
        header[10..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Of(InternetChecksum.Sum(header)));
        return packet;
    }
}
