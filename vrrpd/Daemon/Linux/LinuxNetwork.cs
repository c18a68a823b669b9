using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>The network as the kernel has it.</summary>
internal sealed unsafe class LinuxNetwork : INetwork, IDisposable
{
    private const int FixedDescriptors = 4;
    private const int LongestPacket = 64 * 1024;

    private readonly NetlinkSocket _netlink;
    private readonly PacketSocket _frames = new();
    private readonly PacketSocket _neighbors = new();
    private readonly List<(Listening What, VrrpSocket Socket)> _adverts = [];
    private readonly byte[] _buffer = GC.AllocateArray<byte>(LongestPacket, pinned: true);
    private readonly Action<string, string> _promotionFailed;
    private readonly int _wake;
    private PollDescriptor* _polled;

    /// <summary>Opens what every interface needs.</summary>
    /// <param name="promotionFailed">Told which interface's setting could not be changed, and why.</param>
    /// <exception cref="LinuxException">No permission: CAP_NET_ADMIN and CAP_NET_RAW are needed.</exception>
    public LinuxNetwork(Action<string, string> promotionFailed)
    {
        _promotionFailed = promotionFailed;
        _netlink = new(new());
        _frames.ListenToArp();
        _neighbors.ListenToNeighborAdvertisements();
        const int Flags = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
        _wake = LinuxException.ThrowIfFailed(Libc.EventFd(0, Flags), "eventfd");
        Rearrange();
    }

    public InterfaceTable Interfaces => _netlink.Table;

    public void Wait(long micros)
    {
        TimeSpec timeout = default;
        if (micros > 0)
            (timeout.Seconds, timeout.Nanoseconds) = (micros / 1_000_000, micros % 1_000_000 * 1000);
        // A signal ends the sleep too; the loop looks at the time anyway.
        _ = Libc.Poll(_polled, (nuint)(FixedDescriptors + _adverts.Count), &timeout, null);
        if ((_polled[0].Found & Libc.POLLIN) == 0)
            return;
        ulong count;
        _ = Libc.Read(_wake, &count, sizeof(ulong));
    }

    public void Wake()
    {
        ulong one = 1;
        _ = Libc.Write(_wake, &one, sizeof(ulong));
    }

    public bool TryReceive(out Received received)
    {
        bool isChange = false;
        while (_netlink.TryReadEvents(out bool isNews))
            isChange |= isNews;

        if (isChange)
        {
            received = new() { Kind = ReceivedKind.Interfaces };
            return true;
        }

        foreach ((_, VrrpSocket socket) in _adverts)
        {
            if (socket.TryReceive(_buffer, out received))
                return true;
        }

        return _frames.TryReceive(_buffer, out received) || _neighbors.TryReceive(_buffer, out received);
    }

    public int Listen(IReadOnlyCollection<Listening> wanted)
    {
        for (int i = _adverts.Count - 1; i >= 0; i--)
        {
            if (wanted.Contains(_adverts[i].What))
                continue;
            _adverts[i].Socket.Dispose();
            _adverts.RemoveAt(i);
        }

        int errno = 0;
        foreach (Listening what in wanted.Where(what => _adverts.All(open => open.What != what)))
        {
            try
            {
                _adverts.Add((what, new(what.Family, what.InterfaceIndex, what.IsMulticast)));
            }
            catch (LinuxException exception)
            {
                errno = errno == 0 ? exception.Errno : errno;
            }
        }

        Rearrange();
        return errno;
    }

    public int SendAdvert(int interfaceIndex, ReadOnlySpan<byte> message, Address source, Address destination)
    {
        foreach ((Listening what, VrrpSocket socket) in _adverts)
        {
            if (what.InterfaceIndex == interfaceIndex && what.Family == source.Family)
                return socket.Send(message, source, destination);
        }

        return Libc.ENODEV;
    }

    public int SendFrame(int interfaceIndex, ReadOnlySpan<byte> frame) => _frames.Send(interfaceIndex, frame);

    public int SetAddress(int interfaceIndex, Address address, int prefixLength, int leaseSeconds) =>
        _netlink.Set(interfaceIndex, address, prefixLength, leaseSeconds);

    public void PromoteSecondaries(string interfaceName)
    {
        try
        {
            File.WriteAllText($"/proc/sys/net/ipv4/conf/{interfaceName}/promote_secondaries", "1");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _promotionFailed(interfaceName, exception.Message);
        }
    }

    public int DeleteAddress(int interfaceIndex, Address address, int prefixLength) =>
        _netlink.Delete(interfaceIndex, address, prefixLength);

    public void Dispose()
    {
        foreach ((_, VrrpSocket socket) in _adverts)
            socket.Dispose();
        _adverts.Clear();
        _frames.Dispose();
        _neighbors.Dispose();
        _netlink.Dispose();
        _ = Libc.Close(_wake);
        NativeMemory.Free(_polled);
        _polled = null;
    }

    private void Rearrange()
    {
        nuint size = (nuint)((FixedDescriptors + _adverts.Count) * sizeof(PollDescriptor));
        _polled = (PollDescriptor*)NativeMemory.Realloc(_polled, size);
        int at = 0;
        Add(_wake);
        Add(_netlink.Descriptor);
        Add(_frames.Descriptor);
        Add(_neighbors.Descriptor);
        foreach ((_, VrrpSocket socket) in _adverts)
            Add(socket.Descriptor);

        void Add(int descriptor) => _polled[at++] = new() { Descriptor = descriptor, Wanted = Libc.POLLIN };
    }
}
