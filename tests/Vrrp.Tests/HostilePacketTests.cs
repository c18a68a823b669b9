using System.Buffers.Binary;
using Xunit;

namespace Vrrp.Tests;

/// <summary>Row by row what arrives on a hostile or merely misconfigured network.</summary>
public sealed class HostilePacketTests
{
    public static TheoryData<string, AdvertFault> Rows => new()
    {
        { "bad checksum", AdvertFault.Checksum },
        { "TTL 254", AdvertFault.HopLimit },
        { "TTL 1", AdvertFault.HopLimit },
        { "version 0", AdvertFault.Version },
        { "version 4", AdvertFault.Version },
        { "the other version", AdvertFault.Version },
        { "type 2", AdvertFault.Type },
        { "type 0", AdvertFault.Type },
        { "no bytes", AdvertFault.TooShort },
        { "seven bytes", AdvertFault.TooShort },
        { "count 1 without addresses", AdvertFault.TooShort },
        { "count 0", AdvertFault.NoAddresses },
        { "count 2 of 1", AdvertFault.TooShort },
        { "count 255 of 1", AdvertFault.TooShort },
        { "16 bytes more", AdvertFault.TooLong },
        { "1400 bytes more", AdvertFault.TooLong },
        { "two addresses", AdvertFault.AddressCount },
        { "another address", AdvertFault.AddressList },
        { "id 0", AdvertFault.VirtualRouterId },
        { "id 101", AdvertFault.VirtualRouterId },
        { "own source", AdvertFault.OwnSource },
        { "source 0.0.0.0", AdvertFault.MartianSource },
        { "source 0.1.2.3", AdvertFault.MartianSource },
        { "source 127.0.0.1", AdvertFault.MartianSource },
        { "source 224.0.0.18", AdvertFault.MartianSource },
        { "source 255.255.255.255", AdvertFault.MartianSource },
        { "total length lies", AdvertFault.IpLength },
        { "header length 16", AdvertFault.IpHeader },
        { "header longer than packet", AdvertFault.IpHeader },
        { "IP version 6", AdvertFault.IpHeader },
        { "no packet", AdvertFault.IpHeader },
        { "header checksum", AdvertFault.IpChecksum },
        { "first fragment", AdvertFault.Fragment },
        { "later fragment", AdvertFault.Fragment },
        { "protocol 51", AdvertFault.Protocol },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Version_2_refuses(string what, AdvertFault expected) => AssertRefused(what, expected, Packet.V2);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Version_3_refuses(string what, AdvertFault expected) => AssertRefused(what, expected, Packet.V3);

    [Fact]
    public void Version_2_without_its_authentication_bytes_is_too_short() =>
        Assert.Equal(AdvertFault.TooShort, ReadMessage(Packet.Message(Packet.V2)[..^8], Packet.V2));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(7)]
    public void Version_2_refuses_another_authentication_type(byte type) =>
        Assert.Equal(AdvertFault.AuthType, ReadMessage(With(Packet.V2, 4, type), Packet.V2));

    [Fact]
    public void Version_2_without_password_refuses_one() =>
        Assert.Equal(AdvertFault.AuthType, ReadMessage(Packet.Message(Packet.V2), Packet.V2 with { Password = null }));

