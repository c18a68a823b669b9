using System.Runtime.InteropServices;
using Vrrp.Daemon.Linux;
using Xunit;

namespace Vrrp.Daemon.Tests.Linux;

public sealed class NetlinkMessageTests
{
    private static readonly Address V4 = Address.Parse("198.51.100.240");
    private static readonly Address V6 = Address.Parse("fd00::240");

    [Fact]
    public void An_address_is_set_with_its_lease_and_without_preference()
    {
        byte[] buffer = new byte[NetlinkMessage.MaxLength];
        int length = NetlinkMessage.WriteSet(
            buffer, sequence: 7, interfaceIndex: 3, V4, prefixLength: 32, leaseSeconds: 2);

        // nlmsghdr and ifaddrmsg, then IFA_LOCAL, IFA_ADDRESS, IFA_FLAGS, IFA_CACHEINFO (preferred 0, valid 2).
        Assert.Equal(
            "44000000" + "1400" + "0505" + "07000000" + "00000000" + "02200000" + "03000000"
            + "08000200C63364F0" + "08000100C63364F0" + "0800080000000000"
            + "14000600" + "00000000" + "02000000" + "00000000" + "00000000",
            Convert.ToHexString(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void An_IPv6_address_is_set_without_duplicate_detection()
    {
        byte[] buffer = new byte[NetlinkMessage.MaxLength];
        int length = NetlinkMessage.WriteSet(buffer, 1, 3, V6, 128, 1);

        Assert.Equal(length, MemoryMarshal.Read<int>(buffer));
        Assert.Contains("0800080002000000", Convert.ToHexString(buffer.AsSpan(0, length)), StringComparison.Ordinal);
        Assert.True(TryRead(buffer.AsSpan(0, length), out AddressMessage read));
        Assert.Equal(new(false, 3, V6, 128, IsUsable: true), read);
    }

    [Fact]
    public void A_deletion_is_read_as_one()
    {
        byte[] buffer = new byte[NetlinkMessage.MaxLength];
        int length = NetlinkMessage.WriteDelete(buffer, 1, 5, V4, 24);

        Assert.True(TryRead(buffer.AsSpan(0, length), out AddressMessage read));
        Assert.Equal(new(true, 5, V4, 24, IsUsable: true), read);
    }

    [Fact]
    public void The_own_end_of_a_point_to_point_link_counts_and_a_tentative_address_is_not_usable()
    {
        byte[] message = AddressOf(NetlinkMessage.NewAddress, prefix: 32, flags: 0x40,
            (1, "0A000002"), (2, "0A000001"), (8, "40000000"));

        Assert.True(TryRead(message, out AddressMessage read));
        Assert.Equal(new(false, 9, Address.Parse("10.0.0.1"), 32, IsUsable: false), read);
    }

    [Theory]
    [InlineData(0x1043, true)]
    [InlineData(0x1003, false)]
    [InlineData(0x1042, false)]
    public void A_link_is_up_when_it_is_up_and_running(uint flags, bool isUp)
    {
        NetlinkReader reader = new(Link(NetlinkMessage.NewLink, flags));
        Assert.True(reader.Next());
        Assert.True(LinkMessage.TryRead(reader, out LinkMessage link));
        Assert.Equal(isUp, link.IsUp);
        Assert.Equal(4, link.Index);
        Assert.Equal("eth0", link.NameText());
        Assert.True(link.IsNamed("eth0"));
        Assert.Equal(HardwareAddress.Parse("02:00:00:00:00:01"), link.HardwareAddress);
    }

    [Fact]
    public void Cut_and_lying_messages_are_read_to_where_they_are_sound()
    {
        byte[] whole = Link(NetlinkMessage.NewLink, 0x43);
        Random random = new(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. whole.AsSpan(0, random.Next(whole.Length + 1)), .. whole];
            for (int change = random.Next(4); change > 0; change--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            NetlinkReader reader = new(damaged);
            int messages = 0;
            while (reader.Next())
            {
                LinkMessage.TryRead(reader, out _);
                AddressMessage.TryRead(reader, out _);
                messages++;
            }

            Assert.InRange(messages, 0, damaged.Length / NetlinkMessage.HeaderLength);
        }
    }

    [Fact]
    public void The_table_follows_the_messages()
    {
        InterfaceTable table = new();
        Assert.True(Apply(table, Link(NetlinkMessage.NewLink, 0x43)));
        Assert.False(Apply(table, Link(NetlinkMessage.NewLink, 0x43)));
        Assert.True(table.Apply(new AddressMessage(false, 4, V4, 32, true)));
        Assert.False(table.Apply(new AddressMessage(false, 4, V4, 32, true)));
        Assert.True(table.Find("eth0")!.Has(V4));

        Assert.True(table.Apply(new AddressMessage(true, 4, V4, 32, false)));
        Assert.False(table.Find("eth0")!.Has(V4));
        Assert.False(table.Apply(new AddressMessage(true, 77, V4, 32, false)));
        Assert.True(Apply(table, Link(NetlinkMessage.DelLink, 0)));
        Assert.Null(table.Find("eth0"));
    }

    [Theory]
    [InlineData("198.51.100.1", 24, "198.51.100.240", true)]
    [InlineData("198.51.100.1", 25, "198.51.100.240", false)]
    [InlineData("198.51.100.1", 0, "10.0.0.1", true)]
    [InlineData("fd00::1", 64, "fd00::240", true)]
    [InlineData("fd00::1", 64, "fd01::240", false)]
    [InlineData("fd00::1", 64, "198.51.100.240", false)]
    public void A_subnet_covers_its_addresses(string own, int prefix, string other, bool covers) =>
        Assert.Equal(covers, new InterfaceAddress(
            Address.Parse(own), prefix, true).Covers(Vrrp.Address.Parse(other)));

    private static bool TryRead(ReadOnlySpan<byte> message, out AddressMessage read)
    {
        NetlinkReader reader = new(message);
        Assert.True(reader.Next());
        return AddressMessage.TryRead(reader, out read);
    }

    private static bool Apply(InterfaceTable table, byte[] message)
    {
        NetlinkReader reader = new(message);
        return reader.Next() && LinkMessage.TryRead(reader, out LinkMessage link) && table.Apply(link);
    }

    private static byte[] Link(ushort type, uint flags) => Message(type,
        [0, 0, 1, 0, 4, 0, 0, 0, .. BitConverter.GetBytes(flags), 0, 0, 0, 0],
        (3, "6574683000"), (1, "020000000001"));

    private static byte[] AddressOf(ushort type, byte prefix, byte flags, params (ushort, string)[] attributes) =>
        Message(type, [2, prefix, flags, 0, 9, 0, 0, 0], attributes);

    private static byte[] Message(ushort type, byte[] body, params (ushort Type, string Hex)[] attributes)
    {
        List<byte> bytes = [0, 0, 0, 0, .. BitConverter.GetBytes(type), 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, .. body];
        foreach ((ushort attribute, string hex) in attributes)
        {
            byte[] data = Convert.FromHexString(hex);
            bytes.AddRange([.. BitConverter.GetBytes((ushort)(4 + data.Length)), .. BitConverter.GetBytes(attribute)]);
            bytes.AddRange(data);
            while (bytes.Count % 4 != 0)
                bytes.Add(0);
        }

        byte[] message = [.. bytes];
        BitConverter.GetBytes(message.Length).CopyTo(message, 0);
        return message;
    }
}
