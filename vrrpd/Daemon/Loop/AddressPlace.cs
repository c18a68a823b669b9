using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Loop;

/// <summary>Where an address goes now.</summary>
/// <param name="Configured">As configured.</param>
/// <param name="InterfaceIndex">Its interface; 0 while that is missing.</param>
/// <param name="Hardware">The interface's Ethernet address.</param>
/// <param name="PrefixLength">The prefix it is added with.</param>
internal readonly record struct AddressPlace(
    VirtualAddress Configured, int InterfaceIndex, HardwareAddress Hardware, int PrefixLength)
{
    /// <summary>The address.</summary>
    public Address Address => Configured.Address;

    /// <summary>Finds the place.</summary>
    /// <param name="configured">The address and its device.</param>
    /// <param name="table">The interfaces.</param>
    /// <param name="all">All virtual addresses, which make no subnet of their own.</param>
    public static AddressPlace Find(VirtualAddress configured, InterfaceTable table, IReadOnlySet<Address> all)
    {
        NetworkInterface? device = table.Find(configured.Device);
        if (device is null)
            return new(configured, 0, default, configured.PrefixLength);
        bool isInSubnet = false;
        foreach (InterfaceAddress own in device.Addresses)
            isInSubnet |= !all.Contains(own.Address) && own.Covers(configured.Address);
        int prefix = isInSubnet && !configured.KeepPrefix ? configured.Address.Length * 8 : configured.PrefixLength;
        return new(configured, device.Index, device.HardwareAddress, prefix);
    }
}