    [Theory]
    [InlineData("654321")]
    [InlineData("1234567")]
    [InlineData("12345")]
    [InlineData("")]
    public void Version_2_refuses_a_wrong_password(string password) =>
        Assert.Equal(AdvertFault.Password,
            ReadMessage(Packet.Message(Packet.V2 with { Password = new(password) }), Packet.V2));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(255)]
    public void Version_2_refuses_another_interval(byte seconds) =>
        Assert.Equal(AdvertFault.IntervalMismatch, ReadMessage(With(Packet.V2, 5, seconds), Packet.V2));

    [Theory]
    [InlineData(0, AdvertFault.IntervalZero)]
    [InlineData(1, AdvertFault.None)]
    [InlineData(1000, AdvertFault.None)]
    [InlineData(1001, AdvertFault.IntervalTooLong)]
    [InlineData(4095, AdvertFault.IntervalTooLong)]
    [InlineData(0xf064, AdvertFault.None)]
    public void Version_3_takes_intervals_up_to_ten_times_its_own(int centiseconds, AdvertFault expected)
    {
        byte[] message = Packet.Message(Packet.V3);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)centiseconds);
        Assert.Equal(expected, ReadMessage(Packet.RepairMessage(message), Packet.V3));
    }

    [Fact]
    public void Version_3_takes_checksums_with_and_without_pseudo_header()
    {
        Assert.Equal(AdvertFault.None, ReadMessage(Packet.Message(Packet.V3), Packet.V3));
        Assert.Equal(
            AdvertFault.None,
            ReadMessage(Packet.Message(Packet.V3 with { ChecksumWithPseudoHeader = false }), Packet.V3));
    }

    [Fact]
    public void Over_IPv6_the_checksum_needs_the_pseudo_header()
    {
        Assert.Equal(AdvertFault.None, Packet.ReadV6(Packet.Message(Packet.V6), Packet.V6));
        Assert.Equal(
            AdvertFault.Checksum, Packet.ReadV6(Packet.RepairMessage(Packet.Message(Packet.V6)), Packet.V6));
    }

    [Theory]
    [InlineData(254, AdvertFault.HopLimit)]
    [InlineData(0, AdvertFault.HopLimit)]
    [InlineData(null, AdvertFault.HopLimitUnknown)]
    public void Over_IPv6_the_hop_limit_has_to_be_known_and_255(int? hopLimit, AdvertFault expected) =>
        Assert.Equal(expected, Packet.ReadV6(Packet.Message(Packet.V6), Packet.V6, hopLimit));

    [Theory]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("ff02::12")]
    [InlineData("20.26.25.116")]
    public void Over_IPv6_martian_sources_are_refused(string source)
    {
        Address from = Address.Parse(source);
        byte[] message = Packet.Message(Packet.V6, source: from);
        Assert.Equal(AdvertFault.MartianSource, Packet.ReadV6(message, Packet.V6, source: from));
    }

    [Fact]
    public void IP_options_are_stepped_over()
    {
        byte[] packet = Packet.Wrap(Packet.Message(Packet.V2), options: [1, 1, 1, 0]);
        Assert.Equal(AdvertFault.None, Packet.Read(packet, Packet.V2, out Advert advert));
        Assert.Equal(100, advert.Priority);
    }

    [Fact]
    public void Addresses_may_come_in_another_order()
    {
        Address first = Address.Parse("20.26.25.240"), second = Address.Parse("20.26.25.241");
        byte[] message = Packet.Message(Packet.V2 with { VirtualAddresses = [second, first] });
        Assert.Equal(AdvertFault.None, ReadMessage(message, Packet.V2 with { VirtualAddresses = [first, second] }));
    }

    [Fact]
    public void An_address_sent_twice_does_not_stand_for_a_missing_one()
    {
        Address first = Address.Parse("20.26.25.240"), second = Address.Parse("20.26.25.241");
        byte[] message = Packet.Message(Packet.V2 with { VirtualAddresses = [first, first] });
        Assert.Equal(AdvertFault.AddressList,
            ReadMessage(message, Packet.V2 with { VirtualAddresses = [first, second] }));
    }

    [Fact]
    public void Only_listed_peers_are_heard_and_by_default_the_unicast_peers()
    {
        Address stranger = Address.Parse("20.26.25.99");
        foreach (RouterConfig config in (RouterConfig[])[Packet.V2 with { Peers = [Packet.Peer] },
            Packet.V2 with { UnicastPeers = [Packet.Peer] }])
        {
            Assert.Equal(AdvertFault.None, Packet.Read(Packet.Wrap(Packet.Message(config)), config, out _));
            Assert.Equal(
                AdvertFault.UnlistedSource, Packet.Read(Packet.Wrap(Packet.Message(config), stranger), config, out _));
        }
    }

    [Fact]
    public void A_lower_hop_limit_can_be_allowed_for_unicast_peers()
    {
        RouterConfig config = Packet.V2 with { UnicastPeers = [Packet.Peer], MinHopLimit = 250 };
        Assert.Equal(AdvertFault.None, Packet.Read(Packet.Wrap(Packet.Message(config), ttl: 250), config, out _));
        Assert.Equal(AdvertFault.HopLimit, Packet.Read(Packet.Wrap(Packet.Message(config), ttl: 249), config, out _));
    }

    [Fact]
    public void The_id_of_a_packet_is_known_before_anything_else()
    {
        Assert.Equal(100, new AdvertPacket(Packet.Message(Packet.V2), Packet.Peer, Packet.Own, 255).VirtualRouterId);
        Assert.Equal(0, new AdvertPacket([0x21], Packet.Peer, Packet.Own, 255).VirtualRouterId);
    }

    private static void AssertRefused(string what, AdvertFault expected, RouterConfig config)
    {
        byte[] packet = Make(what, config);
        Assert.Equal(expected, Packet.Read(packet, config, out Advert advert));
        Assert.Equal(default, advert);
    }

    private static byte[] Make(string what, RouterConfig config)
    {
        byte[] message = Packet.Message(config);
        byte[] packet = Packet.Wrap(message);
        return what switch
        {
            "bad checksum" => Packet.Wrap(Changed(message, 6, (byte)(message[6] ^ 1))),
            "TTL 254" => Packet.Wrap(message, ttl: 254),
            "TTL 1" => Packet.Wrap(message, ttl: 1),
            "version 0" => Packet.Wrap(With(config, 0, 0x01)),
            "version 4" => Packet.Wrap(With(config, 0, 0x41)),
            "the other version" => Packet.Wrap(Packet.Message(config == Packet.V2 ? Packet.V3 : Packet.V2)),
            "type 2" => Packet.Wrap(With(config, 0, (byte)(message[0] + 1))),
            "type 0" => Packet.Wrap(With(config, 0, (byte)(message[0] - 1))),
            "no bytes" => Packet.Wrap([]),
            "seven bytes" => Packet.Wrap(message[..7]),
            "count 1 without addresses" => Packet.Wrap(Packet.RepairMessage(message[..8])),
            "count 0" => Packet.Wrap(With(config, 3, 0)),
            "count 2 of 1" => Packet.Wrap(With(config, 3, 2)),
            "count 255 of 1" => Packet.Wrap(With(config, 3, 255)),
            "16 bytes more" => Packet.Wrap([.. message, .. new byte[16]]),
            "1400 bytes more" => Packet.Wrap([.. message, .. new byte[1400]]),
            "two addresses" => Packet.Wrap(Packet.Message(
                config with { VirtualAddresses = config.VirtualAddresses.Add(Address.Parse("20.26.25.241")) })),
            "another address" => Packet.Wrap(Packet.Message(
                config with { VirtualAddresses = [Address.Parse("20.26.25.241")] })),
            "id 0" => Packet.Wrap(With(config, 1, 0)),
            "id 101" => Packet.Wrap(With(config, 1, 101)),
            "own source" => Packet.Wrap(Packet.Message(config, source: Packet.Own), Packet.Own),
            "total length lies" => Packet.Repair(Changed(packet, 3, (byte)(packet.Length + 4))),
            "header length 16" => Changed(packet, 0, 0x44),
            "header longer than packet" => Changed(packet, 0, 0x4f)[..24],
            "IP version 6" => Changed(packet, 0, 0x65),
            "no packet" => [],
            "header checksum" => Changed(packet, 10, (byte)(packet[10] ^ 0x80)),
            "first fragment" => Packet.Repair(Changed(packet, 6, 0x20)),
            "later fragment" => Packet.Repair(Changed(packet, 7, 1)),
            "protocol 51" => Packet.Repair(Changed(packet, 9, 51)),
            _ when what.StartsWith("source ", StringComparison.Ordinal) => From(Address.Parse(what[7..]), config),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "no such row"),
        };
    }

    private static byte[] From(Address source, RouterConfig config) =>
        Packet.Wrap(Packet.Message(config, source: source), source);

    private static byte[] Changed(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }

    private static byte[] With(RouterConfig config, int at, byte value) =>
        Packet.RepairMessage(Changed(Packet.Message(config), at, value));

    private static AdvertFault ReadMessage(byte[] message, RouterConfig config) =>
        Packet.Read(Packet.Wrap(message), config, out _);
}
