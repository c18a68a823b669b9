using Xunit;

namespace Vrrp.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("198.51.100.7")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("fe80::240")]
    [InlineData("::")]
    [InlineData("fd00:26:25::240")]
    public void Text_and_bytes_go_both_ways(string text)
    {
        Address address = Address.Parse(text);
        byte[] bytes = new byte[address.Length];
        address.Write(bytes);

        Assert.Equal(text, address.ToString());
        Assert.Equal(address, Address.Read(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("198.51.100")]
    [InlineData("198.051.100.7")]
    [InlineData("198.51.100.7/32")]
    [InlineData("fe80::1%eth0")]
    [InlineData("host")]
    public void What_is_no_plain_address_is_refused(string text)
    {
        Assert.False(Address.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Address.Parse(text));
    }

    [Theory]
    [InlineData("0.0.0.0", true)]
    [InlineData("0.1.2.3", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("224.0.0.18", true)]
    [InlineData("239.255.255.255", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("20.26.25.116", false)]
    [InlineData("223.255.255.255", false)]
    [InlineData("240.0.0.1", false)]
    [InlineData("::", true)]
    [InlineData("::1", true)]
    [InlineData("ff02::12", true)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    public void No_router_sends_from_a_martian_address(string text, bool isMartian) =>
        Assert.Equal(isMartian, Address.Parse(text).IsMartian);

    [Fact]
    public void Addresses_compare_as_unsigned_numbers()
    {
        Assert.True(Address.Parse("200.0.0.1") > Address.Parse("100.0.0.2"));
        Assert.True(Address.Parse("fe80::2") > Address.Parse("fe80::1"));
        Assert.True(Address.Parse("10.0.0.9") < Address.Parse("10.0.0.10"));
        Assert.NotEqual(Address.Parse("::"), Address.Parse("0.0.0.0"));
        Assert.False(Address.Parse("::").IsNone);
    }

    [Fact]
    public void Only_four_or_sixteen_bytes_are_an_address() =>
        Assert.Throws<ArgumentException>(() => Address.Read(new byte[5]));

    [Fact]
    public void The_checksum_is_that_of_the_RFC()
    {
        // RFC 1071 §3: the example's sum is ddf2.
        byte[] example = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        Assert.Equal(0xddf2u, InternetChecksum.Sum(example));
        Assert.Equal(0x220d, InternetChecksum.Of(0xddf2));
        Assert.Equal(0x0100u, InternetChecksum.Sum([0x01]));
        Assert.Equal(InternetChecksum.Sum([1, 2, 3, 0]), InternetChecksum.Sum([1, 2, 3]));
    }
}
