using System.Runtime.InteropServices;
using System.Text;

namespace Vrrp.Daemon.Linux;

/// <summary>What the kernel says of a link.</summary>
internal readonly ref struct LinkMessage
{
    private const uint Up = 1;
    private const uint Running = 0x40;
    private const ushort AttributeHardwareAddress = 1;
    private const ushort AttributeName = 3;
    private const int FixedLength = 16;

    /// <summary>Whether the interface is gone.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>The kernel's number of it.</summary>
    public int Index { get; init; }

    /// <summary>Whether it is up and has a carrier.</summary>
    public bool IsUp { get; init; }

    /// <summary>Its Ethernet address.</summary>
    public HardwareAddress HardwareAddress { get; init; }

    /// <summary>Its name, in UTF-8.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Whether this is its name.</summary>
    public bool IsNamed(string name) => name.Length == Name.Length && Encoding.UTF8.GetByteCount(name) == Name.Length
        && Ascii.Equals(Name, name);

    /// <summary>Its name.</summary>
    public string NameText() => Encoding.UTF8.GetString(Name);

    /// <summary>Reads a message; false if it is about something else or too short.</summary>
    public static bool TryRead(in NetlinkReader message, out LinkMessage link)
    {
        link = default;
        if (message.Type is not (NetlinkMessage.NewLink or NetlinkMessage.DelLink)
            || message.Body.Length < FixedLength || message.Body[0] != 0)
            return false;
        uint flags = MemoryMarshal.Read<uint>(message.Body[8..]);
        HardwareAddress hardware = default;
        ReadOnlySpan<byte> name = default;
        AttributeReader attributes = new(message.Body[FixedLength..]);
        while (attributes.Next())
        {
            if (attributes.Type == AttributeHardwareAddress && attributes.Data.Length == HardwareAddress.Length)
                hardware = HardwareAddress.Read(attributes.Data);
            else if (attributes.Type == AttributeName)
                name = attributes.Data.TrimEnd((byte)0);
        }

        link = new()
        {
            IsDeleted = message.Type == NetlinkMessage.DelLink,
            Index = MemoryMarshal.Read<int>(message.Body[4..]),
            IsUp = (flags & (Up | Running)) == (Up | Running),
            HardwareAddress = hardware,
            Name = name,
        };
        return true;
    }
}
