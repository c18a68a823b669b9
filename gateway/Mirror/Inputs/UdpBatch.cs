using System.Net;
using System.Net.Sockets;
using InfluxMirror.Journal;

namespace InfluxMirror.Inputs;

/// <summary>
/// Good lines of several datagrams, on their way to become one record. Allocates nothing per datagram.
/// </summary>
internal sealed class UdpBatch
{
    /// <summary>Bytes that make a record; one datagram that is larger once stamped is a record of its own.</summary>
    public const int Capacity = 64 * 1024;

    private readonly byte[] _sender = new byte[16];
    private byte[] _bytes = new byte[Capacity];
    private int _length;
    private int _senderLength;

    /// <summary>Points in it.</summary>
    public int Points { get; private set; }

    /// <summary>Nothing may be merged with it: its end would swallow what followed.</summary>
    public bool EndsOpen { get; private set; }

    /// <summary>It holds nothing.</summary>
    public bool IsEmpty => _length == 0;

    /// <summary>No further datagram of ordinary size fits.</summary>
    public bool IsFull => _length >= Capacity || EndsOpen;

    /// <summary>The address of who sent all of it; null when several did.</summary>
    public IPAddress? Sender => _senderLength == 0 ? null : Address(_sender.AsSpan(0, _senderLength));

    /// <summary>Whether what was just scanned may be added; an empty batch takes anything.</summary>
    public bool HasRoomFor(UdpLines lines) =>
        IsEmpty || (!EndsOpen && !lines.EndsOpen && _length + lines.MaxLength <= Capacity);

    /// <summary>Adds the good lines of a datagram that was scanned and has room.</summary>
    public void Add(UdpLines lines, ReadOnlySpan<byte> datagram, long timestamp, SocketAddress sender)
    {
        if (_bytes.Length < _length + lines.MaxLength)
            Array.Resize(ref _bytes, _length + lines.MaxLength);
        NoteSender(AddressIn(sender));
        _length += lines.Write(datagram, timestamp, _bytes.AsSpan(_length));
        Points += lines.Points;
        EndsOpen = lines.EndsOpen;
    }

    /// <summary>A copy of its bytes, in a block no larger than they need.</summary>
    public SharedBuffer Copy() => SharedBuffer.Copy(_bytes.AsSpan(0, _length));

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _length = 0;
        Points = 0;
        EndsOpen = false;
        if (_bytes.Length > Capacity)
            _bytes = new byte[Capacity];
    }

    /// <summary>The address of a sender.</summary>
    public static IPAddress AddressOf(SocketAddress sender) => Address(AddressIn(sender));

    private static IPAddress Address(ReadOnlySpan<byte> bytes)
    {
        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private void NoteSender(ReadOnlySpan<byte> address)
    {
        if (IsEmpty)
        {
            address.CopyTo(_sender);
            _senderLength = address.Length;
        }
        else if (!address.SequenceEqual(_sender.AsSpan(0, _senderLength)))
        {
            _senderLength = 0;
        }
    }

    /// <summary>The bytes of the address in <c>sockaddr_in</c> or <c>sockaddr_in6</c>, without the port.</summary>
    private static ReadOnlySpan<byte> AddressIn(SocketAddress sender) =>
        sender.Family == AddressFamily.InterNetworkV6 ? sender.Buffer.Span[8..24] : sender.Buffer.Span[4..8];
}
