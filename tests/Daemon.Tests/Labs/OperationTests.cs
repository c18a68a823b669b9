using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S7, S11 and S12: a sick gateway, a reload, an address deleted by hand.</summary>
public sealed class OperationTests
{
    [Theory]
    [MemberData(nameof(LabRows.Everywhere), MemberType = typeof(LabRows))]
    public Task S7_A_sick_gateway_gives_the_address_away_at_once(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        const double CheckTime = 2 * 0.2, HangingTime = 2 * 0.5;
        await using Lab lab = await Lab.CreateAsync(mode, pairing);
        (LabNode node, LabNode peer) = (lab.Tested, lab.PeerOf(lab.Tested));
        string address = lab.Own(node);
        using FakeGateway gateway = new(node.Place);
        gateway.Mood = GatewayMood.Well;
        // The first router has the check anyway.
        Func<string, string>? tracked = node.Number == 1 ? null : LabText.InRouter(2, "\"TrackChecks\": [\"gateway\"]");
        await node.StartAsync(new(Check: $"http://127.0.0.1:{gateway.Port}/health/ready", Rewrite: tracked));
        await peer.StartAsync();
        await lab.SettleAsync();
        foreach (GatewayMood mood in new[] { GatewayMood.Unready, GatewayMood.Hanging, GatewayMood.Gone })
        {
            DateTime start = DateTime.UtcNow;
            gateway.Mood = mood;
            await lab.UntilAsync(TimeSpan.FromSeconds(6),
                () => peer.Ownership.Has(address) && lab.Client.Owner == peer.Number, $"{mood}: peer took over");
            double checking = mood == GatewayMood.Hanging ? HangingTime + CheckTime : CheckTime;
            lab.AtMost(peer.Ownership.Of(address)[^1].From - start, checking + 0.8 + 0.4, $"{mood}: peer took over");
            lab.Check(!node.Ownership.Has(address), "the sick node has the address");
            lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 1, $"{mood}: client without an answer");

            gateway.Mood = GatewayMood.Well;
            await lab.SettleAsync();
        }
    });

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S11_A_reload_does_not_drop_an_address(LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        DateTime start = DateTime.UtcNow;
        int held = lab.First.Ownership.Of(lab.Terms.Address1).Count;
        await ReloadAsync(lab, new(), [lab.First, lab.Second]);
        await ReloadAsync(lab, new(Priority: 110), [lab.First]);
        // Nodes whose lists differ for longer than a takeover are both master; at 0.1 s no two reloads are that near.
        bool isListChanged = mode != LabMode.V3Fast;
        if (isListChanged)
        {
            await ReloadAsync(lab, new(IsAddressAdded: true), [lab.First, lab.Second]);
            await lab.UntilAsync(TimeSpan.FromSeconds(3), () => lab.First.Ownership.Has(lab.Terms.AddedAddress),
                "the added address is there");
        }

        await Lab.PauseAsync(4);

        lab.Check(lab.First.Ownership.Of(lab.Terms.Address1).Count == held, "the address was dropped");
        lab.Check(lab.First.Ownership.Has(lab.Terms.AddedAddress) == isListChanged, "the added address was dropped");
        lab.Check(lab.Overlap(lab.Terms.Address1, start) == TimeSpan.Zero, "the backup took the address");
        // keepalived's own reload may cost a few answers.
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 0.4, "client without an answer");
        foreach (LabNode node in new[] { lab.First, lab.Second }.Where(node => node.IsVrrpd))
        {
            lab.Check(node.Log.Contains("configuration reloaded", StringComparison.Ordinal), "it was reloaded");
            // A thread in the realtime class that waits for one that is not spins until the kernel stops it.
            lab.Check(await node.BusiestAsync() < TimeSpan.FromSeconds(0.7), "it spun");
        }

        if (lab.First.IsVrrpd && isListChanged)
        {
            await ReloadAsync(lab, new(), [lab.First, lab.Second]);
            await lab.UntilAsync(TimeSpan.FromSeconds(3), () => !lab.First.Ownership.Has(lab.Terms.AddedAddress),
                "the address that is not configured any more is gone");
            await Lab.PauseAsync(3);
            lab.Check(lab.First.Ownership.Of(lab.Terms.Address1).Count == held, "the address was dropped");
            lab.Check(lab.First.Ownership.Has(lab.Terms.Address1), "the daemon does not hold it any more");
        }
    });

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S12_An_address_deleted_by_hand_is_put_back(LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        LabNode node = lab.Tested;
        string address = lab.Own(node);
        for (int round = 0; round < 3; round++)
        {
            DateTime start = DateTime.UtcNow;
            await node.Place.IpAsync($"address del {address}/{(lab.Terms.IsIPv6 ? 128 : 32)} dev eth0");
            await lab.UntilAsync(TimeSpan.FromSeconds(2), () => node.Ownership.Of(address) is
                [.., { To: not null }, { To: null }] times && times[^2].To >= start, "the address is put back");
            IReadOnlyList<Held> held = node.Ownership.Of(address);
            lab.AtMost(held[^1].From - held[^2].To!.Value, 0.5, "address is back");
            await Lab.PauseAsync(0.3);
        }

        lab.Check(!lab.PeerOf(node).Ownership.Has(address), "the backup took the address");
    });

    private static async Task ReloadAsync(Lab lab, LabChange change, LabNode[] nodes)
    {
        foreach (LabNode node in nodes)
            await node.WriteConfigurationAsync(node == lab.First ? change : change with { Priority = null });
        foreach (LabNode node in nodes)
            node.Signal(LabNode.Hangup);
        await Lab.PauseAsync(1.2);
    }
}
