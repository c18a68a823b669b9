using System.Globalization;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns lists of addresses into those of an instance.</summary>
internal sealed class AddressImport(ImportNotes notes)
{
    /// <summary>The addresses of virtual_ipaddress or virtual_ipaddress_excluded, added to what there is.</summary>
    public List<VirtualAddressOptions> Virtual(
        KeepalivedNode block, List<VirtualAddressOptions>? known, string? ownInterface)
    {
        List<VirtualAddressOptions> all = known ?? [];
        HashSet<Address> taken = [.. all.Select(address => Parsed(address.Address!))];
        foreach (KeepalivedNode node in block.Children)
        {
            if (!IsAddress(node.Keyword))
                notes.NotKept(node, "is no address");
            else if (!taken.Add(Parsed(node.Keyword)))
                notes.NotKept(node, "is there already");
            else
                all.Add(Virtual(node, ownInterface));
        }

        return all;
    }

    /// <summary>The family of what is known to be an address, with or without a prefix.</summary>
    public static IpFamily FamilyOf(string written) => Parsed(written).Family;

    private VirtualAddressOptions Virtual(KeepalivedNode node, string? ownInterface)
    {
        string? device = null;
        List<string> dropped = [];
        for (int i = 0; i < node.Words.Count; i++)
        {
            if (node.Words[i] == "dev" && i + 1 < node.Words.Count)
                device = node.Words[++i];
            else
                dropped.Add(node.Words[i]);
        }

        if (dropped.Count > 0)
            notes.Changed(node, $"the address is kept, without {Section.Shown(string.Join(' ', dropped))}");
        else
            notes.Kept(node, device is null || device == ownInterface ? "address" : $"address on Device {device}");
        return new() { Address = node.Keyword, Device = device == ownInterface ? null : device };
    }

    private static Address Parsed(string written) => Address.Parse(written.Split('/', 2)[0]);

    private static bool IsAddress(string written)
    {
        string[] parts = written.Split('/', 2);
        return Address.TryParse(parts[0], out Address address) && (parts.Length == 1
            || (int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int prefix)
                && prefix >= 1 && prefix <= 8 * address.Length));
    }
}
