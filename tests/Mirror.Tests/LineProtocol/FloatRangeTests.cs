using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class FloatRangeTests
{
    private static readonly BigInteger LeastInfinite = BigInteger.Pow(2, 1024) - BigInteger.Pow(2, 970);

    [Fact]
    public void The_limit_lies_halfway_behind_the_largest_double()
    {
        string least = LeastInfinite.ToString(CultureInfo.InvariantCulture);
        string below = (LeastInfinite - 1).ToString(CultureInfo.InvariantCulture);

        Assert.False(Holds(least));
        Assert.False(Holds($"0.{least}e309"));
        Assert.False(Holds($"{least}000.0e-3"));
        Assert.True(Holds(below));
        Assert.True(Holds($"{below}.99999999"));
        Assert.True(Holds($"000.000{below}e+312"));
        Assert.False(Holds($"000.000{below}e+313"));
    }

    [Fact]
    public void Any_digits_are_in_range_where_their_double_is_finite() =>
        Gen.Select(Gen.Char['0', '9'].Array[1, 40], Gen.Char['0', '9'].Array[0, 40], Gen.Int[-400, 400]).Sample(
            (whole, fraction, exponent) =>
            {
                string text = $"{new string(whole)}.{new string(fraction)}e{exponent}";
                Assert.Equal(double.IsFinite(double.Parse(text, CultureInfo.InvariantCulture)), Holds(text));
            },
            iter: 20_000);

    private static bool Holds(string text) => FloatRange.Holds(Encoding.ASCII.GetBytes(text));
}
