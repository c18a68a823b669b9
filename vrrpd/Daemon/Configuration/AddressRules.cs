using System.Collections.Immutable;
using System.Globalization;

namespace Vrrp.Daemon.Configuration;

/// <summary>Reads the addresses of an instance.</summary>
internal sealed class AddressRules(string ownInterface, Section section)
{
    /// <summary>Addresses of one list; far more than an advertisement can carry.</summary>
    private const int MaxAddresses = 1024;

    /// <summary>The virtual addresses under a key; what is no address is a fault and left out.</summary>
    public ImmutableArray<VirtualAddress> Read(string key, List<VirtualAddressOptions>? all)
    {
        Section list = section[key];
        List<VirtualAddress> read = [];
        for (int i = 0; i < Count(list, all); i++)
        {
            if (all![i] is { } options && Read(options, list, i) is { } address)
                read.Add(address);
        }

        return [.. read];
    }

    /// <summary>The addresses of machines under a key.</summary>
    public ImmutableArray<Address> Hosts(string key, List<string>? all)
    {
        Section list = section[key];
        List<Address> read = [];
        for (int i = 0; i < Count(list, all); i++)
        {
            if (list.AnAddress($"{i}", all![i]) is not { } address)
                continue;
            if (read.Contains(address))
                list.Fault($"{i}", $"{address} is named twice");
            read.Add(address);
        }

        return [.. read];
    }

    private static int Count<T>(Section list, List<T>? all)
    {
        if (all is { Count: > MaxAddresses })
            list.Fault("", $"there are more than {MaxAddresses} addresses");
        return Math.Min(all?.Count ?? 0, MaxAddresses);
    }

    private VirtualAddress? Read(VirtualAddressOptions options, Section list, int index)
    {
        if (options.Address is not { } text)
        {
            list.Fault($"{index}", "has no Address");
            return null;
        }

        string[] parts = text.Split('/', 2);
        if (!Address.TryParse(parts[0], out Address address))
        {
            list.Fault(
                $"{index}",
                $"'{Section.Shown(text)}' is no address; write it in full, such as 192.0.2.1 or 192.0.2.1/24");
            return null;
        }

        int longest = 8 * address.Length;
        int prefix = longest;
        if (parts.Length == 2 && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
            || prefix < 1 || prefix > longest))
        {
            list.Fault($"{index}", $"'/{Section.Shown(parts[1])}' is no prefix; write /1 to /{longest}, or none");
            return null;
        }

        string device = options.Device is null
            ? ownInterface
            : list[$"{index}"].AnInterface(nameof(options.Device), options.Device);
        return new(address, prefix, device, options.KeepPrefix ?? false);
    }
}
