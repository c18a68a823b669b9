using System.Buffers.Binary;

namespace Vrrp;

/// <summary>
/// The VRRP message. Version 2 (RFC 3768 §5.1), IPv4 only; its eight bytes of authentication data are always there:
/// <code>
/// 0        4        8                 16                24               31
/// | vers 2 | type 1 | virtual router id |    priority     |  address count  |
/// |    auth type    |   interval (s)    |             checksum              |
/// | addresses, 4 bytes each                                                 |
/// | authentication data, 8 bytes                                            |
/// </code>
/// Version 3 (RFC 9568 §5.1); interval in hundredths of a second:
/// <code>
/// 0        4        8                 16                24               31
/// | vers 3 | type 1 | virtual router id |    priority     |  address count  |
/// |  rsvd  |        interval            |             checksum              |
/// | addresses, 4 or 16 bytes each                                           |
/// </code>
/// The checksum covers the message, in version 3 also a pseudo-header. For version 3 over IPv4 makers disagree about
/// the latter, so both forms are understood.
/// </summary>
public static class AdvertCodec
{
    /// <summary>Bytes of the longest message: 255 IPv4 addresses need fewer than 90 IPv6 addresses do.</summary>
    public const int MaxLength = HeaderLength + RouterConfig.MaxIPv6Addresses * 16;

    private const int HeaderLength = 8;
    private const byte Advertisement = 1;
    private const byte NoAuthentication = 0;
    private const byte PlainPassword = 1;
    private const long MicrosPerCentisecond = 10_000;

    private static readonly Address MulticastIPv4 = Address.Parse("224.0.0.18");
    private static readonly Address MulticastIPv6 = Address.Parse("ff02::12");

    /// <summary>Where advertisements go without unicast peers.</summary>
    public static Address MulticastGroup(IpFamily family) => family == IpFamily.IPv4 ? MulticastIPv4 : MulticastIPv6;

    /// <summary>Writes an advertisement of the router, without IP header.</summary>
    /// <param name="buffer">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="config">A valid configuration.</param>
    /// <param name="priority">The priority to announce; 0 resigns.</param>
    /// <param name="source">The address it is sent from; part of the checksum of version 3.</param>
    /// <param name="destination">The multicast group or a unicast peer; part of the checksum of version 3.</param>
    /// <returns>Bytes written.</returns>
    public static int Encode(
        Span<byte> buffer, RouterConfig config, byte priority, Address source, Address destination)
    {
        int length = MessageLength(config.Version, config.Family, config.VirtualAddresses.Length);
        Span<byte> message = buffer[..length];
        message.Clear();
        message[0] = (byte)(((int)config.Version << 4) | Advertisement);
        message[1] = config.VirtualRouterId;
        message[2] = priority;
        message[3] = (byte)config.VirtualAddresses.Length;
        int at = HeaderLength;
        foreach (Address address in config.VirtualAddresses)
        {
            address.Write(message[at..]);
            at += address.Length;
        }

        uint pseudoHeader = 0;
        if (config.Version == VrrpVersion.V2)
        {
            message[4] = AuthTypeOf(config);
            message[5] = (byte)(config.IntervalMicros / RouterTimers.Second);
            config.Password?.Write(message[at..]);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(
                message[4..], (ushort)(config.IntervalMicros / MicrosPerCentisecond));
            if (config.Family == IpFamily.IPv6 || config.ChecksumWithPseudoHeader)
                pseudoHeader = InternetChecksum.PseudoHeaderSum(source, destination, AdvertPacket.Protocol, length);
        }

        BinaryPrimitives.WriteUInt16BigEndian(
            message[6..], InternetChecksum.Of(InternetChecksum.Sum(message) + pseudoHeader));
        return length;
    }

    /// <summary>
    /// Reads an advertisement for the router, refusing whatever RFC 3768 and RFC 9568 §7.1 say must be discarded, and
    /// what no peer of this router sends. Takes any bytes.
    /// </summary>
    /// <param name="packet">The packet.</param>
    /// <param name="config">The router's configuration.</param>
    /// <param name="own">The address the router itself sends from.</param>
    /// <param name="advert">The advertisement, if nothing is wrong.</param>
    public static AdvertFault Decode(
        in AdvertPacket packet, RouterConfig config, Address own, out Advert advert)
    {
        advert = default;
        AdvertFault fault = CheckHopLimit(packet.HopLimit, config);
        if (fault == AdvertFault.None)
            fault = CheckForm(packet, config);
        if (fault == AdvertFault.None)
            fault = CheckSource(packet.Source, config, own);
        if (fault != AdvertFault.None)
            return fault;

        ReadOnlySpan<byte> message = packet.Message;
        fault = config.Version == VrrpVersion.V2
            ? ReadV2(message, config, out long interval)
            : ReadV3(message, config, out interval);
        if (fault == AdvertFault.None)
            fault = CheckAddresses(message, config);
        if (fault == AdvertFault.None)
            advert = new(packet.Source, message[2], interval);
        return fault;
    }

