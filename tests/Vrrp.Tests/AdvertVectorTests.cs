using Xunit;

namespace Vrrp.Tests;

public sealed class AdvertVectorTests
{
    [Fact]
    public void Adverts_over_IPv4_are_byte_for_byte_keepalived_s()
    {
        int compared = 0;
        foreach ((Vector vector, byte[] packet) in Vector.Packets("VRRP"))
        {
            Assert.Equal(AdvertFault.None, AdvertPacket.Unwrap(packet, out AdvertPacket advert));
            AssertEncodes(vector, advert);
            compared++;
        }

        Assert.Equal(14, compared);
    }

    [Fact]
    public void Adverts_over_IPv6_are_byte_for_byte_keepalived_s()
    {
        int compared = 0;
        foreach ((Vector vector, byte[] packet) in Vector.Packets("VRRP6"))
        {
            AssertEncodes(vector, UnwrapV6(packet));
            compared++;
        }

        Assert.Equal(4, compared);
    }

    [Fact]
    public void Keepalived_s_adverts_are_read_with_priority_interval_and_source()
    {
        foreach ((Vector vector, byte[] packet) in Vector.Packets("VRRP", "VRRP6"))
        {
            AdvertPacket advert = vector.Config.Family == IpFamily.IPv6 ? UnwrapV6(packet) : Unwrap(packet);

            Assert.Equal(AdvertFault.None, AdvertCodec.Decode(advert, vector.Config, Packet.Peer, out Advert read));
            Assert.Equal(vector.Config.Family == IpFamily.IPv6 ? Packet.OwnV6 : Packet.Own, read.Source);
            Assert.Equal((long)vector.Config.AdvertInterval.TotalMicroseconds, read.IntervalMicros);
            Assert.Contains(read.Priority, new byte[] { 0, vector.Config.Priority });
        }
    }

    [Fact]
    public void Authentication_headers_are_refused_as_another_protocol()
    {
        (_, byte[] packet) = Vector.Packets("AH").First();
        Assert.Equal(AdvertFault.Protocol, AdvertPacket.Unwrap(packet, out _));
    }

    [Fact]
    public void A_long_password_is_cut_at_eight_bytes_and_says_so()
    {
        Assert.True(new AdvertPassword("ABCDEFGHIJ").IsTruncated);
        Assert.False(new AdvertPassword("ABCDEFGH").IsTruncated);
        Assert.True(new AdvertPassword("ABCDEFGHIJ").Matches("ABCDEFGH"u8));
        Assert.False(new AdvertPassword("ABCDEFG").Matches("ABCDEFGH"u8));
    }

    [Fact]
    public void A_password_never_prints_itself()
    {
        Assert.DoesNotContain("123456", Packet.V2.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("123456", new RouterLogLine("VI_1", 0) { Config = Packet.V2 }.ToJson(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_checksum_of_version_3_over_IPv4_can_be_sent_without_pseudo_header()
    {
        byte[] without = Packet.Message(Packet.V3 with { ChecksumWithPseudoHeader = false });

        Assert.True(InternetChecksum.IsValid(InternetChecksum.Sum(without)));
        Assert.False(InternetChecksum.IsValid(InternetChecksum.Sum(Packet.Message(Packet.V3))));
    }

    [Fact]
    public void The_longest_messages_fit_the_buffer()
    {
        RouterConfig most = Packet.V2 with { VirtualAddresses = [.. Many("198.51.100.0", 255)] };
        RouterConfig mostV6 = Packet.V6 with { VirtualAddresses = [.. Many("fd00::", RouterConfig.MaxIPv6Addresses)] };

        Assert.Equal(8 + 255 * 4 + 8, Packet.Message(most).Length);
        Assert.Equal(AdvertCodec.MaxLength, Packet.Message(mostV6).Length);
        Assert.Equal(AdvertFault.None, Packet.Read(Packet.Wrap(Packet.Message(most)), most, out _));
        Assert.Equal(AdvertFault.None, Packet.ReadV6(Packet.Message(mostV6), mostV6));
    }

    private static IEnumerable<Address> Many(string first, int count)
    {
        byte[] bytes = new byte[16];
        Address address = Address.Parse(first);
        address.Write(bytes);
        for (int i = 0; i < count; i++)
        {
            bytes[address.Length - 1] = (byte)(i + 1);
            yield return Address.Read(bytes.AsSpan(0, address.Length));
        }
    }

    private static void AssertEncodes(Vector vector, in AdvertPacket packet)
    {
        byte[] buffer = new byte[AdvertCodec.MaxLength];
        int length = AdvertCodec.Encode(buffer, vector.Config, packet.Message[2], packet.Source, packet.Destination);
        Assert.Equal(
            $"{vector.Name} {Convert.ToHexString(packet.Message)}",
            $"{vector.Name} {Convert.ToHexString(buffer, 0, length)}");
    }

    private static AdvertPacket Unwrap(byte[] packet)
    {
        Assert.Equal(AdvertFault.None, AdvertPacket.Unwrap(packet, out AdvertPacket advert));
        return advert;
    }

    private static AdvertPacket UnwrapV6(byte[] packet) =>
        new(packet.AsSpan(40), Address.Read(packet.AsSpan(8, 16)), Address.Read(packet.AsSpan(24, 16)), packet[7]);
}
