using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>The kernel's socket addresses, as far as they are needed here.</summary>
internal static class SocketAddress
{
    /// <summary>Room for each of them.</summary>
    public const int MaxLength = 28;

    /// <summary>sockaddr_in or sockaddr_in6, without port.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteIp(Span<byte> buffer, Address address, int interfaceIndex)
    {
        buffer[..MaxLength].Clear();
        if (address.Family == IpFamily.IPv4)
        {
            MemoryMarshal.Write(buffer, (ushort)Libc.AF_INET);
            address.Write(buffer[4..]);
            return 16;
        }

        MemoryMarshal.Write(buffer, (ushort)Libc.AF_INET6);
        address.Write(buffer[8..]);
        MemoryMarshal.Write(buffer[24..], interfaceIndex);
        return MaxLength;
    }

    /// <summary>The address in a sockaddr_in6.</summary>
    public static Address ReadIPv6(ReadOnlySpan<byte> buffer) => Address.Read(buffer[8..24]);

    /// <summary>sockaddr_ll.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteLink(Span<byte> buffer, ushort protocol, int interfaceIndex)
    {
        const int Length = 20;
        buffer[..Length].Clear();
        MemoryMarshal.Write(buffer, (ushort)Libc.AF_PACKET);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], protocol);
        MemoryMarshal.Write(buffer[4..], interfaceIndex);
        return Length;
    }

    /// <summary>The interface in a sockaddr_ll.</summary>
    public static int ReadLinkIndex(ReadOnlySpan<byte> buffer) => MemoryMarshal.Read<int>(buffer[4..]);

    /// <summary>sockaddr_nl of this process.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteNetlink(Span<byte> buffer, uint groups)
    {
        const int Length = 12;
        buffer[..Length].Clear();
        MemoryMarshal.Write(buffer, (ushort)Libc.AF_NETLINK);
        MemoryMarshal.Write(buffer[8..], groups);
        return Length;
    }
}
