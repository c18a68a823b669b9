using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace InfluxMirror.Inputs;

/// <summary>
/// A bound UDP socket, read by one thread, with the kernel's own account of what it dropped. Numbers and layouts are
/// Linux's.
/// </summary>
internal sealed class UdpSocket : IDisposable
{
    /// <summary>Above the largest datagram there is (65,527 bytes of IPv6), so that none is ever cut short.</summary>
    public const int MaxDatagram = 64 * 1024;

    private const int SocketLevel = 1;
    private const int ReceiveBuffer = 8;
    private const int ReceiveBufferForce = 33;
    private const int MemoryInfo = 55;
    private const int MemoryInfoDrops = 8;

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly SocketAddress _sender;
    private readonly byte[] _datagram = GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);
    private uint _dropsSeen;
    private long _drops;
    private bool _closed;

    /// <summary>Binds.</summary>
    /// <param name="address">Where; it has a port.</param>
    /// <param name="readBuffer">Bytes the kernel is to keep; 0 for its default.</param>
    /// <exception cref="SocketException">The address is in use, or is none of this machine.</exception>
    public UdpSocket(UdpAddress address, int readBuffer)
    {
        _socket = Create(address.Address);
        try
        {
            if (readBuffer > 0)
                SetReadBuffer(readBuffer);
            var any = _socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
            _socket.Bind(new IPEndPoint(address.Address ?? any, address.Port ?? 0));
            // Ready to read is a promise that a checksum may break; waiting is done by Wait alone.
            _socket.Blocking = false;
            _sender = new SocketAddress(_socket.AddressFamily);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Where it is bound.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Who sent the datagram received last.</summary>
    public SocketAddress Sender => _sender;

    /// <summary>
    /// Bytes of receive buffer the kernel granted, in the unit it was asked in; it then counts twice as many, with its
    /// own overhead.
    /// </summary>
    public int ReadBuffer
    {
        get
        {
            Span<byte> value = stackalloc byte[sizeof(int)];
            _socket.GetRawSocketOption(SocketLevel, ReceiveBuffer, value);
            return BitConverter.ToInt32(value) / 2;
        }
    }

    /// <summary>Datagrams the kernel dropped so far: no room, or a wrong checksum.</summary>
    public long KernelDrops
    {
        get
        {
            lock (_gate)
            {
                if (!_closed)
                    ReadDrops_NeedsLock();
                return _drops;
            }
        }
    }

    /// <summary>Waits for a datagram; false when the time was over first.</summary>
    public bool Wait(TimeSpan time)
    {
        // The kernel counts whole milliseconds; a rest below one would be no wait at all.
        var milliseconds = (int)Math.Ceiling(time.TotalMilliseconds);
        return _socket.Poll(milliseconds * 1000, SelectMode.SelectRead);
    }

    /// <summary>Takes a datagram. False when there is none after all.</summary>
    /// <param name="datagram">Its bytes; valid until the next call.</param>
    /// <exception cref="SocketException">The kernel could not give one.</exception>
    public bool TryReceive(out ReadOnlySpan<byte> datagram)
    {
        try
        {
            datagram = _datagram.AsSpan(0, _socket.ReceiveFrom(_datagram, SocketFlags.None, _sender));
            return true;
        }
        catch (SocketException none) when (none.SocketErrorCode == SocketError.WouldBlock)
        {
            datagram = default;
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            ReadDrops_NeedsLock();
            _closed = true;
            _socket.Dispose();
        }
    }

    private static Socket Create(IPAddress? address)
    {
        var everywhere = address is null && Socket.OSSupportsIPv6;
        var family = everywhere ? AddressFamily.InterNetworkV6 : address?.AddressFamily ?? AddressFamily.InterNetwork;
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        if (everywhere)
            socket.DualMode = true;
        return socket;
    }

    private void SetReadBuffer(int bytes)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(value, bytes);
        try
        {
            _socket.SetRawSocketOption(SocketLevel, ReceiveBufferForce, value);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.AccessDenied)
        {
            // Without CAP_NET_ADMIN: as much as net.core.rmem_max allows.
            _socket.SetRawSocketOption(SocketLevel, ReceiveBuffer, value);
        }
    }

    private void ReadDrops_NeedsLock()
    {
        Span<uint> info = stackalloc uint[MemoryInfoDrops + 1];
        _socket.GetRawSocketOption(SocketLevel, MemoryInfo, MemoryMarshal.AsBytes(info));
        // The kernel's counter has 32 bits.
        _drops += unchecked(info[MemoryInfoDrops] - _dropsSeen);
        _dropsSeen = info[MemoryInfoDrops];
    }
}
