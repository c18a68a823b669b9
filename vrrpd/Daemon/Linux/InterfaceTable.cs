namespace Vrrp.Daemon.Linux;

/// <summary>The interfaces of this machine and their addresses, from the kernel's messages.</summary>
internal sealed class InterfaceTable
{
    private readonly Dictionary<int, NetworkInterface> _byIndex = [];

    /// <summary>The interfaces.</summary>
    public IReadOnlyCollection<NetworkInterface> All => _byIndex.Values;

    /// <summary>The interface of a name; null if there is none now.</summary>
    public NetworkInterface? Find(string name)
    {
        foreach (NetworkInterface found in _byIndex.Values)
        {
            if (found.Name == name)
                return found;
        }

        return null;
    }

    /// <summary>The interface of a number; null if there is none now.</summary>
    public NetworkInterface? Find(int index) => _byIndex.GetValueOrDefault(index);

    /// <summary>Forgets everything, before all of it is told again.</summary>
    public void Clear() => _byIndex.Clear();

    /// <summary>Takes over what a message says; false if that was known.</summary>
    public bool Apply(in LinkMessage message) => message.IsDeleted
        ? _byIndex.Remove(message.Index)
        : At(message.Index).Apply(message);

    /// <summary>Takes over what a message says; false if that was known.</summary>
    public bool Apply(in AddressMessage message) =>
        (!message.IsDeleted || _byIndex.ContainsKey(message.Index)) && At(message.Index).Apply(message);

    private NetworkInterface At(int index)
    {
        if (!_byIndex.TryGetValue(index, out NetworkInterface? found))
            _byIndex.Add(index, found = new(index));
        return found;
    }
}
