using System.Text;
using CsCheck;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.LineProtocol;

public sealed class TimestampStamperTests
{
    [Theory]
    [InlineData("m v=1", "m v=1 42")]
    [InlineData("m v=1\nm v=2 7\nm v=3\n", "m v=1 42\nm v=2 7\nm v=3 42\n")]
    [InlineData("m v=1 \t\n# x\n\nm s=\"a\n\"\r\n", "m v=1 \t 42\n# x\n\nm s=\"a\n\"\r 42\n")]
    [InlineData("m v=x\nm s=\"a\"\\\n", "m v=x\nm s=\"a\"\\\n")]
    public void Points_without_time_get_one(string body, string stamped) => Assert.Equal(stamped, Stamp(body, 42));

    [Fact]
    public void Only_the_insertions_differ_and_every_point_has_its_time_afterwards() =>
        Gen.Select(Samples.Bodies, Gen.Long[-9_000_000_000_000_000_000, 9_000_000_000_000_000_000]).Sample(
            (body, time) =>
            {
                using InsertionPoints ends = new();
                BodyScan before = LineScanner.Scan(body, Precision.Nanoseconds, ends);
                byte[] stamped = new byte[TimestampStamper.StampedLength(body.Length, ends.Count, time)];
                Assert.Equal(stamped.Length, TimestampStamper.Stamp(body, ends.AsSpan(), time, stamped));

                Assert.True(body.AsSpan().SequenceEqual(WithoutStamps(stamped, ends.AsSpan(), time)));
                BodyScan after = LineScanner.Scan(stamped, Precision.Nanoseconds);
                Assert.Equal((before.Points, before.Faults), (after.Points, after.Faults));
                Assert.Equal(before.Unstampable, after.Unstamped);
            },
            iter: 4_000);

    private static byte[] WithoutStamps(ReadOnlySpan<byte> stamped, ReadOnlySpan<int> ends, long time)
    {
        byte[] stamp = Encoding.ASCII.GetBytes($" {time}");
        List<byte> rest = [];
        foreach (int end in ends)
        {
            int kept = end - rest.Count;
            rest.AddRange(stamped[..kept]);
            Assert.True(stamped[kept..].StartsWith(stamp));
            stamped = stamped[(kept + stamp.Length)..];
        }

        rest.AddRange(stamped);
        return [.. rest];
    }

    private static string Stamp(string text, long time)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        using InsertionPoints ends = new();
        LineScanner.Scan(body, Precision.Nanoseconds, ends);
        byte[] stamped = new byte[TimestampStamper.StampedLength(body.Length, ends.Count, time)];
        TimestampStamper.Stamp(body, ends.AsSpan(), time, stamped);
        return Encoding.UTF8.GetString(stamped);
    }
}
