using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Tests.Loop;

/// <summary>A network whose kernel is a few lists, and whose clock a test moves.</summary>
internal sealed class FakeNetwork : TimeProvider, INetwork
{
    public const int Eth0 = 2;
    public static readonly Address Own = Address.Parse("198.51.100.1");
    public static readonly HardwareAddress Hardware = HardwareAddress.Parse("02:00:00:00:00:01");

    private readonly Queue<(ReceivedKind Kind, byte[] Data)> _waiting = new();
    private long _now = 1_000_000_000;

    public FakeNetwork()
    {
        SetLink(isUp: true);
        Interfaces.Apply(new AddressMessage(false, Eth0, Own, 24, IsUsable: true));
    }

    public InterfaceTable Interfaces { get; } = new();

    /// <summary>What was done, in order; nothing while null.</summary>
    public List<string>? Done { get; set; } = [];

    /// <summary>What <see cref="SetAddress"/> answers.</summary>
    public int AddressError { get; set; }

    /// <summary>How often an address was set.</summary>
    public int Sets { get; private set; }

    public HashSet<Listening> Listenings { get; private set; } = [];

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => _now;

    /// <summary>Moves the clock.</summary>
    public void Advance(double seconds) => _now += (long)(seconds * 1e6);

    public void SetLink(bool isUp)
    {
        Interfaces.Apply(new LinkMessage
        {
            Index = Eth0,
            IsUp = isUp,
            HardwareAddress = Hardware,
            Name = "eth0"u8,
        });
        _waiting.Enqueue((ReceivedKind.Interfaces, []));
    }

    /// <summary>Somebody deletes an address.</summary>
    public void Lose(Address address)
    {
        NetworkInterface eth0 = Interfaces.Find(Eth0)!;
        foreach (InterfaceAddress lost in eth0.Addresses.Where(own => own.Address == address).ToList())
            Interfaces.Apply(new AddressMessage(true, Eth0, address, lost.PrefixLength, false));
        _waiting.Enqueue((ReceivedKind.Interfaces, []));
    }

    /// <summary>An advertisement of a peer comes.</summary>
    public void Hear(RouterConfig config, byte priority, Address source)
    {
        byte[] packet = new byte[20 + AdvertCodec.MaxLength];
        Address group = AdvertCodec.MulticastGroup(IpFamily.IPv4);
        int length = 20 + AdvertCodec.Encode(packet.AsSpan(20), config, priority, source, group);
        packet[0] = 0x45;
        packet[2] = (byte)(length >> 8);
        packet[3] = (byte)length;
        packet[8] = 255;
        packet[9] = 112;
        source.Write(packet.AsSpan(12));
        group.Write(packet.AsSpan(16));
        ushort checksum = InternetChecksum.Of(InternetChecksum.Sum(packet.AsSpan(0, 20)));
        (packet[10], packet[11]) = ((byte)(checksum >> 8), (byte)checksum);
        _waiting.Enqueue((ReceivedKind.Advert, packet[..length]));
    }

    public void HearArp(Address address, HardwareAddress holder)
    {
        byte[] frame = new byte[NeighborFrames.ArpLength];
        NeighborFrames.WriteGratuitousArp(frame, holder, address);
        _waiting.Enqueue((ReceivedKind.Arp, frame));
    }

    /// <summary>When a test wants to be back.</summary>
    public long End { get; set; } = long.MaxValue;

    /// <summary>Sleeps as long as it was asked to, but not past the end.</summary>
    public void Wait(long micros) => _now += Math.Clamp(micros, 0, Math.Max(0, End - _now));

    public void Wake()
    {
        // The test calls the loop itself.
    }

    public bool TryReceive(out Received received)
    {
        received = default;
        if (!_waiting.TryDequeue(out (ReceivedKind Kind, byte[] Data) next))
            return false;
        received = new() { Kind = next.Kind, Data = next.Data, InterfaceIndex = Eth0, Family = IpFamily.IPv4 };
        return true;
    }

    public int Listen(IReadOnlyCollection<Listening> wanted)
    {
        Listenings = [.. wanted];
        return 0;
    }

    public int SendAdvert(int interfaceIndex, ReadOnlySpan<byte> message, Address source, Address destination)
    {
        Done?.Add($"advert {message[2]} of {message[1]} to {destination}");
        return 0;
    }

    public int SendFrame(int interfaceIndex, ReadOnlySpan<byte> frame)
    {
        if (Done is null)
            return 0;
        bool isProbe = frame.Length == NeighborFrames.ArpLength && Address.Read(frame[28..32]).IsNone;
        Done.Add(isProbe ? $"probe {Address.Read(frame[38..42])}" : $"announce {Address.Read(frame[38..42])}");
        return 0;
    }

    public int SetAddress(int interfaceIndex, Address address, int prefixLength, int leaseSeconds)
    {
        Sets++;
        Done?.Add($"set {address}/{prefixLength} for {leaseSeconds} s");
        if (AddressError == 0)
            Interfaces.Apply(new AddressMessage(false, interfaceIndex, address, prefixLength, IsUsable: true));
        return AddressError;
    }

    public void PromoteSecondaries(string interfaceName) => Done?.Add($"promote secondaries of {interfaceName}");

    public int DeleteAddress(int interfaceIndex, Address address, int prefixLength)
    {
        Done?.Add($"delete {address}/{prefixLength}");
        Interfaces.Apply(new AddressMessage(true, interfaceIndex, address, prefixLength, IsUsable: false));
        return 0;
    }
}
