namespace Vrrp.Daemon.Linux;

/// <summary>
/// Ethernet frames: sends any, receives the ARP frames or the neighbour advertisements that come in.
/// </summary>
internal sealed unsafe class PacketSocket : IDisposable
{
    private const ushort EtherTypeArp = 0x0806;
    private const ushort EtherTypeIPv6 = 0x86dd;
    private int _descriptor;
    private ReceivedKind _kind;

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
    public void ListenToArp() => Listen(EtherTypeArp, ReceivedKind.Arp);

    /// <summary>Begins to receive the neighbour advertisements of all interfaces.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void ListenToNeighborAdvertisements()
    {
        // Classic BPF, struct sock_filter: code 2, jumps 1 and 1, operand 4. All other IPv6 traffic stays in the kernel:
        // load byte 20 (next header), 58? load byte 54 (type), 136? take it all, else nothing.
        ReadOnlySpan<ulong> program =
        [
            Instruction(0x30, 0, 0, 20), Instruction(0x15, 0, 3, 58), Instruction(0x30, 0, 0, 54),
            Instruction(0x15, 0, 1, 136), Instruction(0x06, 0, 0, 0xffff), Instruction(0x06, 0, 0, 0),
        ];
        fixed (ulong* instructions = program)
        {
            // struct sock_fprog: length 2, then a pointer.
            nint* filter = stackalloc nint[2];
            (filter[0], filter[1]) = (program.Length, (nint)instructions);
            LinuxException.ThrowIfFailed(Libc.SetSockOpt(_descriptor, Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, filter,
                (uint)(2 * sizeof(nint))), "attaching a filter");
        }

        Listen(EtherTypeIPv6, ReceivedKind.NeighborAdvertisement);
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

    /// <summary>Takes a frame that waits; false if none does.</summary>
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
            Kind = _kind,
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

    private static ulong Instruction(ushort code, byte ifTrue, byte ifFalse, uint operand) =>
        code | ((ulong)ifTrue << 16) | ((ulong)ifFalse << 24) | ((ulong)operand << 32);

    private void Listen(ushort protocol, ReceivedKind kind)
    {
        _kind = kind;
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        int length = SocketAddress.WriteLink(address, protocol, interfaceIndex: 0);
        fixed (byte* pointer = address)
            LinuxException.ThrowIfFailed(Libc.Bind(_descriptor, pointer, (uint)length), $"listening to {kind}");
    }
}
