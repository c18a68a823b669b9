namespace Vrrp.Daemon.Tests.Labs;

/// <summary>A row of the table of hostile packets, for one router of a node.</summary>
/// <param name="Name">What is wrong with the packet.</param>
/// <param name="Packet">The packet.</param>
/// <param name="Counters">What counts one more; nothing: the kernel keeps it from the daemon.</param>
internal sealed record HostileRow(string Name, byte[] Packet, params string[] Counters)
{
    private const byte Highest = 200;

    /// <summary>What must be discarded, in order; <paramref name="local"/> is the node's own address.</summary>
    public static IEnumerable<HostileRow> Discarded(LabTerms terms, int router, string local)
    {
        Forge forge = new(terms, router);
        IEnumerable<HostileRow> rows = [.. Malformed(forge, router), .. Foreign(forge, router, Address.Parse(local))];
        rows = rows.Concat(terms.Version == 2 ? OfVersion2(forge, router) : OfVersion3(forge, router));
        return terms.IsIPv6 ? rows : rows.Concat(OfIPv4(forge, router));
    }

    /// <summary>What a master and a backup hear, and what changes no state.</summary>
    public static IEnumerable<HostileRow> Heard(LabTerms terms, int router, bool isMaster)
    {
        Forge forge = new(terms, router);
        // A master tells that somebody else says so too.
        string[] lower = isMaster ? [Alert(router, RouterAlert.OtherMaster)] : [];
        yield return new("priority 0 from a stranger", forge.Packet(forge.Message(0)));
        yield return new("lower priority", forge.Packet(forge.Message(1)), lower);
        if (terms.IsIPv6)
            yield break;
        Address elsewhere = Address.Parse("192.0.2.1");
        byte own = (byte)LabTerms.Priority(isMaster ? router : 3 - router, router);
        yield return new("source off-subnet, equal priority, lower address",
            forge.Packet(forge.Message(own, source: elsewhere), elsewhere), lower);
        yield return new("IP options", forge.Packet(forge.Message(1), options: [1, 1, 1, 0]), lower);
    }

    /// <summary>What makes a master give way, as the RFC says, if no peers are listed.</summary>
    public static IEnumerable<HostileRow> Hijacking(LabTerms terms, int router)
    {
        Forge forge = new(terms, router);
        Address higher = Address.Parse(terms.IsIPv6 ? "fe80::ffff:ffff:ffff:ffff" : "198.51.100.254");
        yield return new("equal priority, higher address",
            forge.Packet(forge.Message((byte)LabTerms.Priority(router, router), source: higher), higher));
        yield return new("priority 254", forge.Packet(forge.Message(254)));
        yield return new("priority 255", forge.Packet(forge.Message(255)));
    }

    /// <summary>The counter of a refused advertisement.</summary>
    public static string Refused(int router, AdvertFault fault) =>
        $"vrrpd_adverts_refused_total{{instance=\"VI_{router}\",reason=\"{fault}\"}}";

    /// <summary>The counter of an alert.</summary>
    public static string Alert(int router, RouterAlert alert) =>
        $"vrrpd_alerts_total{{instance=\"VI_{router}\",kind=\"{alert}\"}}";

    private static string Unknown(int id) => $"vrrpd_adverts_unknown_total{{vrid=\"{id}\"}}";

    private static IEnumerable<HostileRow> Malformed(Forge forge, int router)
    {
        byte[] good = forge.Message(Highest), spoiled = forge.Message(Highest);
        spoiled[6] ^= 1;
        string version = Refused(router, AdvertFault.Version), type = Refused(router, AdvertFault.Type);
        string hops = Refused(router, AdvertFault.HopLimit), tooShort = Refused(router, AdvertFault.TooShort);
        string tooLong = Refused(router, AdvertFault.TooLong);
        int other = good[0] ^ 0x10;
        yield return new("bad checksum", forge.Packet(spoiled), Refused(router, AdvertFault.Checksum));
        yield return new("TTL 254", forge.Packet(good, hops: 254), hops);
        yield return new("TTL 1", forge.Packet(good, hops: 1), hops);
        yield return new("the other version", forge.Packet(forge.Changed(0, (byte)other)), version);
        yield return new("version 0", forge.Packet(forge.Changed(0, 0x01)), version);
        yield return new("version 4", forge.Packet(forge.Changed(0, 0x41)), version);
        yield return new("type 0", forge.Packet(forge.Changed(0, (byte)(good[0] - 1))), type);
        yield return new("type 2", forge.Packet(forge.Changed(0, (byte)(good[0] + 1))), type);
        yield return new("no bytes", forge.Packet([]), "vrrpd_packets_unreadable_total");
        yield return new("one byte", forge.Packet(good[..1]), "vrrpd_packets_unreadable_total");
        yield return new("seven bytes", forge.Packet(good[..7]), tooShort);
        yield return new("count 1 without addresses", forge.Packet(forge.Repaired(good[..8])), tooShort);
        yield return new("count 0", forge.Packet(forge.Changed(3, 0)), Refused(router, AdvertFault.NoAddresses));
        yield return new("count 2 of 1", forge.Packet(forge.Changed(3, 2)), tooShort);
        yield return new("count 255 of 1", forge.Packet(forge.Changed(3, 255)), tooShort);
        yield return new("16 bytes more", forge.Packet([.. good, .. new byte[16]]), tooLong);
        yield return new("1400 bytes more", forge.Packet([.. good, .. new byte[1400]]), tooLong);
    }

