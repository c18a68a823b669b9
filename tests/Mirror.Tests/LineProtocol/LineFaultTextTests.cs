using System.Text;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class LineFaultTextTests
{
    [Theory]
    [InlineData("m v=1\n# x\n", "")]
    [InlineData("m v=x\n\t m v=1 -\n", "unable to parse 'm v=x': invalid boolean\n"
        + "unable to parse 'm v=1 -': strconv.ParseInt: parsing \"-\": invalid syntax")]
    [InlineData(
        "m v=1\nm f\\\\=1",
        "partial write: unable to parse 'm f\\\\=1': invalid value: field-key=f\\\\=1 dropped=0")]
    [InlineData("m s=\"a\n", "unable to parse 'm s=\"a': unbalanced quotes")]
    public void Refused_lines_are_quoted_with_the_reason(string body, string text) =>
        Assert.Equal(text, LineFaultText.Describe(Encoding.UTF8.GetBytes(body), Precision.Nanoseconds));

    [Fact]
    public void Each_byte_that_is_not_UTF_8_is_replaced_as_Go_does()
    {
        byte[] body = [.. "m,t="u8, 0xE2, 0x82, .. "\u00E9 v="u8, 0xFF];

        string text = LineFaultText.Describe(body, Precision.Nanoseconds);

        Assert.Equal("unable to parse 'm,t=\uFFFD\uFFFD\u00E9 v=\uFFFD': invalid boolean", text);
    }

    [Fact]
    public void No_more_than_the_bound_is_quoted()
    {
        byte[] body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"m {new string('v', 500)}\n", 1_000)));

        string text = LineFaultText.Describe(body, Precision.Nanoseconds, maxBytes: 10_000);

        Assert.InRange(text.Length, 10_000, 12_000);
    }

    [Fact]
    public void Every_fault_has_its_words()
    {
        string[] bodies =
        [
            $"m,t={new string('a', 65_536)} v=1", "m v=99999999999999999999i", "m v=1 99999999999999999999",
            "m v=1 9223372036854775807", "m,a=1,a=2 v=1", "m \\\\=\"=\"", "m v=1e309", "m v=1 1 x", "m,t v=1", "m",
            $"m{string.Concat(Enumerable.Range(0, 100).Select(i => $",t{i}=1"))} v=1", "m,=1 v=1", "m,t=a=b v=1",
            ",", "m =1", "m v=", "m v", "m v=1.1.1", "m v=yes", "m v=\"", "m v=1 x", "m f\\\\=1", "m v=1 -",
        ];
        HashSet<LineFault> seen = [];
        foreach (string body in bodies)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(body);
            seen.Add(LineScanner.Scan(bytes, Precision.Nanoseconds).FirstFault.Fault);
            Assert.StartsWith("unable to parse '", LineFaultText.Describe(bytes, Precision.Nanoseconds));
        }

        Assert.Equal(Enum.GetValues<LineFault>().Except([LineFault.None]).Order(), seen.Order());
    }
}
