using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// Instances of a group on a real kernel, beside another group, keepalived's too: what takes one away takes both.
/// </summary>
public sealed class SyncGroupTests
{
    [Theory]
    [InlineData(Pairing.VrrpdFirst)]
    [InlineData(Pairing.KeepalivedFirst)]
    [InlineData(Pairing.Both)]
    public async Task The_members_of_a_group_move_together_and_come_back_together(Pairing pairing)
    {
        await using Lab lab = await Lab.CreateAsync(LabMode.V2, pairing);
        await lab.First.Place.IpAsync("link add cable type veth peer name plug");
        await lab.First.Place.IpAsync("link set cable up");
        await lab.First.Place.IpAsync("link set plug up");
        foreach (LabNode node in new[] { lab.First, lab.Second })
            await node.StartAsync(new(Rewrite: text => Grouped(node, text)));
        await UntilAllAreAtAsync(lab, lab.First);

        // Only the first router depends on it.
        DateTime start = DateTime.UtcNow;
        await lab.First.Place.IpAsync("link set plug down");
        await UntilAllAreAtAsync(lab, lab.Second);
        foreach (string address in new[] { lab.Terms.Address1, lab.Terms.Address2 })
        {
            lab.AtMost(lab.Second.Ownership.Of(address)[^1].From - start, 1.2, $"{address} moved");
            lab.AtMost(lab.Overlap(address, start), lab.First.IsVrrpd ? 0 : 0.2, "both had the address");
        }

        Assert.NotEmpty(lab.Capture.Adverts(200, lab.First.LocalAddress, priority => priority == 0, start));
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 1, "client without an answer");

        DateTime up = DateTime.UtcNow;
        await lab.First.Place.IpAsync("link set plug up");
        await UntilAllAreAtAsync(lab, lab.First);
        await Lab.PauseAsync(2);
        foreach (string address in new[] { lab.Terms.Address1, lab.Terms.Address2 })
        {
            int times = lab.First.Ownership.Of(address).Count(held => held.From >= up);
            lab.Check(times == 1, $"{address} came {times} times");
            lab.AtMost(lab.Overlap(address, up), 0.2, "both had the address");
        }
    }

    // The members' priorities are alike on each node: the first leads in both.
    private static string Grouped(LabNode node, string text)
    {
        bool isFirst = node.Number == 1;
        if (node.IsVrrpd)
        {
            text = LabText.AtTop("\"SyncGroups\": { \"G\": { \"Instances\": [\"VI_1\", \"VI_2\"] } }")(text);
            return isFirst
                ? LabText.InRouter(1, "\"TrackInterfaces\": [\"cable\"]")(text)
                    .Replace("\"Priority\": 99", "\"Priority\": 110", StringComparison.Ordinal)
                : text;
        }

        text = $"vrrp_sync_group G {{\n group {{\n VI_1\n VI_2\n }}\n}}\n{text}";
        return isFirst
            ? LabText.InKeepalived(1, "track_interface {\n cable\n }")(text)
                .Replace("priority 99", "priority 110", StringComparison.Ordinal)
            : text;
    }

    private static Task UntilAllAreAtAsync(Lab lab, LabNode node)
    {
        LabNode other = lab.PeerOf(node);
        return lab.UntilAsync(TimeSpan.FromSeconds(12), () =>
            new[] { lab.Terms.Address1, lab.Terms.Address2 }.All(
                address => node.Ownership.Has(address) && !other.Ownership.Has(address))
            && lab.Client.Owner == node.Number, $"n{node.Number} has all addresses");
    }
}
