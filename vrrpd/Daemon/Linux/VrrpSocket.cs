using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>
/// A raw socket of protocol 112, one family, on one interface. What it sends has TTL or hop limit 255, class 0xC0 and
/// never the don't-fragment bit, as keepalived's; what it receives tells its hop limit.
/// </summary>
internal sealed unsafe class VrrpSocket : IDisposable
{
    private const int SolIp = 0;
    private const int SolIPv6 = 41;
    private const int IpPktInfo = 8;
    private const int IPv6PktInfo = 50;
    private const int IPv6HopLimit = 52;
    private const int ReceiveBuffer = 1 << 20;
    private static readonly int ControlHeaderLength = sizeof(ControlHeader);

    private readonly IpFamily _family;
    private readonly int _interfaceIndex;
    private int _descriptor;

    /// <summary>Opens it.</summary>
    /// <param name="family">The family.</param>
    /// <param name="interfaceIndex">The interface.</param>
    /// <param name="isMulticast">Whether to join the multicast group.</param>
    /// <exception cref="LinuxException">No permission, or no such interface.</exception>
    public VrrpSocket(IpFamily family, int interfaceIndex, bool isMulticast)
    {
        _family = family;
        _interfaceIndex = interfaceIndex;
        int domain = family == IpFamily.IPv4 ? Libc.AF_INET : Libc.AF_INET6;
        int type = Libc.SOCK_RAW | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
        _descriptor = LinuxException.ThrowIfFailed(
            Libc.Socket(domain, type, AdvertPacket.Protocol), $"raw {family} socket of protocol 112");
        try
        {
            Libc.SetOption(_descriptor, Libc.SOL_SOCKET, Libc.SO_BINDTOIFINDEX, interfaceIndex);
            Libc.SetOption(_descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, ReceiveBuffer);
            // Adverts leave before other traffic that waits in the interface's queue (TC_PRIO_CONTROL).
            Libc.SetOption(_descriptor, Libc.SOL_SOCKET, Libc.SO_PRIORITY, 7);
            if (family == IpFamily.IPv4)
                ConfigureIPv4(isMulticast);
            else
                ConfigureIPv6(isMulticast);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>For poll.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Sends a VRRP message.</summary>
    /// <returns>0 or the error number.</returns>
    public int Send(ReadOnlySpan<byte> message, Address source, Address destination)
    {
        Span<byte> to = stackalloc byte[SocketAddress.MaxLength];
        int toLength = SocketAddress.WriteIp(to, destination, _interfaceIndex);
        Span<byte> control = stackalloc byte[64];
        int controlLength = WritePacketInfo(control, source);
        fixed (byte* data = message, name = to, ancillary = control)
        {
            IoVector vector = new() { Base = data, Length = (nuint)message.Length };
            MessageHeader header = new()
            {
                Name = name,
                NameLength = (uint)toLength,
                Vectors = &vector,
                VectorCount = 1,
                Control = ancillary,
                ControlLength = (nuint)controlLength,
            };
            return Libc.SendMessage(_descriptor, &header, Libc.MSG_DONTWAIT) < 0 ? Libc.Errno : 0;
        }
    }

    /// <summary>Takes what waits; false if nothing does.</summary>
    /// <param name="buffer">Receives the packet; a longer one is cut, and then refused for its length.</param>
    /// <param name="received">The packet, in the buffer.</param>
    public bool TryReceive(Span<byte> buffer, out Received received)
    {
        received = default;
        Span<byte> from = stackalloc byte[SocketAddress.MaxLength];
        Span<byte> control = stackalloc byte[128];
        int? hopLimit = null;
        Address destination = default;
        nint length;
        fixed (byte* data = buffer, name = from, ancillary = control)
        {
            IoVector vector = new() { Base = data, Length = (nuint)buffer.Length };
            MessageHeader header = new()
            {
                Name = name,
                NameLength = (uint)from.Length,
                Vectors = &vector,
                VectorCount = 1,
                Control = ancillary,
                ControlLength = (nuint)control.Length,
            };
            do
                length = Libc.ReceiveMessage(_descriptor, &header, Libc.MSG_DONTWAIT);
            while (length < 0 && Libc.Errno is Libc.EINTR);
            if (length < 0)
                return false;
            if (_family == IpFamily.IPv6)
                ReadControl(control[..(int)header.ControlLength], out hopLimit, out destination);
        }

        received = new()
        {
            Kind = ReceivedKind.Advert,
            InterfaceIndex = _interfaceIndex,
            Family = _family,
            Data = buffer[..(int)length],
            Source = _family == IpFamily.IPv6 ? SocketAddress.ReadIPv6(from) : default,
            Destination = destination,
            HopLimit = hopLimit,
        };
        return true;
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
            _ = Libc.Close(_descriptor);
        _descriptor = -1;
    }

    private void ConfigureIPv4(bool isMulticast)
    {
        Set(1, 0xc0); // IP_TOS
        Set(2, 255); // IP_TTL
        Set(10, 0); // IP_MTU_DISCOVER: without it the kernel sets the don't-fragment bit.
        Set(33, 255); // IP_MULTICAST_TTL
        Set(34, 0); // IP_MULTICAST_LOOP
        Set(49, 0); // IP_MULTICAST_ALL: only what this socket joined.
        if (isMulticast)
            Join(35); // IP_ADD_MEMBERSHIP

        void Set(int name, int value) => Libc.SetOption(_descriptor, SolIp, name, value);
    }

    private void ConfigureIPv6(bool isMulticast)
    {
        Set(67, 0xc0); // IPV6_TCLASS
        Set(16, 255); // IPV6_UNICAST_HOPS
        Set(18, 255); // IPV6_MULTICAST_HOPS
        Set(19, 0); // IPV6_MULTICAST_LOOP
        Set(29, 0); // IPV6_MULTICAST_ALL
        Set(49, 1); // IPV6_RECVPKTINFO
        Set(51, 1); // IPV6_RECVHOPLIMIT
        if (isMulticast)
            Join(20); // IPV6_JOIN_GROUP

        void Set(int name, int value) => Libc.SetOption(_descriptor, SolIPv6, name, value);
    }

    // struct ip_mreqn: group 4, local address 4, interface 4; struct ipv6_mreq: group 16, interface 4.
    private void Join(int option)
    {
        Address group = AdvertCodec.MulticastGroup(_family);
        Span<byte> request = stackalloc byte[20];
        request.Clear();
        group.Write(request);
        int indexAt = _family == IpFamily.IPv4 ? 8 : 16;
        MemoryMarshal.Write(request[indexAt..], _interfaceIndex);
        int level = _family == IpFamily.IPv4 ? SolIp : SolIPv6;
        fixed (byte* value = request)
        {
            LinuxException.ThrowIfFailed(
                Libc.SetSockOpt(_descriptor, level, option, value, (uint)indexAt + 4), $"joining {group}");
        }
    }

    // struct in_pktinfo: interface 4, source 4, destination 4; struct in6_pktinfo: source 16, interface 4.
    private int WritePacketInfo(Span<byte> control, Address source)
    {
        control.Clear();
        int dataLength = _family == IpFamily.IPv4 ? 12 : 20;
        ControlHeader header = new()
        {
            Length = (nuint)(ControlHeaderLength + dataLength),
            Level = _family == IpFamily.IPv4 ? SolIp : SolIPv6,
            Type = _family == IpFamily.IPv4 ? IpPktInfo : IPv6PktInfo,
        };
        MemoryMarshal.Write(control, header);
        Span<byte> data = control[ControlHeaderLength..];
        source.Write(_family == IpFamily.IPv4 ? data[4..] : data);
        MemoryMarshal.Write(_family == IpFamily.IPv4 ? data : data[16..], _interfaceIndex);
        return ControlHeaderLength + ((dataLength + 7) & ~7);
    }

    private static void ReadControl(ReadOnlySpan<byte> control, out int? hopLimit, out Address destination)
    {
        hopLimit = null;
        destination = default;
        while (control.Length >= ControlHeaderLength)
        {
            ControlHeader header = MemoryMarshal.Read<ControlHeader>(control);
            if (header.Length < (nuint)ControlHeaderLength || header.Length > (nuint)control.Length)
                return;
            ReadOnlySpan<byte> data = control[ControlHeaderLength..(int)header.Length];
            if (header is { Level: SolIPv6, Type: IPv6HopLimit } && data.Length >= 4)
                hopLimit = MemoryMarshal.Read<int>(data);
            else if (header is { Level: SolIPv6, Type: IPv6PktInfo } && data.Length >= 16)
                destination = Address.Read(data[..16]);
            control = control[Math.Min(control.Length, ((int)header.Length + 7) & ~7)..];
        }
    }
}