    private static IEnumerable<HostileRow> Foreign(Forge forge, int router, Address own)
    {
        Address another = Address.Parse(forge.IsIPv6 ? "fd00::99" : "198.51.100.99");
        byte[] two = forge.Message(
            Highest, forge.Peer with { VirtualAddresses = forge.Peer.VirtualAddresses.Add(another) });
        byte[] other = forge.Message(Highest, forge.Peer with { VirtualAddresses = [another] });
        yield return new("another count", forge.Packet(two), Refused(router, AdvertFault.AddressCount));
        yield return new("another address", forge.Packet(other), Refused(router, AdvertFault.AddressList));
        yield return new("id 0", forge.Packet(forge.Changed(1, 0)), Unknown(0));
        yield return new("id 77", forge.Packet(forge.Changed(1, 77)), Unknown(77));
        yield return new("own source", forge.Packet(forge.Message(255, source: own), own),
            Refused(router, AdvertFault.OwnSource));
        string[] martians = forge.IsIPv6 ? ["::"] : ["0.0.0.0", "0.1.2.3", "127.0.0.1"];
        string[] kept = forge.IsIPv6 ? ["::1", "ff02::12"] : ["224.0.0.18", "255.255.255.255"];
        foreach (string source in martians)
            yield return From(source, Refused(router, AdvertFault.MartianSource));
        foreach (string source in kept)
            yield return From(source);

        HostileRow From(string source, params string[] counters)
        {
            Address from = Address.Parse(source);
            return new($"source {source}", forge.Packet(forge.Message(255, source: from), from), counters);
        }
    }

    private static IEnumerable<HostileRow> OfVersion2(Forge forge, int router)
    {
        string type = Refused(router, AdvertFault.AuthType);
        yield return new("without authentication bytes", forge.Packet(forge.Repaired(forge.Message(Highest)[..^8])),
            Refused(router, AdvertFault.TooShort));
        yield return new("authentication type 0", forge.Packet(forge.Changed(4, 0)), type);
        yield return new("authentication type 2", forge.Packet(forge.Changed(4, 2)), type);
        yield return new("authentication type 7", forge.Packet(forge.Changed(4, 7)), type);
        yield return new("wrong password", forge.Packet(
            forge.Message(Highest, forge.Peer with { Password = new("123457") })),
            Refused(router, AdvertFault.Password));
        yield return new("another interval", forge.Packet(forge.Changed(5, 2)),
            Refused(router, AdvertFault.IntervalMismatch));
    }

    private static IEnumerable<HostileRow> OfVersion3(Forge forge, int router)
    {
        foreach ((double interval, AdvertFault fault) in
            new[] { (0, AdvertFault.IntervalZero), (40.95, AdvertFault.IntervalTooLong) })
        {
            RouterConfig config = forge.Peer with { AdvertInterval = TimeSpan.FromSeconds(interval) };
            yield return new($"interval {interval}", forge.Packet(forge.Message(255, config)), Refused(router, fault));
        }
    }

    private static IEnumerable<HostileRow> OfIPv4(Forge forge, int router)
    {
        byte length = (byte)forge.Packet(forge.Message(Highest)).Length;
        byte[] spoiled = forge.Packet(forge.Message(Highest));
        spoiled[10] ^= 0x80;
        yield return new("total length too short", forge.HeaderChanged(3, (byte)(length - 4)),
            Refused(router, AdvertFault.TooShort));
        yield return new("total length too long", forge.HeaderChanged(3, (byte)(length + 40)));
        yield return new("header length 16", forge.HeaderChanged(0, 0x44));
        yield return new("header longer than the packet", forge.HeaderChanged(0, 0x45)[..16]);
        yield return new("header checksum", spoiled);
        yield return new("first fragment", forge.HeaderChanged(6, 0x20));
        yield return new("later fragment", forge.HeaderChanged(7, 1));
        yield return new("authentication header", forge.HeaderChanged(9, 51));
    }
}
