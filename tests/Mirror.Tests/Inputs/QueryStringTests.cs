using CsCheck;
using InfluxMirror.Inputs;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

/// <summary>As Go's <c>url.ParseQuery</c> reads.</summary>
public sealed class QueryStringTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("?", "")]
    [InlineData("?a=1", "a=1")]
    [InlineData("a=1&b=2", "a=1,b=2")]
    [InlineData("?a=1&a=2", "a=1,a=2")]
    [InlineData("?a", "a=")]
    [InlineData("?a=", "a=")]
    [InlineData("?=1", "=1")]
    [InlineData("?a=b=c", "a=b=c")]
    [InlineData("?&&a=1&", "a=1")]
    [InlineData("?q=a+b", "q=a b")]
    [InlineData("?q=a%2Bb", "q=a+b")]
    [InlineData("?a+b=1", "a b=1")]
    [InlineData("?%61=%62", "a=b")]
    [InlineData("?a=%C3%A9", "a=é")]
    [InlineData("?a=%c3%a9", "a=é")]
    [InlineData("?a=é😀", "a=é😀")]
    [InlineData("?a=+é😀", "a= é😀")]
    [InlineData("?a=1;b=2", "")]
    [InlineData("?a=1;b=2&c=3", "c=3")]
    [InlineData("?a=%3B", "a=;")]
    [InlineData("?a=%", "")]
    [InlineData("?a=%2", "")]
    [InlineData("?a=%zz&b=1", "b=1")]
    [InlineData("?%zz=1&b=1", "b=1")]
    [InlineData("?a=?b", "a=?b")]
    public void Pairs_are_read(string text, string pairs) => Assert.Equal(
        pairs, string.Join(',', QueryString.Pairs(text).Select(static one => $"{one.Name}={one.Value}")));

    [Fact]
    public void Joining_gives_back_what_was_read_byte_for_byte() => Assert.Equal(
        "?q=a+b&db=%78&x", QueryString.Join(QueryString.Pairs("?q=a+b&&db=%78&lost=%zz&x")));

    [Fact]
    public void Nothing_joined_is_nothing() => Assert.Equal("", QueryString.Join([]));

    [Fact]
    public void A_pair_that_was_made_reads_as_it_was_meant() =>
        Gen.Select(Gen.String, Gen.String).Where(static (name, value) => IsText(name) && IsText(value)).Sample(
            static (name, value) =>
            {
                QueryPair read =
                    Assert.Single(QueryString.Pairs(QueryString.Join([QueryString.Make(name, value)])));
                return read.Name == name && read.Value == value;
            });

    private static bool IsText(string text) => !text.Any(char.IsSurrogate);
}
