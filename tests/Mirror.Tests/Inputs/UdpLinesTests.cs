using System.Net;
using System.Text;
using CsCheck;
using InfluxMirror.Inputs;
using InfluxMirror.LineProtocol;
using InfluxMirror.Tests.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

/// <summary>What is kept of a datagram, and datagrams joined.</summary>
public sealed class UdpLinesTests
{
    private const long Now = 1_700_000_000_000_000_000;

    [Theory]
    [InlineData("m v=1 1", "m v=1 1\n", 1, 0)]
    [InlineData("m v=1 1\n", "m v=1 1\n", 1, 0)]
    [InlineData("m v=1\nn v=2 2\nm v=3", "m v=1 1700000000000000000\nn v=2 2\nm v=3 1700000000000000000\n", 3, 0)]
    [InlineData("bad\nm v=1 1", "\nm v=1 1\n", 1, 1)]
    [InlineData("m v=1 1\nbad", "m v=1 1\n", 1, 1)]
    [InlineData("m v=1\nbad\n\nn v=2\nworse", "m v=1 1700000000000000000\n\n\nn v=2 1700000000000000000\n", 2, 2)]
    [InlineData("m v=1 1\nm s=\"open", "m v=1 1\n", 1, 1)]
    [InlineData("m v=1 1\nm s=\"open\nstill open", "m v=1 1\n", 1, 1)]
    public void Good_lines_are_kept_and_stamped_and_the_others_cut_out(
        string datagram, string kept, int points, int invalid)
    {
        using UdpLines lines = new(Precision.Nanoseconds);

        Assert.Equal(kept, Keep(lines, datagram));
        Assert.Equal((points, invalid, 0, false), (lines.Points, lines.Invalid, lines.Harmful, lines.EndsOpen));
    }

    [Fact]
    public void What_would_end_influxd_or_make_it_fail_is_cut_out_and_told_apart()
    {
        string ends = "m a,b=\"=1,c=\",d=\"";
        string fails = $"m{string.Concat(Enumerable.Range(0, 100).Select(i => $",t{i:d3}=x"))} v=1 1";
        using UdpLines lines = new(Precision.Nanoseconds);

        Assert.Equal("m v=1 1\n\n\n\nm v=2 2\n", Keep(lines, $"m v=1 1\n{ends}\n{fails}\nbad\nm v=2 2"));
        Assert.Equal((2, 1, 2), (lines.Points, lines.Invalid, lines.Harmful));
    }

    [Fact]
    public void A_comment_that_would_swallow_what_follows_ends_open()
    {
        using UdpLines lines = new(Precision.Nanoseconds);

        Assert.Equal("m v=1 1\n# a=\"b", Keep(lines, "m v=1 1\n# a=\"b"));
        Assert.True(lines.EndsOpen);
    }

    [Fact]
    public void Times_are_in_the_unit_of_the_listener()
    {
        using UdpLines lines = new(Precision.Seconds);
        byte[] datagram = "m v=1"u8.ToArray();
        lines.Scan(datagram);
        byte[] kept = new byte[lines.MaxLength];

        Assert.Equal("m v=1 1700000000\n", Encoding.UTF8.GetString(kept, 0, lines.Write(datagram, 1_700_000_000, kept)));
    }

    [Fact]
    public void Whatever_comes_what_is_kept_is_faultless_stamped_and_safe_to_be_followed() =>
        Gen.Select(Samples.Bodies, Gen.Enum<Precision>()).Sample(
            (body, precision) =>
            {
                using UdpLines lines = new(precision);
                lines.Scan(body);
                byte[] room = new byte[lines.MaxLength];
                byte[] kept = room[..lines.Write(body, 7, room)];

                BodyScan scan = LineScanner.Scan(kept, precision);
                Assert.Equal((lines.Points, 0), (scan.Points, scan.Faults));
                Assert.Equal(scan.Unstampable, scan.Unstamped);
                Assert.Equal(LineScanner.Scan(body, precision).Faults, lines.Invalid + lines.Harmful);
                if (lines.EndsOpen)
                    return;
                BodyScan followed = LineScanner.Scan([.. kept, .. "m v=1 1\n"u8], precision);
                Assert.Equal((lines.Points + 1, 0), (followed.Points, followed.Faults));
            },
            iter: 5_000);