    private static AdvertFault CheckHopLimit(int? hopLimit, RouterConfig config) => hopLimit switch
    {
        null => AdvertFault.HopLimitUnknown,
        int limit when limit < config.MinHopLimit => AdvertFault.HopLimit,
        _ => AdvertFault.None,
    };

    /// <summary>
    /// What holds for every message, whoever sent it. The count is proved before anything is read by it.
    /// </summary>
    private static AdvertFault CheckForm(in AdvertPacket packet, RouterConfig config)
    {
        ReadOnlySpan<byte> message = packet.Message;
        if (message.Length < HeaderLength)
            return AdvertFault.TooShort;
        if (message[0] >> 4 != (int)config.Version)
            return AdvertFault.Version;
        if ((message[0] & 0xf) != Advertisement)
            return AdvertFault.Type;
        if (message[3] == 0)
            return AdvertFault.NoAddresses;
        int length = MessageLength(config.Version, config.Family, message[3]);
        if (message.Length != length)
            return message.Length < length ? AdvertFault.TooShort : AdvertFault.TooLong;
        if (!IsChecksumValid(packet, config))
            return AdvertFault.Checksum;
        return message[1] == config.VirtualRouterId ? AdvertFault.None : AdvertFault.VirtualRouterId;
    }

    private static bool IsChecksumValid(in AdvertPacket packet, RouterConfig config)
    {
        uint sum = InternetChecksum.Sum(packet.Message);
        bool plain = InternetChecksum.IsValid(sum);
        if (config.Version == VrrpVersion.V2)
            return plain;
        uint pseudoHeader = InternetChecksum.PseudoHeaderSum(
            packet.Source, packet.Destination, AdvertPacket.Protocol, packet.Message.Length);
        return InternetChecksum.IsValid(sum + pseudoHeader) || (plain && config.Family == IpFamily.IPv4);
    }

    private static AdvertFault CheckSource(Address source, RouterConfig config, Address own)
    {
        if (source.Family != config.Family || source.IsMartian)
            return AdvertFault.MartianSource;
        if (source == own)
            return AdvertFault.OwnSource;
        return config.AcceptedSources.IsEmpty || config.AcceptedSources.Contains(source)
            ? AdvertFault.None
            : AdvertFault.UnlistedSource;
    }

    private static AdvertFault ReadV2(ReadOnlySpan<byte> message, RouterConfig config, out long interval)
    {
        interval = message[5] * RouterTimers.Second;
        if (message[4] != AuthTypeOf(config))
            return AdvertFault.AuthType;
        if (config.Password is { } password && !password.Matches(message[^AdvertPassword.Length..]))
            return AdvertFault.Password;
        return interval == config.IntervalMicros ? AdvertFault.None : AdvertFault.IntervalMismatch;
    }

    private static AdvertFault ReadV3(ReadOnlySpan<byte> message, RouterConfig config, out long interval)
    {
        const int IntervalBits = 0xfff;
        interval = (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) & IntervalBits) * MicrosPerCentisecond;
        if (interval == 0)
            return AdvertFault.IntervalZero;
        return interval <= config.IntervalMicros * RouterConfig.MaxForeignIntervalFactor
            ? AdvertFault.None
            : AdvertFault.IntervalTooLong;
    }

    /// <summary>The same addresses in any order: what differs is another cluster with the same id.</summary>
    private static AdvertFault CheckAddresses(ReadOnlySpan<byte> message, RouterConfig config)
    {
        if (message[3] != config.VirtualAddresses.Length)
            return AdvertFault.AddressCount;
        int size = config.Family == IpFamily.IPv4 ? 4 : 16;
        ReadOnlySpan<byte> list = message.Slice(HeaderLength, message[3] * size);
        foreach (Address expected in config.VirtualAddresses)
        {
            int at = 0;
            while (at < list.Length && Address.Read(list.Slice(at, size)) != expected)
                at += size;
            if (at == list.Length)
                return AdvertFault.AddressList;
        }

        return AdvertFault.None;
    }

    private static byte AuthTypeOf(RouterConfig config) => config.Password is null ? NoAuthentication : PlainPassword;

    private static int MessageLength(VrrpVersion version, IpFamily family, int addresses) =>
        HeaderLength + addresses * (family == IpFamily.IPv4 ? 4 : 16)
            + (version == VrrpVersion.V2 ? AdvertPassword.Length : 0);
}
