using System.Globalization;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// Somebody on the client's machine who sends any packet to one node alone: to its Ethernet address, so that the other
/// node is not disturbed, wherever the packet says that it goes.
/// </summary>
internal sealed class FrameSender : IDisposable
{
    private const int EthernetHeader = 14;
    private readonly PacketSocket _socket;
    private readonly int _interface;
    private readonly HardwareAddress _own;

    public FrameSender(Lab lab)
    {
        string link = lab.ClientPlace.IpAsync("-o link show dev eth0").GetAwaiter().GetResult();
        string[] words = link.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        _interface = int.Parse(words[0].TrimEnd(':'), CultureInfo.InvariantCulture);
        _own = HardwareAddress.Parse(words[Array.IndexOf(words, "link/ether") + 1]);
        _socket = lab.ClientPlace.Within(() => new PacketSocket());
    }

    /// <summary>An IPv4 or IPv6 packet as a frame to a node.</summary>
    public byte[] Frame(LabNode target, ReadOnlySpan<byte> packet, bool isIPv6)
    {
        byte[] frame = new byte[EthernetHeader + packet.Length];
        HardwareAddress.Parse(target.Hardware).Write(frame);
        _own.Write(frame.AsSpan(6));
        (frame[12], frame[13]) = isIPv6 ? ((byte)0x86, (byte)0xdd) : ((byte)8, (byte)0);
        packet.CopyTo(frame.AsSpan(EthernetHeader));
        return frame;
    }

    /// <summary>Sends a frame.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        int errno = _socket.Send(_interface, frame);
        if (errno != 0)
            throw new InvalidOperationException(LinuxException.Text(errno));
    }

    public void Dispose() => _socket.Dispose();
}
