using System.Buffers.Binary;

namespace Vrrp.Tests;

/// <summary>Makes packets as a peer would, and lets a test spoil them.</summary>
internal static class Packet
{
    public static readonly Address Peer = Address.Parse("20.26.25.116");
    public static readonly Address Own = Address.Parse("20.26.25.115");
    public static readonly Address PeerV6 = Address.Parse("fe80::ff:fe00:2");
    public static readonly Address OwnV6 = Address.Parse("fe80::ff:fe00:1");

    public static RouterConfig V2 { get; } = new()
    {
        Name = "VI_1",
        VirtualRouterId = 100,
        VirtualAddresses = [Address.Parse("20.26.25.240")],
        Password = new("123456"),
    };

    public static RouterConfig V3 { get; } = V2 with { Version = VrrpVersion.V3, Password = null };

    public static RouterConfig V6 { get; } =
        V3 with { Family = IpFamily.IPv6, VirtualAddresses = [Address.Parse("fd00:26:25::240")] };

    /// <summary>The VRRP message a peer with this configuration sends.</summary>
    public static byte[] Message(RouterConfig config, byte priority = 100, Address? source = null)
    {
        byte[] buffer = new byte[AdvertCodec.MaxLength];
        Address from = source ?? (config.Family == IpFamily.IPv4 ? Peer : PeerV6);
        int length = AdvertCodec.Encode(buffer, config, priority, from, AdvertCodec.MulticastGroup(config.Family));
        return buffer[..length];
    }

    /// <summary>A message in an IPv4 packet, as a raw socket delivers it.</summary>
    public static byte[] Wrap(ReadOnlySpan<byte> message, Address? source = null, byte ttl = 255,
        byte[]? options = null)
    {
        int header = 20 + (options?.Length ?? 0);
        byte[] packet = new byte[header + message.Length];
        packet[0] = (byte)(0x40 | header / 4);
        packet[1] = 0xc0;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = ttl;
        packet[9] = AdvertPacket.Protocol;
        (source ?? Peer).Write(packet.AsSpan(12));
        AdvertCodec.MulticastGroup(IpFamily.IPv4).Write(packet.AsSpan(16));
        options?.CopyTo(packet, 20);
        message.CopyTo(packet.AsSpan(header));
        return Repair(packet);
    }

    /// <summary>Sets the header checksum of an IPv4 packet again.</summary>
    public static byte[] Repair(byte[] packet)
    {
        Span<byte> header = packet.AsSpan(0, Math.Min(packet.Length, (packet[0] & 0xf) * 4));
        header[10..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Of(InternetChecksum.Sum(header)));
        return packet;
    }

    /// <summary>Sets the checksum of a message again, without pseudo-header.</summary>
    public static byte[] RepairMessage(byte[] message)
    {
        message.AsSpan(6, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), InternetChecksum.Of(InternetChecksum.Sum(message)));
        return message;
    }

    public static AdvertFault Read(byte[] packet, RouterConfig config, out Advert advert, Address? own = null)
    {
        advert = default;
        AdvertFault fault = AdvertPacket.Unwrap(packet, out AdvertPacket unwrapped);
        return fault == AdvertFault.None ? AdvertCodec.Decode(unwrapped, config, own ?? Own, out advert) : fault;
    }

    public static AdvertFault ReadV6(byte[] message, RouterConfig config, int? hopLimit = 255,
        Address? source = null) =>
        AdvertCodec.Decode(
            new(message, source ?? PeerV6, AdvertCodec.MulticastGroup(IpFamily.IPv6), hopLimit), config, OwnV6, out _);
}
