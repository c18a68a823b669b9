using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Loop;

namespace Vrrp.Daemon.Guarding;

/// <summary>
/// Memory shared by the daemon and its guardian: which instances hold their addresses, and the advertisement that
/// resigns, ready to be sent.
/// <code>
/// header: magic 4, slots 4, bytes of a slot 4, 0 4
/// slot:   armed 4, interface 4, family 1, 0 3, addresses 2, destinations 2, source 16
///         address:     interface 4, family 1, 0 3, address 16
///         destination: length 4, address 16, message padded to 4
/// </code>
/// A slot is written while it is not armed, so that the guardian never sees half of one.
/// </summary>
internal sealed unsafe class GuardianTable : IDisposable
{
    private const uint Magic = 0x56525244;
    private const int HeaderLength = 16;
    private const int SlotHeaderLength = 32;
    private const int AddressLength = 24;
    private const int DestinationLength = 20;

    private readonly ImmutableArray<string> _names;
    private readonly int _slotLength;
    private readonly int _length;
    private byte* _memory;

    /// <summary>Makes an empty table for the instances.</summary>
    /// <param name="instances">Those of the configuration that comes into force.</param>
    /// <param name="replaced">
    /// Those of the one before: until the reload is done, the table holds what they have, or a mixture of both.
    /// </param>
    /// <exception cref="LinuxException">No memory.</exception>
    public GuardianTable(
        ImmutableArray<InstanceConfig> instances, IReadOnlyCollection<InstanceConfig>? replaced = null)
    {
        Slots = instances.Length;
        _names = [.. instances.Select(instance => instance.Name)];
        _slotLength = SlotLength([.. instances, .. replaced ?? []]);
        _length = HeaderLength + instances.Length * _slotLength;
        Descriptor = SharedMemory.Create("vrrpd-guardian", _length);
        _memory = SharedMemory.Map(Descriptor, _length);
        MemoryMarshal.Write(At(0), Magic);
        MemoryMarshal.Write(At(4), instances.Length);
        MemoryMarshal.Write(At(8), _slotLength);
    }

    /// <summary>Opens a table that the daemon made.</summary>
    /// <exception cref="LinuxException">It cannot be mapped.</exception>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public GuardianTable(int descriptor)
    {
        _names = [];
        Descriptor = descriptor;
        _length = SharedMemory.LengthOf(descriptor);
        if (_length < HeaderLength)
            throw new InvalidDataException("not a guardian's table");
        _memory = SharedMemory.Map(descriptor, _length);
        Slots = MemoryMarshal.Read<int>(At(4));
        _slotLength = MemoryMarshal.Read<int>(At(8));
        if (MemoryMarshal.Read<uint>(At(0)) != Magic || HeaderLength + (long)Slots * _slotLength != _length)
            throw new InvalidDataException("not a guardian's table");
    }

    /// <summary>The memory, for a child to open.</summary>
    public int Descriptor { get; }

    /// <summary>Instances there is room for.</summary>
    public int Slots { get; }

    /// <summary>The instance holds its addresses from now on.</summary>
    public void Arm(RouterInstance instance)
    {
        int index = _names.IndexOf(instance.Name);
        if (index < 0)
            return;
        Span<byte> slot = Slot(index);
        Volatile.Write(ref ArmedOf(slot), 0);
        RouterConfig config = instance.Router.Config;
        MemoryMarshal.Write(slot[4..], instance.InterfaceIndex);
        slot[8] = (byte)config.Family;
        MemoryMarshal.Write(slot[12..], (ushort)instance.Places.Length);
        int destinations = Math.Max(1, config.UnicastPeers.Length);
        MemoryMarshal.Write(slot[14..], (ushort)destinations);
        instance.Router.LocalAddress.Write(slot[16..32]);
        int at = SlotHeaderLength;
        foreach (AddressPlace place in instance.Places)
        {
            MemoryMarshal.Write(slot[at..], place.InterfaceIndex);
            slot[at + 4] = (byte)place.Address.Family;
            place.Address.Write(slot[(at + 8)..]);
            at += AddressLength;
        }

        if (config.UnicastPeers.IsEmpty)
            at = WriteResignation(slot, at, instance.Router, AdvertCodec.MulticastGroup(config.Family));
        foreach (Address peer in config.UnicastPeers)
            at = WriteResignation(slot, at, instance.Router, peer);
        Volatile.Write(ref ArmedOf(slot), 1);
    }

