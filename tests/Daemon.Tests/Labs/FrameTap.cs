using System.Net;
using System.Net.Sockets;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Every Ethernet frame that passes a node's interfaces, byte for byte.</summary>
internal sealed class FrameTap : IDisposable
{
    private const short AllProtocols = 3;
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];

    public FrameTap(LabNode node)
    {
        _socket = node.Place.Within(() => new Socket(
            AddressFamily.Packet, SocketType.Raw, (ProtocolType)(ushort)IPAddress.HostToNetworkOrder(AllProtocols)));
        _socket.Blocking = false;
        _socket.ReceiveBufferSize = 4 << 20;
    }

    /// <summary>Takes what has passed since the last time.</summary>
    public List<byte[]> Take()
    {
        List<byte[]> frames = [];
        while (_socket.Poll(0, SelectMode.SelectRead))
            frames.Add(_buffer[.._socket.Receive(_buffer)]);
        return frames;
    }

    public void Dispose() => _socket.Dispose();
}
