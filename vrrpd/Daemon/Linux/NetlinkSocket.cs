namespace Vrrp.Daemon.Linux;

/// <summary>
/// rtnetlink: changes addresses, and tells what changes. Two sockets, so that no event gets between a question and
/// its answer.
/// </summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    private const int Route = 0;
    private const uint LinkEvents = 1;
    private const uint IPv4AddressEvents = 0x10;
    private const uint IPv6AddressEvents = 0x100;
    private const int EventBuffer = 1 << 20;

    private readonly byte[] _request = new byte[NetlinkMessage.MaxLength];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _events;
    private int _requests;
    private uint _sequence;
    private bool _lostEvents;

    /// <summary>Opens it and reads all interfaces.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public NetlinkSocket(InterfaceTable table)
    {
        Table = table;
        _events = _requests = -1;
        try
        {
            _events = Open(LinkEvents | IPv4AddressEvents | IPv6AddressEvents, Libc.SOCK_NONBLOCK);
            _requests = Open(0, 0);
            int size = EventBuffer;
            // Without the permission the usual size has to do; what overflows is asked for again.
            _ = Libc.SetSockOpt(_events, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, &size, sizeof(int));
            ReadAll();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Kept up to date.</summary>
    public InterfaceTable Table { get; }

    /// <summary>For poll.</summary>
    public int Descriptor => _events;

    /// <summary>Takes one datagram of events into the table.</summary>
    /// <param name="isChange">Whether it told anything new.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryReadEvents(out bool isChange)
    {
        isChange = false;
        fixed (byte* pointer = _buffer)
        {
            nint length = Libc.Receive(_events, pointer, (nuint)_buffer.Length, Libc.MSG_DONTWAIT);
            if (length >= 0)
            {
                isChange = Apply(_buffer.AsSpan(0, (int)length));
                return true;
            }
        }

        int errno = Libc.Errno;
        if (errno == Libc.EINTR)
            return true;
        _lostEvents |= errno == Libc.ENOBUFS;
        if (errno != Libc.EAGAIN)
            return errno == Libc.ENOBUFS;
        if (!_lostEvents)
            return false;
        // What overflowed is asked for anew, after everything that is older than the answer.
        _lostEvents = false;
        ReadAll();
        isChange = true;
        return true;
    }

    /// <summary>Puts an address on an interface, or prolongs it.</summary>
    /// <returns>0 or the error number.</returns>
    public int Set(int interfaceIndex, Address address, int prefixLength, int leaseSeconds)
    {
        int length = NetlinkMessage.WriteSet(
            _request, ++_sequence, interfaceIndex, address, prefixLength, leaseSeconds);
        int errno = Ask(length);
        if (errno == 0)
            Table.Apply(new AddressMessage(false, interfaceIndex, address, prefixLength, IsUsable: true));
        return errno;
    }

    /// <summary>Takes an address from an interface.</summary>
    /// <returns>0 or the error number.</returns>
    public int Delete(int interfaceIndex, Address address, int prefixLength)
    {
        int errno = Ask(NetlinkMessage.WriteDelete(_request, ++_sequence, interfaceIndex, address, prefixLength));
        if (errno is 0 or Libc.EADDRNOTAVAIL)
            Table.Apply(new AddressMessage(true, interfaceIndex, address, prefixLength, IsUsable: false));
        return errno;
    }

    public void Dispose()
    {
        if (_events >= 0)
            _ = Libc.Close(_events);
        if (_requests >= 0)
            _ = Libc.Close(_requests);
        _events = _requests = -1;
    }

    private static int Open(uint groups, int flags)
    {
        int descriptor = LinuxException.ThrowIfFailed(
            Libc.Socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC | flags, Route), "netlink socket");
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        int length = SocketAddress.WriteNetlink(address, groups);
        fixed (byte* pointer = address)
        {
            if (Libc.Bind(descriptor, pointer, (uint)length) == 0)
                return descriptor;
        }

        int errno = Libc.Errno;
        _ = Libc.Close(descriptor);
        throw new LinuxException("netlink socket", errno);
    }

    private void ReadAll()
    {
        Table.Clear();
        Dump(NetlinkMessage.GetLink);
        Dump(NetlinkMessage.GetAddress);
    }

    private void Dump(ushort type)
    {
        int errno = Send(NetlinkMessage.WriteDump(_request, type, ++_sequence));
        while (errno == 0 && !ReadAnswer(out errno))
        {
        }

        if (errno != 0)
            throw new LinuxException("reading the interfaces", errno);
    }

    private int Ask(int length)
    {
        int errno = Send(length);
        while (errno == 0 && !ReadAnswer(out errno))
        {
        }

        return errno;
    }

    private int Send(int length)
    {
        Span<byte> kernel = stackalloc byte[SocketAddress.MaxLength];
        int kernelLength = SocketAddress.WriteNetlink(kernel, 0);
        fixed (byte* data = _request, to = kernel)
        {
            nint sent;
            do
                sent = Libc.SendTo(_requests, data, (nuint)length, 0, to, (uint)kernelLength);
            while (sent < 0 && Libc.Errno == Libc.EINTR);
            return sent < 0 ? Libc.Errno : 0;
        }
    }

    /// <summary>Reads a datagram of the answer.</summary>
    /// <returns>Whether the answer is complete.</returns>
    private bool ReadAnswer(out int errno)
    {
        errno = 0;
        nint length;
        fixed (byte* pointer = _buffer)
            length = Libc.Receive(_requests, pointer, (nuint)_buffer.Length, 0);
        if (length < 0)
        {
            errno = Libc.Errno;
            if (errno != Libc.EINTR)
                return true;
            errno = 0;
            return false;
        }

        NetlinkReader messages = new(_buffer.AsSpan(0, (int)length));
        while (messages.Next())
        {
            if (messages.Sequence != _sequence)
                continue;
            if (messages.Type is NetlinkMessage.Error or NetlinkMessage.Done)
            {
                errno = messages.Errno;
                return true;
            }

            Apply(messages);
        }

        return false;
    }

    private bool Apply(ReadOnlySpan<byte> datagram)
    {
        bool isChange = false;
        NetlinkReader messages = new(datagram);
        while (messages.Next())
            isChange |= Apply(messages);
        return isChange;
    }

    private bool Apply(in NetlinkReader message) =>
        LinkMessage.TryRead(message, out LinkMessage link) ? Table.Apply(link)
        : AddressMessage.TryRead(message, out AddressMessage address) && Table.Apply(address);
}
