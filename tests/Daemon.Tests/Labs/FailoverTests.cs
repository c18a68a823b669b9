using Vrrp.Daemon.Linux;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S1, S3, S4, S5, S6 and S23: nodes that start, stop, die, freeze and lose their link.</summary>
public sealed class FailoverTests
{
    [Theory]
    [MemberData(nameof(LabRows.Everywhere), MemberType = typeof(LabRows))]
    public Task S1_Each_node_holds_its_own_address_whoever_starts_first(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.CreateAsync(mode, pairing);
        LabNode[] order = pairing == Pairing.KeepalivedFirst ? [lab.Second, lab.First] : [lab.First, lab.Second];
        DateTime start = DateTime.UtcNow;
        await order[0].StartAsync();
        await Lab.PauseAsync(1);
        await order[1].StartAsync();
        await lab.UntilAsync(TimeSpan.FromSeconds(12), () => lab.First.Ownership.Has(lab.Terms.Address1)
            && lab.Second.Ownership.Has(lab.Terms.Address2)
            && !lab.First.Ownership.Has(lab.Terms.Address2) && !lab.Second.Ownership.Has(lab.Terms.Address1),
            "each node has its own address");

        double most = 2 + (mode == LabMode.V3Fast ? 1.5 : 4.5);
        lab.AtMost(lab.First.Ownership.Of(lab.Terms.Address1)[^1].From - start, most, "n1 has its address");
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address2)[^1].From - start, most, "n2 has its address");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0.2, "both had the first address");
        lab.AtMost(lab.Overlap(lab.Terms.Address2, start), 0.2, "both had the second address");
    });

    [Theory]
    [MemberData(nameof(LabRows.Everywhere), MemberType = typeof(LabRows))]
    public Task S3_SIGTERM_hands_over_at_once(LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        DateTime start = lab.First.Signal(LabNode.Terminate);
        await TakenAsync(lab);

        Assert.NotEmpty(lab.Capture.Adverts(100, lab.First.LocalAddress, priority => priority == 0, start));
        bool isFast = mode == LabMode.V3Fast;
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - start, isFast ? 0.3 : 0.95, "peer took over");
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), isFast ? 0.4 : 1, "client without an answer");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0, "both had the address");
    });

    [Theory]
    [MemberData(nameof(LabRows.Everywhere), MemberType = typeof(LabRows))]
    public Task S4_A_killed_daemon_loses_its_addresses_before_the_peer_has_them(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        DateTime start = await lab.First.SignalAllAsync(LabNode.Kill);
        await TakenAsync(lab);
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - start, lab.Terms.Takeover.TotalSeconds,
            "peer took over");
        if (lab.First.IsVrrpd)
        {
            await lab.UntilAsync(TimeSpan.FromSeconds(2), () => !lab.First.Ownership.Has(lab.Terms.Address1),
                "the lease ends");
            lab.AtMost(lab.Overlap(lab.Terms.Address1, start), LeaseOverlap(mode), "both had the address");
        }

        await AnnouncedAsync(lab, start);
    });

    [Theory]
    [MemberData(nameof(LabRows.Everywhere), MemberType = typeof(LabRows))]
    public Task S4_The_guardian_hands_over_for_a_killed_main_process(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        (LabNode node, LabNode peer) = (lab.Tested, lab.PeerOf(lab.Tested));
        string address = lab.Own(node);
        DateTime start = node.Signal(LabNode.Kill);
        await lab.UntilAsync(TimeSpan.FromSeconds(8),
            () => peer.Ownership.Has(address) && lab.Client.Owner == peer.Number, "the peer took over");
        lab.AtMost(peer.Ownership.Of(address)[^1].From - start, 1, "peer took over");
        Assert.NotEmpty(lab.Capture.Adverts(node.Number * 100, node.LocalAddress, priority => priority == 0, start));
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 1, "client without an answer");
        lab.AtMost(lab.Overlap(address, start), 0, "both had the address");

        await node.StartAsync();
        await lab.SettleAsync();
    });

    [Fact]
    public Task S4_A_dead_guardian_is_replaced_and_a_second_daemon_keeps_away() => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(LabMode.V2, Pairing.VrrpdFirst);
        int main = (await lab.First.DaemonsAsync()).Min(), guardian = (await lab.First.DaemonsAsync()).Max();
        Assert.Equal(0, Libc.Kill(guardian, LabNode.Kill));
        await lab.UntilAsync(TimeSpan.FromSeconds(5),
            () => lab.First.Log.Contains("another one is started", StringComparison.Ordinal), "its end is noticed");
        int[] now = [];
        for (int i = 0; i < 100 && now.Length != 2; i++)
        {
            await Lab.PauseAsync(0.05);
            now = await lab.First.DaemonsAsync();
        }

        Assert.Equal(main, now.Min());
        Assert.NotEqual(guardian, now.Max());

        await lab.First.StartAsync();
        await lab.First.EndedAsync();
        Assert.Contains("another vrrpd runs here already", lab.First.Log, StringComparison.Ordinal);
        lab.Check(lab.First.Ownership.Has(lab.Terms.Address1), "the first daemon kept the address");

        DateTime start = DateTime.UtcNow;
        Assert.Equal(0, Libc.Kill(main, LabNode.Kill));
        await TakenAsync(lab);
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 1, "client without an answer");
    });

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S5_A_frozen_node_is_not_an_owner_and_comes_back_quietly(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        DateTime start = await lab.First.SignalAllAsync(LabNode.Stop);
        await TakenAsync(lab);
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - start, lab.Terms.Takeover.TotalSeconds,
            "peer took over");
        if (lab.First.IsVrrpd)
            lab.AtMost(lab.Overlap(lab.Terms.Address1, start), LeaseOverlap(mode), "both had the address");
        await Lab.PauseAsync(8 - (DateTime.UtcNow - start).TotalSeconds);

        DateTime thawed = await lab.First.SignalAllAsync(LabNode.Continue);
        await lab.SettleAsync();
        await Lab.PauseAsync(1);
        // A thawed keepalived has its address all the time; how long vrrpd gives way is what counts.
        lab.AtMost(lab.Overlap(lab.Terms.Address1, thawed), lab.First.IsVrrpd ? 0.2 : 1.2, "both had the address");
        if (lab.First.IsVrrpd)
        {
            int announced = lab.Capture.Announcements(lab.Terms.Address1, lab.First.Hardware, thawed).Count;
            Assert.InRange(announced, 1, 30);
        }
    });

    [Theory]
    [MemberData(nameof(LabRows.Everywhere), MemberType = typeof(LabRows))]
    public Task S6_A_lost_link_moves_the_address_and_brings_it_back(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        foreach (string loss in new[] { "admin", "carrier" })
        {
            await SetLinkAsync(lab, loss, "down");
            await TakenAsync(lab);
            // Counted from when the node gave the address up, which it does as soon as the kernel tells it.
            DateTime down = lab.First.Ownership.Of(lab.Terms.Address1)[^1].To!.Value;
            lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - down, lab.Terms.Takeover.TotalSeconds,
                $"peer took over after {loss} down");

            DateTime up = DateTime.UtcNow;
            await SetLinkAsync(lab, loss, "up");
            // The kernel may have dropped the node's global address with the link; it is the host's to bring back.
            if (loss == "admin")
                await lab.First.Place.IpAsync("addr replace fd00::1/64 dev eth0 nodad");
            await lab.SettleAsync();
            lab.AtMost(lab.First.Ownership.Of(lab.Terms.Address1)[^1].From - up, mode == LabMode.V3Fast ? 3 : 6,
                $"n1 is back after {loss} up");
            lab.AtMost(lab.Overlap(lab.Terms.Address1, up), 0.2, "both had the address");
        }
    });

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S23_Killed_and_restarted_at_any_moment_there_is_one_owner(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        LabNode node = lab.Tested;
        string address = lab.Own(node);
        Random random = new(23);
        for (int i = LabRows.Times(usual: 5, full: 20); i > 0; i--)
        {
            await Lab.PauseAsync(random.NextDouble());
            await node.SignalAllAsync(LabNode.Kill);
            await node.EndedAsync();
            await Lab.PauseAsync(random.NextDouble());
            await node.StartAsync();
            await Lab.PauseAsync(5);
            Assert.True(node.Ownership.Has(address) ^ lab.PeerOf(node).Ownership.Has(address), lab.Story());
        }

        node.Signal(LabNode.Terminate);
        await node.EndedAsync();
        string left = await node.Place.IpAsync("address show");
        Assert.DoesNotContain(address, left, StringComparison.Ordinal);
    });

    // A lease lasts whole seconds, and so longer than a peer waits with a fast timer.
    private static double LeaseOverlap(LabMode mode) => mode == LabMode.V3Fast ? 1.5 : 0;

    private static Task TakenAsync(Lab lab) => lab.UntilAsync(TimeSpan.FromSeconds(8),
        () => lab.Second.Ownership.Has(lab.Terms.Address1) && lab.Client.Owner == 2, "the peer took over");

    private static Task AnnouncedAsync(Lab lab, DateTime start) => lab.UntilAsync(TimeSpan.FromSeconds(2),
        () => lab.Capture.Announcements(lab.Terms.Address1, lab.Second.Hardware, start).Count >= 5,
        "the peer announced the address");

    internal static Task SetLinkAsync(Lab lab, string loss, string to) => loss == "admin"
        ? lab.First.Place.IpAsync($"link set eth0 {to}")
        : lab.Switch.IpAsync($"link set p1 {to}");
}
