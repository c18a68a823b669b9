using System.Buffers.Binary;
using Xunit;

namespace Vrrp.Tests;

public sealed class NeighborFramesTests
{
    private static readonly HardwareAddress Mac = HardwareAddress.Parse("02:00:00:00:00:01");
    private static readonly Address Vip = Address.Parse("20.26.25.240");

    [Fact]
    public void Gratuitous_ARP_is_byte_for_byte_keepalived_s()
    {
        int compared = 0;
        byte[] ours = new byte[NeighborFrames.ArpLength];
        foreach (byte[] frame in Frames("ARP").Where(frame => frame.AsSpan(28, 4).SequenceEqual(frame.AsSpan(38, 4))))
        {
            HardwareAddress mac = HardwareAddress.Read(frame.AsSpan(6));
            Assert.Equal(42, NeighborFrames.WriteGratuitousArp(ours, mac, Address.Read(frame.AsSpan(28, 4))));
            Assert.Equal(Convert.ToHexString(frame), Convert.ToHexString(ours));
            compared++;
        }

        Assert.Equal(11, compared);
    }

    [Fact]
    public void Unsolicited_neighbour_advertisement_is_byte_for_byte_keepalived_s()
    {
        int compared = 0;
        byte[] ours = new byte[NeighborFrames.NeighborAdvertisementLength];
        foreach (byte[] frame in Frames("NA"))
        {
            Array.Fill(ours, (byte)0xff);
            Address address = Address.Read(frame.AsSpan(22, 16));
            Assert.Equal(frame.Length, NeighborFrames.WriteNeighborAdvertisement(ours, Mac, address));
            Assert.Equal(Convert.ToHexString(frame), Convert.ToHexString(ours));
            compared++;
        }

        Assert.Equal(3, compared);
    }

    [Fact]
    public void An_ARP_probe_asks_without_saying_who()
    {
        byte[] frame = new byte[NeighborFrames.ArpLength];
        NeighborFrames.WriteArpProbe(frame, Mac, Vip);

        Assert.Equal(
            "FFFFFFFFFFFF020000000001080600010800060400010200000000010000000000000000000014" + "1A19F0",
            Convert.ToHexString(frame));
    }

    [Fact]
    public void A_claim_names_the_address_and_who_has_it()
    {
        byte[] frame = new byte[NeighborFrames.ArpLength];
        NeighborFrames.WriteGratuitousArp(frame, Mac, Vip);

        Assert.True(NeighborFrames.TryReadArpClaim(frame, new(1), out Address address, out HardwareAddress holder));
        Assert.Equal((Vip, Mac), (address, holder));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(20), 2);
        Assert.True(NeighborFrames.TryReadArpClaim(frame, new(1), out _, out _));
    }

    [Fact]
    public void Own_frames_probes_and_everything_else_claim_nothing()
    {
        byte[] frame = new byte[NeighborFrames.ArpLength];
        NeighborFrames.WriteGratuitousArp(frame, Mac, Vip);
        Assert.False(NeighborFrames.TryReadArpClaim(frame, Mac, out _, out _));

        for (int length = 0; length < frame.Length; length++)
            Assert.False(NeighborFrames.TryReadArpClaim(frame.AsSpan(0, length), new(1), out _, out _));
        for (int i = 12; i < 22; i++)
        {
            byte[] spoiled = [.. frame];
            spoiled[i] ^= 0x40;
            Assert.False(NeighborFrames.TryReadArpClaim(spoiled, new(1), out _, out _), $"byte {i}");
        }

        NeighborFrames.WriteArpProbe(frame, Mac, Vip);
        Assert.False(NeighborFrames.TryReadArpClaim(frame, new(1), out _, out _));
    }

    [Fact]
    public void A_neighbour_solicitation_asks_without_saying_who()
    {
        byte[] frame = new byte[NeighborFrames.NeighborSolicitationLength];
        NeighborFrames.WriteNeighborSolicitation(frame, Mac, Address.Parse("fd00:26:25::12:3456"));

        Assert.Equal(
            "3333FF123456" + "020000000001" + "86DD" + "6000000000183AFF" + "00000000000000000000000000000000"
            + "FF0200000000000000000001FF123456" + "8700" + "148C" + "00000000" + "FD000026002500000000000000123456",
            Convert.ToHexString(frame));
        Assert.False(NeighborFrames.TryReadNeighborClaim(frame, new(1), out _, out _));
    }

    [Fact]
    public void A_neighbour_advertisement_names_the_address_and_who_has_it_and_nothing_else_does()
    {
        Address vip = Address.Parse("fd00:26:25::240");
        byte[] frame = new byte[NeighborFrames.NeighborAdvertisementLength];
        NeighborFrames.WriteNeighborAdvertisement(frame, Mac, vip);
        Assert.True(
            NeighborFrames.TryReadNeighborClaim(frame, new(1), out Address address, out HardwareAddress holder));
        Assert.Equal((vip, Mac), (address, holder));

        Assert.False(NeighborFrames.TryReadNeighborClaim(frame, Mac, out _, out _));
        for (int length = 0; length < frame.Length; length++)
            Assert.False(NeighborFrames.TryReadNeighborClaim(frame.AsSpan(0, length), new(1), out _, out _));
        // What the checksum covers, and the headers but the class and the flow label.
        foreach (int i in Enumerable.Range(12, frame.Length - 12).Where(i => i is not (14 or 15 or 16 or 17)))
        {
            byte[] spoiled = [.. frame];
            spoiled[i] ^= 0x40;
            Assert.False(NeighborFrames.TryReadNeighborClaim(spoiled, new(1), out _, out _), $"byte {i}");
        }
    }

    [Fact]
    public void Ethernet_addresses_are_read_as_they_are_written()
    {
        Assert.Equal("02:00:00:00:00:01", Mac.ToString());
        Assert.Equal(Mac, HardwareAddress.Parse(Mac.ToString()));
        Assert.Throws<FormatException>(() => HardwareAddress.Parse("02:00:00:00:00"));
        Assert.Throws<FormatException>(() => HardwareAddress.Parse("02:00:00:00:00:xx"));
    }

    private static IEnumerable<byte[]> Frames(string kind) =>
        Vector.All.SelectMany(vector => vector.Frames).Where(frame => frame.Kind == kind).Select(frame => frame.Frame);
}