    /// <summary>The instance holds no addresses any more.</summary>
    public void Disarm(RouterInstance instance)
    {
        int index = _names.IndexOf(instance.Name);
        if (index >= 0)
            Volatile.Write(ref ArmedOf(Slot(index)), 0);
    }

    /// <summary>Reads what has to be done for an instance when the daemon is dead; null: nothing.</summary>
    public Legacy? Read(int index)
    {
        Span<byte> slot = Slot(index);
        if (Volatile.Read(ref ArmedOf(slot)) == 0)
            return null;
        IpFamily family = (IpFamily)slot[8];
        int at = SlotHeaderLength;
        var addresses = ImmutableArray.CreateBuilder<(int, Address)>();
        for (int left = MemoryMarshal.Read<ushort>(slot[12..]); left > 0; left--, at += AddressLength)
        {
            addresses.Add((MemoryMarshal.Read<int>(slot[at..]),
                ReadAddress(slot[(at + 8)..], (IpFamily)slot[at + 4])));
        }

        var adverts = ImmutableArray.CreateBuilder<(Address, byte[])>();
        for (int left = MemoryMarshal.Read<ushort>(slot[14..]); left > 0; left--)
        {
            int length = MemoryMarshal.Read<int>(slot[at..]);
            adverts.Add((ReadAddress(slot[(at + 4)..], family), slot.Slice(at + DestinationLength, length).ToArray()));
            at += DestinationLength + Padded(length);
        }

        return new(MemoryMarshal.Read<int>(slot[4..]), family, ReadAddress(slot[16..], family), addresses.ToImmutable(),
            adverts.ToImmutable());
    }

    public void Dispose()
    {
        if (_memory == null)
            return;
        SharedMemory.Unmap(_memory, _length);
        _memory = null;
        _ = Libc.Close(Descriptor);
    }

    /// <summary>Room for the most of everything that any of them has.</summary>
    private static int SlotLength(IReadOnlyCollection<InstanceConfig> instances)
    {
        int message = 16 + instances.Max(instance => instance.Router.VirtualAddresses.Length) * 16;
        int destinations = Math.Max(1, instances.Max(instance => instance.Router.UnicastPeers.Length));
        return Padded(SlotHeaderLength + instances.Max(instance => instance.Addresses.Length) * AddressLength
            + destinations * (DestinationLength + message));
    }

    private static int WriteResignation(Span<byte> slot, int at, VirtualRouter router, Address destination)
    {
        Span<byte> message = stackalloc byte[AdvertCodec.MaxLength];
        int length = AdvertCodec.Encode(message, router.Config, priority: 0, router.LocalAddress, destination);
        MemoryMarshal.Write(slot[at..], length);
        destination.Write(slot[(at + 4)..]);
        message[..length].CopyTo(slot[(at + DestinationLength)..]);
        return at + DestinationLength + Padded(length);
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private static Address ReadAddress(ReadOnlySpan<byte> bytes, IpFamily family) =>
        Address.Read(bytes[..(family == IpFamily.IPv4 ? 4 : 16)]);

    private static ref int ArmedOf(Span<byte> slot) => ref MemoryMarshal.AsRef<int>(slot);

    private Span<byte> At(int offset) => new(_memory + offset, _length - offset);

    private Span<byte> Slot(int index) => new(_memory + HeaderLength + (long)index * _slotLength, _slotLength);
}

/// <summary>What a dead daemon left to do for an instance.</summary>
/// <param name="InterfaceIndex">The interface of its advertisements.</param>
/// <param name="Family">Their family.</param>
/// <param name="Source">The address they are sent from.</param>
/// <param name="Addresses">The addresses to take away, and from which interfaces.</param>
/// <param name="Adverts">The messages that resign, and to whom.</param>
internal sealed record Legacy(int InterfaceIndex, IpFamily Family, Address Source,
    ImmutableArray<(int Interface, Address Address)> Addresses,
    ImmutableArray<(Address Destination, byte[] Message)> Adverts);
