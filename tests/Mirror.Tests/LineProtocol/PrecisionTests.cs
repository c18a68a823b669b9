using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class PrecisionTests
{
    [Theory]
    [InlineData(null, Precision.Nanoseconds, 1L)]
    [InlineData("", Precision.Nanoseconds, 1L)]
    [InlineData("n", Precision.Nanoseconds, 1L)]
    [InlineData("ns", Precision.Nanoseconds, 1L)]
    [InlineData("us", Precision.Nanoseconds, 1L)]
    [InlineData("S", Precision.Nanoseconds, 1L)]
    [InlineData("u", Precision.Microseconds, 1_000L)]
    [InlineData("ms", Precision.Milliseconds, 1_000_000L)]
    [InlineData("s", Precision.Seconds, 1_000_000_000L)]
    [InlineData("m", Precision.Minutes, 60_000_000_000L)]
    [InlineData("h", Precision.Hours, 3_600_000_000_000L)]
    public void The_texts_of_influxd_1_have_their_units(string? text, Precision precision, long nanoseconds)
    {
        Assert.Equal(precision, PrecisionParser.Parse(text));
        Assert.Equal(nanoseconds, precision.UnitNanoseconds());
        Assert.Equal(precision, PrecisionParser.Parse(precision.ToQueryText()));
    }

    [Theory]
    [InlineData(null, Precision.Nanoseconds)]
    [InlineData("ns", Precision.Nanoseconds)]
    [InlineData("us", Precision.Microseconds)]
    [InlineData("ms", Precision.Milliseconds)]
    [InlineData("s", Precision.Seconds)]
    [InlineData("u", null)]
    [InlineData("m", null)]
    [InlineData("bad", null)]
    public void The_texts_of_version_2_are_others(string? text, Precision? precision) =>
        Assert.Equal(precision, PrecisionParser.ParseV2(text));
}
