using System.Text;
using CsCheck;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class LineScannerTests
{
    [Fact]
    public void Noise_is_read_as_the_reference_reads_it() =>
        Samples.Noise.Sample(body => ReferenceCheck.Agrees(body), iter: 20_000);

    [Fact]
    public void Lines_are_read_as_the_reference_reads_them() =>
        Samples.Lines.Sample(body => ReferenceCheck.Agrees(body), iter: 500);

    [Fact]
    public void Damaged_lines_are_read_as_the_reference_reads_them() =>
        Samples.Damaged.Sample(body => ReferenceCheck.Agrees(body), iter: 1_000);

    [Fact]
    public void Every_precision_has_its_own_range() =>
        Gen.Select(Samples.Lines, Gen.Enum<Precision>())
            .Sample((body, precision) => ReferenceCheck.Agrees(body, precision), iter: 500);

    [Fact]
    public void A_line_reads_the_same_at_every_offset_from_a_block()
    {
        byte[][] lines =
        [
            "m,a=1,b=2 v=1i,w=\"x y\",x=true 5\n"u8.ToArray(),
            "m,a=1,a=2 v=1i\n"u8.ToArray(),
            "m s=\"a\nb\" 5\n"u8.ToArray(),
            "m v=1\\\n"u8.ToArray(),
            "m\\ n,b=1,a=2 v=-0.5\n"u8.ToArray(),
            "m v=9223372036854775808i\n"u8.ToArray(),
        ];
        foreach (byte[] line in lines)
        {
            for (int padding = 0; padding < 200; padding++)
            {
                byte[] before = Encoding.ASCII.GetBytes($"{new string('p', padding + 1)} v=1\n");
                byte[] after = Encoding.ASCII.GetBytes($"q v={new string('1', padding + 1)}");
                ReferenceCheck.Agrees([.. before, .. line, .. line, .. before, .. line, .. after]);
                ReferenceCheck.Agrees([.. before, .. line[..^1]]);
            }
        }
    }

    [Fact]
    public void Lines_longer_than_a_chunk_are_read()
    {
        foreach (int length in (int[])[4_000, 8_150, 8_192, 8_300, 20_000, 65_520, 65_540, 300_000])
        {
            string name = new('n', length);
            AgreesWithReference($"m,t={name} v=1,w=2i 3\nm v=1\n{name} v=1\nm {name}=1\nm s=\"{name}\n\" 4\nm v=x\n");
        }
    }

    [Fact]
    public void Many_tags_in_any_order_are_compared()
    {
        foreach (int count in (int[])[2, 63, 64, 65, 99, 100, 101, 200, 399, 400, 401, 800, 5_000])
        {
            Random random = new(count);
            string[] tags = [.. Enumerable.Range(0, count).Select(i => $",tag{i:x}={i}")];
            random.Shuffle(tags);
            string shuffled = string.Concat(tags);
            AgreesWithReference($"m{shuffled} v=1 1\nm{shuffled}{tags[count / 2]} v=1 1\nm v=1 1\n");
            Array.Sort(tags, StringComparer.Ordinal);
            AgreesWithReference($"m{string.Concat(tags)} v=1 1\nm v=1 1\n");
        }
    }

    [Theory]
    [InlineData("m \\\\=\"=\"")]
    [InlineData("m \\\\\\\\=\"=\" 5")]
    [InlineData("m,t=1 v=1,\\\\=\"a=\"")]
    [InlineData("m a,b=\"=1,c=\",d=\"")]
    public void A_line_that_ends_influxd_is_known(string line)
    {
        BodyScan scan = LineScanner.Scan(Encoding.UTF8.GetBytes($"m v=1\n{line}\nm v=2\n"), Precision.Nanoseconds);

        Assert.True(scan.EndsInfluxd);
        Assert.Equal((2, 1), (scan.Points, scan.Faults));
        Assert.Equal(new LineFaultLocation(6, line.Length, LineFault.EndsInfluxd), scan.FirstFault);
    }

    [Theory]
    [InlineData("", true, false)]
    [InlineData("\n", true, false)]
    [InlineData("m v=1", false, false)]
    [InlineData("m v=1\n", true, false)]
    [InlineData("m s=\"a\n", false, true)]
    [InlineData("m s=\"a\"\\", false, true)]
    [InlineData("m s=\"a\"\\\n", false, true)]
    [InlineData("m s=\"a\"\\\\\n", true, false)]
    [InlineData("# \"\n", true, false)]
    [InlineData("# =\"\n", false, true)]
    public void The_end_of_a_body_tells_what_may_follow(string body, bool newline, bool open)
    {
        BodyScan scan = LineScanner.Scan(Encoding.UTF8.GetBytes(body), Precision.Nanoseconds);

        Assert.Equal((newline, open), (scan.EndsWithNewline, scan.EndsOpen));
    }

    [Fact]
    public void Bodies_put_together_hold_what_each_of_them_held() =>
        Gen.Select(Samples.Bodies, Samples.Bodies).Sample(
            (first, second) =>
            {
                BodyScan one = LineScanner.Scan(first, Precision.Nanoseconds);
                if (one.EndsOpen)
                    return;
                BodyScan two = LineScanner.Scan(second, Precision.Nanoseconds);
                byte[] together = one.EndsWithNewline ? [.. first, .. second] : [.. first, (byte)'\n', .. second];
                BodyScan both = LineScanner.Scan(together, Precision.Nanoseconds);
                Assert.Equal(
                    (one.Points + two.Points, one.Faults + two.Faults, one.Unstamped + two.Unstamped),
                    (both.Points, both.Faults, both.Unstamped));
                Assert.Equal((two.EndsOpen, two.EndsWithNewline), (both.EndsOpen, both.EndsWithNewline));
            },
            iter: 4_000);

    private static void AgreesWithReference(string body) => ReferenceCheck.Agrees(Encoding.UTF8.GetBytes(body));
}
