using System.Text.RegularExpressions;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S2 and S19: what goes over the wire.</summary>
public sealed partial class WireTests
{
    /// <summary>
    /// Every vector but those of what is not built (authentication header, virtual MAC) and of unicast, which has no
    /// advertisement in it because its peer was absent.
    /// </summary>
    [Theory]
    [InlineData("v2_ipv4_noauth_2vips")]
    [InlineData("v2_ipv4_pass_10char_truncated")]
    [InlineData("v2_ipv4_pass_6char")]
    [InlineData("v3_ipv4_1s")]
    [InlineData("v3_ipv4_owner255")]
    [InlineData("v3_ipv4_0.1s_2vips")]
    [InlineData("v3_ipv6_1s")]
    [InlineData("v3_ipv6_linklocal_first_2vips")]
    public async Task S2_Frames_are_byte_for_byte_keepalived_s_and_keepalived_takes_them(string name)
    {
        const int Announcements = 10;
        WireVector vector = WireVector.Read(name);
        await using Lab lab = await Lab.CreateAsync(
            vector.Interval < 1 ? LabMode.V3Fast : LabMode.V2, Pairing.VrrpdFirst);
        await MoveAsync(lab.First, WireVector.Address, WireVector.AddressV6, WireVector.Hardware);
        await MoveAsync(lab.Second, WireVector.PeerAddress, WireVector.PeerAddressV6, "02:00:00:00:00:02");
        using FrameTap tap = new(lab.Second);
        await lab.First.StartAsync(new(Rewrite: _ => vector.Vrrpd()));
        await lab.Second.StartAsync(new(Rewrite: _ => vector.Keepalived()));

        string address = vector.Addresses[0].Split('/')[0];
        await lab.UntilAsync(TimeSpan.FromSeconds(10), () => lab.First.Ownership.Has(address), "n1 is master");
        List<(string Kind, string Hex)> sent = [];
        string[] kinds = ["ARP", "NA"];
        await lab.UntilAsync(TimeSpan.FromSeconds(5), () =>
        {
            sent.AddRange(Of(tap));
            return sent.Count(frame => kinds.Contains(frame.Kind)) >= Announcements * vector.Addresses.Count;
        }, "the announcements are sent");
        lab.Check(!lab.Second.Ownership.Has(address), "keepalived did not hear the master");
        lab.First.Signal(LabNode.Terminate);
        await lab.UntilAsync(TimeSpan.FromSeconds(2), () => lab.Second.Ownership.Has(address),
            "keepalived took the resignation");
        sent.AddRange(Of(tap));

        string[] expected = [.. vector.Frames.Select(frame => WireVector.Comparable(frame.Frame)!.Value.Hex).Order()];
        Assert.Equal(expected, sent.Select(frame => frame.Hex).Distinct().Order());
        foreach (IGrouping<string, (string Kind, string Hex)> group in
            sent.Where(frame => kinds.Contains(frame.Kind)).GroupBy(frame => frame.Hex))
            Assert.Equal(Announcements, group.Count());
        lab.Check(!Complaint().IsMatch(lab.Second.Log), "keepalived complains");
    }

    [Theory]
    [InlineData(Pairing.VrrpdFirst, true)]
    [InlineData(Pairing.Both, false)]
    public async Task S19_Version_3_checksums_are_taken_with_and_without_pseudo_header(Pairing pairing, bool withHeader)
    {
        await using Lab lab = await Lab.StartAsync(LabMode.V3Fast, pairing, new(Rewrite: text => text.Replace(
            "\"Interface\":", $"\"ChecksumWithPseudoHeader\": {(withHeader ? "true" : "false")}, \"Interface\":",
            StringComparison.Ordinal)));
        using FrameTap tap = new(lab.Second);
        DateTime start = DateTime.UtcNow;
        await Lab.PauseAsync(1);
        foreach (LabNode node in lab.Daemons)
        {
            IReadOnlyDictionary<string, double> counters = await Scrape.OfAsync(node);
            Assert.Equal(0, counters[HostileRow.Refused(1, AdvertFault.Checksum)]);
            Assert.Equal(0, counters[HostileRow.Refused(2, AdvertFault.Checksum)]);
            double heard = counters[$"vrrpd_adverts_received_total{{instance=\"VI_{3 - node.Number}\"}}"];
            lab.Check(heard >= 9, $"n{node.Number} heard {heard} advertisements");
        }

        lab.Check(lab.Second.Ownership.Of(lab.Terms.Address1).All(held => held.To < start), "n2 took over");
        List<byte[]> adverts = [.. tap.Take().Where(frame => Has(frame, lab.First.Hardware)
            && WireVector.Comparable(frame) is { Kind: "VRRP" }).Select(frame => frame[(14 + 20)..])];
        Assert.InRange(adverts.Count, 9, 12);
        Assert.All(adverts, advert =>
            Assert.Equal(!withHeader, InternetChecksum.IsValid(InternetChecksum.Sum(advert))));
    }

    private static IEnumerable<(string Kind, string Hex)> Of(FrameTap tap) =>
        tap.Take().Where(frame => Has(frame, WireVector.Hardware)).Select(WireVector.Comparable)
            .OfType<(string Kind, string Hex)>();

    private static bool Has(byte[] frame, string source) =>
        HardwareAddress.Read(frame.AsSpan(6)) == HardwareAddress.Parse(source);

    private static async Task MoveAsync(LabNode node, string address, string addressV6, string hardware)
    {
        await node.Place.IpAsync("link set eth0 down");
        await node.Place.IpAsync("addr flush dev eth0");
        await node.Place.IpAsync($"link set eth0 address {hardware}");
        await node.Place.IpAsync("link set eth0 up");
        await node.Place.IpAsync($"addr add {address}/24 dev eth0");
        await node.Place.IpAsync($"addr add {addressV6}/64 dev eth0 nodad");
    }

    [GeneratedRegex("invalid|mismatch|too long|too short|bogus|unexpected|incorrect|expected|does ?n[o']t match",
        RegexOptions.IgnoreCase)]
    private static partial Regex Complaint();
}
