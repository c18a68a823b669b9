using Xunit;

namespace Vrrp.Tests;

public sealed class AdvertFuzzTests
{
    private static readonly RouterConfig[] Configs =
        [Packet.V2, Packet.V3, Packet.V3 with { ChecksumWithPseudoHeader = false }];

    [Fact]
    public void No_single_flipped_bit_of_a_packet_is_accepted()
    {
        foreach ((Vector vector, byte[] packet) in Vector.Packets("VRRP"))
        {
            for (int bit = 0; bit < packet.Length * 8; bit++)
            {
                packet[bit / 8] ^= (byte)(1 << bit % 8);
                Assert.True(
                    Packet.Read(packet, vector.Config, out _, Packet.Peer) != AdvertFault.None,
                    $"{vector.Name}: bit {bit}");
                packet[bit / 8] ^= (byte)(1 << bit % 8);
            }
        }
    }

    [Fact]
    public void No_single_flipped_bit_of_a_message_over_IPv6_is_accepted()
    {
        byte[] message = Packet.Message(Packet.V6);
        for (int bit = 0; bit < message.Length * 8; bit++)
        {
            message[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.True(Packet.ReadV6(message, Packet.V6) != AdvertFault.None, $"bit {bit}");
            message[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void Whatever_comes_nothing_throws_and_what_is_accepted_is_what_a_peer_would_send()
    {
        int accepted = 0;
        for (int seed = 0; seed < 60_000; seed++)
        {
            Random random = new(seed);
            RouterConfig config = Configs[seed % Configs.Length];
            byte[] packet = Mutate(Packet.Wrap(Packet.Message(config)), random);
            if (Packet.Read(packet, config, out Advert advert) != AdvertFault.None)
                continue;
            accepted++;
            AssertSameAsSent(packet, config, advert, seed);
        }

        Assert.InRange(accepted, 100, 30_000);
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            Random random = new(seed);
            byte[] bytes = new byte[random.Next(0, 80)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && seed % 2 == 0)
                bytes[0] = 0x31;
            Assert.True(Packet.Read(bytes, Packet.V3, out _) != AdvertFault.None, $"seed {seed}");
            Assert.True(Packet.ReadV6(bytes, Packet.V6) != AdvertFault.None, $"seed {seed}");
        }
    }

    // Checksums are set again in most cases, or they would hide what comes behind them.
    private static byte[] Mutate(byte[] packet, Random random)
    {
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(packet.Length);
            packet[at] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(packet[at] ^ (1 << random.Next(8)));
        }

        if (random.Next(6) == 0)
            packet = packet[..random.Next(1, packet.Length)];
        else if (random.Next(6) == 0)
            packet = [.. packet, .. new byte[random.Next(1, 20)]];
        int header = (packet[0] & 0xf) * 4;
        if (random.Next(5) > 0 && packet.Length - header >= 8)
        {
            byte[] message = Packet.RepairMessage(packet[header..]);
            message.CopyTo(packet, header);
        }

        return random.Next(5) > 0 && header >= 12 && header <= packet.Length ? Packet.Repair(packet) : packet;
    }

    private static void AssertSameAsSent(byte[] packet, RouterConfig config, in Advert advert, int seed)
    {
        byte[] message = packet[((packet[0] & 0xf) * 4)..];
        RouterConfig sender = config with { AdvertInterval = TimeSpan.FromMicroseconds(advert.IntervalMicros) };
        byte[] sent = Packet.Message(sender, advert.Priority, advert.Source);
        // Reserved bits of version 3 are ignored, either form of the checksum is taken.
        if (config.Version == VrrpVersion.V3)
            message[4] &= 0xf;
        message.AsSpan(6, 2).Clear();
        sent.AsSpan(6, 2).Clear();
        Assert.Equal($"seed {seed} {Convert.ToHexString(sent)}", $"seed {seed} {Convert.ToHexString(message)}");
        Assert.False(advert.Source.IsMartian || advert.Source == Packet.Own);
        Assert.Equal(255, packet[8]);
    }
}
