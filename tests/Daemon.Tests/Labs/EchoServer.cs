using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>How a connection did.</summary>
/// <param name="Count">Answers.</param>
/// <param name="Worst">The slowest one.</param>
/// <param name="Retransmissions">Segments that had to be sent again, of both sides.</param>
internal sealed record Echoed(int Count, TimeSpan Worst, uint Retransmissions);

/// <summary>Sends back what comes by TCP.</summary>
internal sealed class EchoServer : IDisposable
{
    private const int Port = 7001;
    // struct tcp_info of linux/tcp.h: tcpi_total_retrans.
    private const int TcpProtocol = 6, TcpInfo = 11, TotalRetransmissions = 100;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(2);

    private readonly SemaphoreSlim _connecting = new(1);
    private readonly Socket _listener;

    public EchoServer(NetworkNamespace place)
    {
        _listener = place.Within(Open);
        _listener.Bind(new IPEndPoint(IPAddress.IPv6Any, Port));
        _listener.Listen();
    }

    /// <summary>Asks for an echo again and again on one connection.</summary>
    public async Task<Echoed> EchoAsync(NetworkNamespace from, string address, double seconds)
    {
        using Socket client = from.Within(Open);
        using Socket server = await ConnectAsync(client, address);
        Task answering = AnswerAsync(server);
        byte[] buffer = [1];
        (int count, TimeSpan worst) = (0, TimeSpan.Zero);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            long asked = Stopwatch.GetTimestamp();
            await client.SendAsync(buffer);
            if (await client.ReceiveAsync(buffer) == 0)
                throw new InvalidOperationException("the connection was closed");
            TimeSpan took = Stopwatch.GetElapsedTime(asked);
            (count, worst) = (count + 1, took > worst ? took : worst);
            await Task.Delay(Pace);
        }

        uint again = Retransmissions(client) + Retransmissions(server);
        client.Shutdown(SocketShutdown.Send);
        await answering;
        return new(count, worst, again);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _connecting.Dispose();
    }

    private static Socket Open() => new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp)
    {
        DualMode = true,
        NoDelay = true,
    };

    // One after the other, so that the two ends belong together.
    private async Task<Socket> ConnectAsync(Socket client, string address)
    {
        await _connecting.WaitAsync();
        try
        {
            await client.ConnectAsync(new IPEndPoint(IPAddress.Parse(address).MapToIPv6(), Port));
            return await _listener.AcceptAsync();
        }
        finally
        {
            _connecting.Release();
        }
    }

    private static async Task AnswerAsync(Socket server)
    {
        byte[] buffer = new byte[16];
        while (await server.ReceiveAsync(buffer) is > 0 and var length)
            await server.SendAsync(buffer.AsMemory(0, length));
    }

    private static uint Retransmissions(Socket socket)
    {
        byte[] info = new byte[TotalRetransmissions + sizeof(uint)];
        int length = socket.GetRawSocketOption(TcpProtocol, TcpInfo, info);
        return length == info.Length
            ? BitConverter.ToUInt32(info, TotalRetransmissions)
            : throw new InvalidOperationException($"tcp_info of {length} bytes");
    }
}
