using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Peers by name: unicast, and what is known of the peer's health.</summary>
public sealed class PeersTests
{
    [Theory]
    [InlineData(LabMode.V2, Pairing.VrrpdFirst)]
    [InlineData(LabMode.V2, Pairing.KeepalivedFirst)]
    [InlineData(LabMode.V2, Pairing.Both)]
    [InlineData(LabMode.V3IPv6, Pairing.Both)]
    public async Task Unicast_peers_hear_each_other_and_nobody_else_does(LabMode mode, Pairing pairing)
    {
        await using Lab lab = await Lab.CreateAsync(mode, pairing);
        foreach (LabNode node in new[] { lab.First, lab.Second })
        {
            string peer = lab.PeerOf(node).LocalAddress;
            await node.StartAsync(new(Rewrite: node.IsVrrpd
                ? LabText.InRouter(1, $"\"UnicastPeers\": [\"{peer}\"]")
                : LabText.InKeepalived(1, $"unicast_src_ip {node.LocalAddress}\nunicast_peer {{\n {peer}\n}}")));
        }

        await lab.SettleAsync();
        // A stranger is not listened to: who the peers are is known.
        using Stranger stranger = new(lab);
        DateTime start = DateTime.UtcNow;
        for (int i = 0; i < 3; i++)
        {
            stranger.Send(254, config => config with { Password = mode == LabMode.V2 ? new("123456") : null });
            await Lab.PauseAsync(1);
        }

        // The second router's advertisements go to everybody.
        string[] heard = [.. new[] { 100, 200 }.Select(id => string.Join(", ", new[] { lab.First, lab.Second }
            .Where(node => lab.Capture.Adverts(id, node.LocalAddress, _ => true, start).Count > 0)
            .Select(node => $"n{node.Number}")))];
        Assert.Equal(["", "n2"], heard);
        if (lab.First.IsVrrpd)
            lab.Check(lab.First.Ownership.Of(lab.Terms.Address1) is [{ To: null }], "a stranger changed something");

        await lab.SettleAsync();
        DateTime end = lab.First.Signal(LabNode.Terminate);
        await lab.UntilAsync(TimeSpan.FromSeconds(5),
            () => lab.Second.Ownership.Has(lab.Terms.Address1) && lab.Client.Owner == 2, "the peer took over");
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - end, 0.95, "peer took over");
    }

    [Fact]
    public async Task A_sick_master_keeps_the_address_from_a_peer_known_to_be_sick_until_that_has_recovered()
    {
        await using Lab lab = await Lab.CreateAsync(LabMode.V2, Pairing.Both);
        using FakeGateway first = new(lab.First.Place), second = new(lab.Second.Place), asked = new(lab.First.Place);
        // What the first node is told about the second's gateway: the same, by way of another port.
        first.Mood = second.Mood = asked.Mood = GatewayMood.Well;
        await lab.First.StartAsync(new(Check: Health(first), Rewrite: LabText.InRouter(1,
            $"\"PeerCheck\": {{ \"Url\": \"{Health(asked)}\", \"Interval\": \"00:00:00.2\" }}")));
        await lab.Second.StartAsync(new(Check: Health(second)));
        await lab.SettleAsync();

        second.Mood = asked.Mood = GatewayMood.Unready;
        await Lab.PauseAsync(1.5);
        DateTime sick = DateTime.UtcNow;
        first.Mood = GatewayMood.Unready;
        await Lab.PauseAsync(5);
        lab.Check(lab.First.Ownership.Of(lab.Terms.Address1) is [{ To: null }], "a sick peer got the address");
        Assert.NotEmpty(lab.Capture.Adverts(100, lab.First.LocalAddress, priority => priority == 98, sick));
        lab.AtMost(lab.Client.Gap(sick, DateTime.UtcNow), 0.3, "client without an answer while both are sick");

        DateTime well = DateTime.UtcNow;
        second.Mood = asked.Mood = GatewayMood.Well;
        await lab.UntilAsync(TimeSpan.FromSeconds(5),
            () => lab.Second.Ownership.Has(lab.Terms.Address1) && lab.Client.Owner == 2, "the well peer has it");
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - well, 2, "peer took over");
        lab.AtMost(lab.Client.Gap(well, DateTime.UtcNow), 1, "client without an answer");
    }

    private static string Health(FakeGateway gateway) => $"http://127.0.0.1:{gateway.Port}/health/ready";
}
