using System.Net;
using System.Net.Sockets;
using InfluxMirror.Inputs;
using InfluxMirror.LineProtocol;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

/// <summary>The socket, on loopback.</summary>
public sealed class UdpSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("*:9096", null, 9096)]
    [InlineData(":9096", null, 9096)]
    [InlineData("[::]:9096", null, 9096)]
    [InlineData("*", null, null)]
    [InlineData("", null, null)]
    [InlineData("0.0.0.0:8089", "0.0.0.0", 8089)]
    [InlineData("10.0.0.1", "10.0.0.1", null)]
    [InlineData("[::1]:8089", "::1", 8089)]
    [InlineData("[::1]", "::1", null)]
    [InlineData("fe80::1", "fe80::1", null)]
    public void Addresses_are_written_as_for_influxd(string text, string? address, int? port)
    {
        UdpAddress? parsed = UdpAddress.Parse(text);

        Assert.Equal(new UdpAddress(address is null ? null : IPAddress.Parse(address), port), parsed);
        Assert.Equal(parsed, UdpAddress.Parse(parsed!.ToString()));
    }

    [Theory]
    [InlineData("localhost:9096")]
    [InlineData("9096")]
    [InlineData("*:")]
    [InlineData("*:65536")]
    [InlineData("*:-1")]
    [InlineData("*:http")]
    [InlineData("10.0.0:1:2")]
    [InlineData("[::1]9096")]
    [InlineData("[::1")]
    [InlineData("http://*:9096")]
    public void Anything_else_is_no_address(string text) => Assert.Null(UdpAddress.Parse(text));

    [Fact]
    public void The_largest_datagrams_of_both_families_arrive_whole_at_one_socket()
    {
        using UdpSocket socket = new(UdpAddress.Parse("*:0")!, 4 * 1024 * 1024);
        foreach ((IPAddress to, int size) in ((IPAddress, int)[])
            [(IPAddress.Loopback, 65_507), (IPAddress.IPv6Loopback, 65_527), (IPAddress.Loopback, 0)])
        {
            using Socket sender = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            byte[] sent = new byte[size];
            new Random(size).NextBytes(sent);
            sender.SendTo(sent, new IPEndPoint(to, socket.EndPoint.Port));

            Assert.True(socket.Wait(Patience));
            Assert.True(socket.TryReceive(out ReadOnlySpan<byte> received));
            Assert.True(received.SequenceEqual(sent));
            Assert.Equal(to, UdpBatch.AddressOf(socket.Sender));
        }

        Assert.False(socket.Wait(TimeSpan.Zero));
        Assert.False(socket.TryReceive(out _));
        Assert.Equal(0, socket.KernelDrops);
    }

    [Fact]
    public void What_the_kernel_drops_is_what_is_missing()
    {
        using UdpSocket socket = new(UdpAddress.Parse("127.0.0.1:0")!, 16 * 1024);
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        byte[] datagram = new byte[1000];
        for (int i = 0; i < 500; i++)
            sender.SendTo(datagram, socket.EndPoint);
        int received = 0;
        while (socket.TryReceive(out _))
            received++;

        Assert.InRange(received, 1, 499);
        Assert.Equal(500 - received, socket.KernelDrops);
        socket.Dispose();
        Assert.Equal(500 - received, socket.KernelDrops);
    }

    [Fact]
    public void The_receive_buffer_is_as_large_as_the_kernel_grants()
    {
        using UdpSocket small = new(UdpAddress.Parse("127.0.0.1:0")!, 64 * 1024);
        using UdpSocket byDefault = new(UdpAddress.Parse("127.0.0.1:0")!, 0);

        Assert.Equal(64 * 1024, small.ReadBuffer);
        int kernels = int.Parse(File.ReadAllText("/proc/sys/net/core/rmem_default").Trim()) / 2;
        Assert.Equal(kernels, byDefault.ReadBuffer);
    }

    [Fact]
    public void An_address_in_use_is_refused()
    {
        using UdpSocket first = new(UdpAddress.Parse("127.0.0.1:0")!, 0);

        Assert.Throws<SocketException>(() => new UdpSocket(new(IPAddress.Loopback, first.EndPoint.Port), 0));
    }

    [Fact]
    public void A_datagram_costs_no_memory()
    {
        using UdpSocket socket = new(UdpAddress.Parse("*:0")!, 4 * 1024 * 1024);
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using UdpLines lines = new(Precision.Nanoseconds);
        UdpBatch batch = new();
        byte[] datagram = "m,host=a v=1\nm,host=b v=2 7\nbad\nm,host=c v=3\n"u8.ToArray();
        SocketAddress to = new IPEndPoint(IPAddress.Loopback, socket.EndPoint.Port).Serialize();
        Round(100);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Round(1000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Round(int datagrams)
        {
            for (int i = 0; i < datagrams; i++)
            {
                sender.SendTo(datagram, SocketFlags.None, to);
                while (!socket.Wait(Patience) || !socket.TryReceive(out ReadOnlySpan<byte> received) || !Take(received))
                {
                }
            }
        }

        bool Take(ReadOnlySpan<byte> received)
        {
            lines.Scan(received);
            if (!batch.HasRoomFor(lines))
                batch.Clear();
            batch.Add(lines, received, 1_700_000_000_000_000_000, socket.Sender);
            return true;
        }
    }
}