    [Fact]
    public void A_batch_knows_its_sender_as_long_as_there_is_one()
    {
        UdpBatch batch = new();
        using UdpLines lines = new(Precision.Nanoseconds);
        SocketAddress mapped = new IPEndPoint(IPAddress.Parse("10.0.0.1").MapToIPv6(), 5).Serialize();
        Add(batch, lines, "m v=1 1", mapped);
        Add(batch, lines, "m v=2 2", new IPEndPoint(IPAddress.Parse("10.0.0.1").MapToIPv6(), 6).Serialize());
        Assert.Equal(IPAddress.Parse("10.0.0.1"), batch.Sender);

        Add(batch, lines, "m v=3 3", new IPEndPoint(IPAddress.IPv6Loopback, 5).Serialize());
        Assert.Null(batch.Sender);
        Assert.Equal("m v=1 1\nm v=2 2\nm v=3 3\n", Text(batch));
        Assert.Equal(3, batch.Points);

        batch.Clear();
        Add(batch, lines, "m v=4 4", new IPEndPoint(IPAddress.Loopback, 5).Serialize());
        Assert.Equal((IPAddress.Loopback, "m v=4 4\n"), (batch.Sender, Text(batch)));
    }

    [Fact]
    public void A_datagram_that_ends_open_shares_a_batch_with_nobody()
    {
        UdpBatch batch = new();
        using UdpLines lines = new(Precision.Nanoseconds);
        SocketAddress sender = new IPEndPoint(IPAddress.Loopback, 5).Serialize();
        Add(batch, lines, "m v=1 1", sender);
        lines.Scan("m v=2 2\n# a=\"b"u8);
        Assert.False(batch.HasRoomFor(lines));

        batch.Clear();
        Add(batch, lines, "m v=2 2\n# a=\"b", sender);
        lines.Scan("m v=3 3"u8);
        Assert.True(batch.IsFull);
        Assert.False(batch.HasRoomFor(lines));
    }

    [Fact]
    public void A_batch_takes_one_datagram_of_any_size_and_several_up_to_64_KiB()
    {
        UdpBatch batch = new();
        using UdpLines lines = new(Precision.Nanoseconds);
        SocketAddress sender = new IPEndPoint(IPAddress.Loopback, 5).Serialize();
        string largest = string.Concat(Enumerable.Repeat("m v=1\n", 65_507 / 6));
        Add(batch, lines, largest, sender);
        Assert.Equal(largest.Replace("\n", $" {Now}\n", StringComparison.Ordinal), Text(batch));

        batch.Clear();
        string line = $"m s=\"{new string('x', 1000)}\" 1";
        while (Fits(line))
            Add(batch, lines, line, sender);
        Assert.InRange(batch.Copy().Length, UdpBatch.Capacity - 1100, UdpBatch.Capacity);

        bool Fits(string datagram)
        {
            lines.Scan(Encoding.UTF8.GetBytes(datagram));
            return batch.HasRoomFor(lines);
        }
    }

    private static string Keep(UdpLines lines, string datagram)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(datagram);
        lines.Scan(bytes);
        byte[] kept = new byte[lines.MaxLength];
        return Encoding.UTF8.GetString(kept, 0, lines.Write(bytes, Now, kept));
    }

    private static void Add(UdpBatch batch, UdpLines lines, string datagram, SocketAddress sender)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(datagram);
        lines.Scan(bytes);
        batch.Add(lines, bytes, Now, sender);
    }

    private static string Text(UdpBatch batch) => Encoding.UTF8.GetString(batch.Copy().Span);
}
