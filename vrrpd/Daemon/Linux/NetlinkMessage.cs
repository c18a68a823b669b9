using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>
/// Messages of rtnetlink (rtnetlink(7)), in the machine's byte order; addresses in the network's.
/// <code>
/// nlmsghdr: length 4, type 2, flags 2, sequence 4, port 4
/// ifaddrmsg: family 1, prefix 1, flags 1, scope 1, index 4     ifinfomsg: family 1, 0 1, type 2, index 4, flags 4, 4
/// attributes: length 2, type 2, data, padded to 4
/// </code>
/// </summary>
internal static class NetlinkMessage
{
    public const int HeaderLength = 16;

    /// <summary>Bytes of the longest message written here.</summary>
    public const int MaxLength = 128;

    public const ushort Error = 2;
    public const ushort Done = 3;
    public const ushort NewLink = 16;
    public const ushort DelLink = 17;
    public const ushort GetLink = 18;
    public const ushort NewAddress = 20;
    public const ushort DelAddress = 21;
    public const ushort GetAddress = 22;

    private const ushort Request = 1;
    private const ushort Acknowledge = 4;
    private const ushort Dump = 0x300;
    private const ushort Replace = 0x100;
    private const ushort Create = 0x400;

    private const ushort AttributeAddress = 1;
    private const ushort AttributeLocal = 2;
    private const ushort AttributeCacheInfo = 6;
    private const ushort AttributeFlags = 8;
    private const uint NoDuplicateDetection = 2;

    /// <summary>
    /// Adds an address, or prolongs it: without duplicate address detection, never preferred as a source, gone after
    /// the lease.
    /// </summary>
    /// <returns>Bytes written.</returns>
    public static int WriteSet(
        Span<byte> buffer, uint sequence, int interfaceIndex, Address address, int prefixLength, int leaseSeconds)
    {
        int at = WriteAddressMessage(
            buffer, NewAddress, Create | Replace, sequence, interfaceIndex, address, prefixLength);
        Span<byte> flags = Attribute(buffer, ref at, AttributeFlags, sizeof(uint));
        uint noDetection = address.Family == IpFamily.IPv6 ? NoDuplicateDetection : 0;
        MemoryMarshal.Write(flags, noDetection);
        Span<byte> times = Attribute(buffer, ref at, AttributeCacheInfo, 16);
        MemoryMarshal.Write(times, 0u);
        MemoryMarshal.Write(times[4..], (uint)leaseSeconds);
        return Finish(buffer, at);
    }

    /// <summary>Deletes an address.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteDelete(
        Span<byte> buffer, uint sequence, int interfaceIndex, Address address, int prefixLength)
    {
        int at = WriteAddressMessage(buffer, DelAddress, 0, sequence, interfaceIndex, address, prefixLength);
        return Finish(buffer, at);
    }

    /// <summary>Asks for all links or all addresses.</summary>
    /// <param name="buffer">Receives the message.</param>
    /// <param name="type"><see cref="GetLink"/> or <see cref="GetAddress"/>.</param>
    /// <param name="sequence">Comes back in the answers.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteDump(Span<byte> buffer, ushort type, uint sequence)
    {
        const int Body = 16;
        buffer[..(HeaderLength + Body)].Clear();
        WriteHeader(buffer, type, Request | Dump, sequence);
        return Finish(buffer, HeaderLength + Body);
    }

    private static int WriteAddressMessage(Span<byte> buffer, ushort type, int flags, uint sequence,
        int interfaceIndex, Address address, int prefixLength)
    {
        const int Body = 8;
        buffer[..MaxLength].Clear();
        WriteHeader(buffer, type, (ushort)(Request | Acknowledge | flags), sequence);
        buffer[16] = (byte)(address.Family == IpFamily.IPv4 ? Libc.AF_INET : Libc.AF_INET6);
        buffer[17] = (byte)prefixLength;
        MemoryMarshal.Write(buffer[20..], interfaceIndex);
        int at = HeaderLength + Body;
        address.Write(Attribute(buffer, ref at, AttributeLocal, address.Length));
        address.Write(Attribute(buffer, ref at, AttributeAddress, address.Length));
        return at;
    }

    private static void WriteHeader(Span<byte> buffer, ushort type, ushort flags, uint sequence)
    {
        MemoryMarshal.Write(buffer[4..], type);
        MemoryMarshal.Write(buffer[6..], flags);
        MemoryMarshal.Write(buffer[8..], sequence);
        MemoryMarshal.Write(buffer[12..], 0u);
    }

    private static Span<byte> Attribute(Span<byte> buffer, ref int at, ushort type, int length)
    {
        MemoryMarshal.Write(buffer[at..], (ushort)(4 + length));
        MemoryMarshal.Write(buffer[(at + 2)..], type);
        Span<byte> data = buffer.Slice(at + 4, length);
        at += 4 + ((length + 3) & ~3);
        return data;
    }

    private static int Finish(Span<byte> buffer, int length)
    {
        MemoryMarshal.Write(buffer, length);
        return length;
    }
}

/// <summary>Steps through the messages of one datagram; stops at the first that does not fit.</summary>
/// <param name="datagram">What the kernel sent.</param>
internal ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    public ushort Type { get; private set; }

    public uint Sequence { get; private set; }

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>Of <see cref="NetlinkMessage.Error"/>: 0 or the error number.</summary>
    public readonly int Errno => Body.Length < 4 ? 0 : -MemoryMarshal.Read<int>(Body);

    public bool Next()
    {
        if (_rest.Length < NetlinkMessage.HeaderLength)
            return false;
        uint length = MemoryMarshal.Read<uint>(_rest);
        if (length < NetlinkMessage.HeaderLength || length > _rest.Length)
            return false;
        Type = MemoryMarshal.Read<ushort>(_rest[4..]);
        Sequence = MemoryMarshal.Read<uint>(_rest[8..]);
        Body = _rest[NetlinkMessage.HeaderLength..(int)length];
        _rest = _rest[Math.Min(_rest.Length, (int)((length + 3) & ~3u))..];
        return true;
    }
}

/// <summary>Steps through the attributes of a message; stops at the first that does not fit.</summary>
/// <param name="attributes">What follows the fixed part.</param>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private const ushort TypeMask = 0x3fff;
    private ReadOnlySpan<byte> _rest = attributes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Data { get; private set; }

    public bool Next()
    {
        if (_rest.Length < 4)
            return false;
        int length = MemoryMarshal.Read<ushort>(_rest);
        if (length < 4 || length > _rest.Length)
            return false;
        Type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & TypeMask);
        Data = _rest[4..length];
        _rest = _rest[Math.Min(_rest.Length, (length + 3) & ~3)..];
        return true;
    }
}
