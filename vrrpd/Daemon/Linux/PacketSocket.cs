namespace Vrrp.Daemon.Linux;

/// <summary>Ethernet frames: sends any, receives the ARP frames that come in.</summary>
internal sealed unsafe class PacketSocket : IDisposable
{
    private const ushort EtherTypeArp = 0x0806;
    private int _descriptor;

    /// <summary>Opens it.</summary>
    /// <exception cref="LinuxException">No permission.</exception>
    public PacketSocket()
    {
        _descriptor = LinuxException.ThrowIfFailed(
            Libc.Socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0), "packet socket");
    }

    /// <summary>For poll.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Begins to receive the ARP frames of all interfaces.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void ListenToArp()
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        int length = SocketAddress.WriteLink(address, EtherTypeArp, interfaceIndex: 0);
        fixed (byte* pointer = address)
            LinuxException.ThrowIfFailed(Libc.Bind(_descriptor, pointer, (uint)length), "listening to ARP");
    }

    /// <summary>Sends a frame.</summary>
    /// <returns>0 or the error number.</returns>
    public int Send(int interfaceIndex, ReadOnlySpan<byte> frame)
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        int length = SocketAddress.WriteLink(address, protocol: 0, interfaceIndex);
        fixed (byte* data = frame, to = address)
        {
            nint sent = Libc.SendTo(
                _descriptor, data, (nuint)frame.Length, Libc.MSG_DONTWAIT, to, (uint)length);
            return sent < 0 ? Libc.Errno : 0;
        }
    }

    /// <summary>Takes an ARP frame that waits; false if none does.</summary>
    public bool TryReceive(Span<byte> buffer, out Received received)
    {
        received = default;
        Span<byte> from = stackalloc byte[SocketAddress.MaxLength];
        nint length;
        fixed (byte* data = buffer, name = from)
        {
            IoVector vector = new() { Base = data, Length = (nuint)buffer.Length };
            MessageHeader header = new()
            {
                Name = name,
                NameLength = (uint)from.Length,
                Vectors = &vector,
                VectorCount = 1,
            };
            do
                length = Libc.ReceiveMessage(_descriptor, &header, Libc.MSG_DONTWAIT);
            while (length < 0 && Libc.Errno == Libc.EINTR);
        }

        if (length < 0)
            return false;
        received = new()
        {
            Kind = ReceivedKind.Arp,
            InterfaceIndex = SocketAddress.ReadLinkIndex(from),
            Data = buffer[..(int)length],
        };
        return true;
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
            _ = Libc.Close(_descriptor);
        _descriptor = -1;
    }
}
