namespace Vrrp.Daemon.Linux;

/// <summary>An address of an interface.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Its prefix.</param>
/// <param name="IsUsable">Whether it can be sent from: neither tentative nor a failed duplicate.</param>
internal readonly record struct InterfaceAddress(Address Address, int PrefixLength, bool IsUsable)
{
    /// <summary>Whether the other address is in this one's subnet.</summary>
    public bool Covers(Address other)
    {
        if (other.Family != Address.Family)
            return false;
        Span<byte> mine = stackalloc byte[16], its = stackalloc byte[16];
        Address.Write(mine);
        other.Write(its);
        int whole = PrefixLength / 8, rest = PrefixLength % 8;
        return mine[..whole].SequenceEqual(its[..whole])
            && (rest == 0 || (mine[whole] ^ its[whole]) >> (8 - rest) == 0);
    }
}

/// <summary>A network interface as the kernel told it.</summary>
internal sealed class NetworkInterface(int index)
{
    private readonly List<InterfaceAddress> _addresses = [];

    /// <summary>The kernel's number of it.</summary>
    public int Index => index;

    /// <summary>Its name; empty while only addresses are known.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Whether it is up and has a carrier.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Its Ethernet address; none if it has none.</summary>
    public HardwareAddress HardwareAddress { get; private set; }

    /// <summary>Its addresses, oldest first.</summary>
    public IReadOnlyList<InterfaceAddress> Addresses => _addresses;

    /// <summary>Takes over what a message says; false if that was known.</summary>
    public bool Apply(in LinkMessage message)
    {
        if (message.IsUp == IsUp && message.HardwareAddress == HardwareAddress && message.IsNamed(Name))
            return false;
        if (!message.IsNamed(Name))
            Name = message.NameText();
        IsUp = message.IsUp;
        HardwareAddress = message.HardwareAddress;
        return true;
    }

    /// <summary>Takes over what a message says; false if that was known.</summary>
    public bool Apply(in AddressMessage message)
    {
        for (int i = 0; i < _addresses.Count; i++)
        {
            if (_addresses[i].Address != message.Address || _addresses[i].PrefixLength != message.PrefixLength)
                continue;
            if (message.IsDeleted)
                _addresses.RemoveAt(i);
            else if (_addresses[i].IsUsable == message.IsUsable)
                return false;
            else
                _addresses[i] = new(message.Address, message.PrefixLength, message.IsUsable);
            return true;
        }

        if (message.IsDeleted)
            return false;
        _addresses.Add(new(message.Address, message.PrefixLength, message.IsUsable));
        return true;
    }

    /// <summary>Whether it has the address, with any prefix.</summary>
    public bool Has(Address address)
    {
        foreach (InterfaceAddress mine in _addresses)
        {
            if (mine.Address == address)
                return true;
        }

        return false;
    }
}
