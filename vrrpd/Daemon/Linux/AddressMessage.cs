using System.Runtime.InteropServices;

namespace Vrrp.Daemon.Linux;

/// <summary>What the kernel says of an address.</summary>
/// <param name="IsDeleted">Whether it is gone.</param>
/// <param name="Index">The interface.</param>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Its prefix.</param>
/// <param name="IsUsable">Whether it can be sent from.</param>
internal readonly record struct AddressMessage(
    bool IsDeleted, int Index, Address Address, int PrefixLength, bool IsUsable)
{
    private const ushort AttributeAddress = 1;
    private const ushort AttributeLocal = 2;
    private const ushort AttributeFlags = 8;
    private const uint TentativeOrFailed = 0x48;
    private const int FixedLength = 8;

    /// <summary>Reads a message; false if it is about something else or too short.</summary>
    public static bool TryRead(in NetlinkReader message, out AddressMessage read)
    {
        read = default;
        if (message.Type is not (NetlinkMessage.NewAddress or NetlinkMessage.DelAddress)
            || message.Body.Length < FixedLength)
            return false;
        ReadOnlySpan<byte> body = message.Body;
        int length = body[0] switch { Libc.AF_INET => 4, Libc.AF_INET6 => 16, _ => 0 };
        uint flags = body[2];
        // Of a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is always the own one.
        ReadOnlySpan<byte> address = default, local = default;
        AttributeReader attributes = new(body[FixedLength..]);
        while (attributes.Next())
        {
            if (attributes.Type == AttributeAddress)
                address = attributes.Data;
            else if (attributes.Type == AttributeLocal)
                local = attributes.Data;
            else if (attributes.Type == AttributeFlags && attributes.Data.Length == sizeof(uint))
                flags = MemoryMarshal.Read<uint>(attributes.Data);
        }

        ReadOnlySpan<byte> own = local.IsEmpty ? address : local;
        if (length == 0 || own.Length != length)
            return false;
        read = new(message.Type == NetlinkMessage.DelAddress, MemoryMarshal.Read<int>(body[4..]), Address.Read(own),
            body[1], (flags & TentativeOrFailed) == 0);
        return true;
    }
}
