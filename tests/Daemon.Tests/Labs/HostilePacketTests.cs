using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Row S13: packets that a router must discard, and well-formed ones of strangers.</summary>
public sealed class HostilePacketTests
{
    [Theory]
    [MemberData(nameof(LabRows.UsualAndIPv6), Pairing.Both, MemberType = typeof(LabRows))]
    public Task S13_Hostile_packets_change_nothing_but_their_counter(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using FrameSender sender = new(lab);
        DateTime start = DateTime.UtcNow;
        foreach (LabNode node in lab.Daemons)
        {
            int[] processes = await node.DaemonsAsync();
            await node.AdmitMartiansAsync();
            foreach (int router in new[] { 1, 2 })
            {
                foreach (HostileRow row in HostileRow.Discarded(lab.Terms, router, node.LocalAddress))
                    await CheckAsync(lab, sender, node, router, row);
                foreach (HostileRow row in HostileRow.Heard(lab.Terms, router, node.Number == router))
                    await CheckAsync(lab, sender, node, router, row);
            }

            lab.Check((await node.DaemonsAsync()).SequenceEqual(processes), $"n{node.Number} has other processes");
        }

        await SpamAsync(lab, sender, start);
        CheckAdverts(lab, start);
    });

    [Theory]
    [MemberData(nameof(LabRows.UsualAndIPv6), Pairing.Both, MemberType = typeof(LabRows))]
    public Task S13_A_stranger_of_higher_rank_costs_less_than_four_seconds_and_with_peers_nothing(
        LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        using FrameSender sender = new(lab);
        await Task.WhenAll(lab.Daemons.Select(node => HijackAsync(lab, sender, node)));
        await lab.SettleAsync();
        await ListPeersAsync(lab);
        DateTime listed = DateTime.UtcNow;
        foreach (LabNode node in lab.Daemons)
        {
            foreach (int router in new[] { 1, 2 })
            {
                foreach (HostileRow row in HostileRow.Hijacking(lab.Terms, router))
                {
                    string[] refused = [HostileRow.Refused(router, AdvertFault.UnlistedSource)];
                    await CheckAsync(lab, sender, node, router, row with { Counters = refused });
                }
            }
        }

        await Lab.PauseAsync(4 * lab.Terms.Interval.TotalSeconds);
        CheckAdverts(lab, listed);
    });

    /// <summary>Sends a node one packet of each kind that makes it give way; it is master again in time.</summary>
    private static async Task HijackAsync(Lab lab, FrameSender sender, LabNode node)
    {
        foreach (HostileRow row in HostileRow.Hijacking(lab.Terms, node.Number))
        {
            string alert = HostileRow.Alert(node.Number, RouterAlert.UnlistedMaster);
            double alerts = (await Scrape.OfAsync(node))[alert];
            DateTime start = DateTime.UtcNow;
            Send(lab, sender, node, row);
            await lab.UntilAsync(TimeSpan.FromSeconds(10), () => node.Ownership.Has(lab.Own(node))
                && node.Ownership.Of(lab.Own(node))[^1].From > start, $"{row.Name}: n{node.Number} is master again");
            lab.AtMost(node.Ownership.Of(lab.Own(node))[^1].From - start, 4, $"{row.Name}: master again after");
            Assert.Equal(alerts + 1, (await Scrape.OfAsync(node))[alert]);
        }
    }

    /// <summary>Sends a row's packet and looks at what counts more afterwards.</summary>
    private static async Task CheckAsync(Lab lab, FrameSender sender, LabNode node, int router, HostileRow row)
    {
        string what = $"{row.Name}: n{node.Number} as {(node.Number == router ? "master" : "backup")}";
        // What comes after it has come when the last one is counted: nobody has to guess how long that takes.
        Forge forge = new(lab.Terms, router);
        byte[] last = forge.Packet(forge.Changed(1, 255));
        string lastCounter = "vrrpd_adverts_unknown_total{vrid=\"255\"}";
        IReadOnlyDictionary<string, double> before = await Scrape.OfAsync(node), after = before;
        Send(lab, sender, node, row);
        sender.Send(sender.Frame(node, last, lab.Terms.IsIPv6));
        DateTime end = DateTime.UtcNow.AddSeconds(5);
        while (after.GetValueOrDefault(lastCounter) == before.GetValueOrDefault(lastCounter) && DateTime.UtcNow < end)
        {
            await Lab.PauseAsync(0.01);
            after = await Scrape.OfAsync(node);
        }

        string expected = Text([.. row.Counters.Append(lastCounter).Select(name => KeyValuePair.Create(name, 1.0))]);
        string growth = Text(Scrape.Growth(before, after));
        lab.Check(growth == expected, $"{what}: counted {growth} instead of {expected}");
        RouterState state = node.Number == router ? RouterState.Master : RouterState.Backup;
        lab.Check(after[$"vrrpd_state{{instance=\"VI_{router}\",state=\"{state}\"}}"] == 1, $"{what}: another state");
    }

    /// <summary>Sends every packet that must be discarded again and again, until some advertisements are due.</summary>
    private static async Task SpamAsync(Lab lab, FrameSender sender, DateTime start)
    {
        LabNode[] nodes = [.. lab.Daemons];
        double[] before = [.. await Task.WhenAll(nodes.Select(TransitionsAsync))];
        for (; DateTime.UtcNow < start + 6 * lab.Terms.Interval; await Lab.PauseAsync(0.05))
        {
            foreach (LabNode node in nodes)
            {
                foreach (HostileRow row in new[] { 1, 2 }.SelectMany(
                    router => HostileRow.Discarded(lab.Terms, router, node.LocalAddress)))
                    Send(lab, sender, node, row);
            }
        }

        double[] after = [.. await Task.WhenAll(nodes.Select(TransitionsAsync))];
        lab.Check(after.SequenceEqual(before), "a state changed");
    }

    private static async Task<double> TransitionsAsync(LabNode node) => (await Scrape.OfAsync(node))
        .Where(sample => sample.Key.StartsWith("vrrpd_transitions_total", StringComparison.Ordinal))
        .Sum(sample => sample.Value);

    private static string Text(IReadOnlyCollection<KeyValuePair<string, double>> counters) =>
        string.Join(", ", counters.Select(one => $"{one.Key} {one.Value}").Order(StringComparer.Ordinal));

    private static void Send(Lab lab, FrameSender sender, LabNode node, HostileRow row) =>
        sender.Send(sender.Frame(node, row.Packet, lab.Terms.IsIPv6));

    /// <summary>Every node went on advertising on time for the router it leads.</summary>
    private static void CheckAdverts(Lab lab, DateTime start)
    {
        foreach (LabNode node in lab.Daemons)
        {
            IReadOnlyList<Captured> adverts =
                lab.Capture.Adverts(node.Number * 100, node.LocalAddress, priority => priority == 100, start);
            lab.Check(adverts.Count >= 2, $"n{node.Number} sent {adverts.Count} advertisements");
            TimeSpan gap = adverts.Zip(adverts.Skip(1), (one, next) => next.At - one.At).Max();
            lab.AtMost(gap, lab.Terms.Interval.TotalSeconds + 0.3, $"n{node.Number}: gap between advertisements");
        }
    }

    private static async Task ListPeersAsync(Lab lab)
    {
        foreach (LabNode node in lab.Daemons)
        {
            LabNode other = lab.PeerOf(node);
            await node.WriteConfigurationAsync(new(Rewrite: text => text.Replace("\"Interface\":",
                $"\"Peers\": [\"{other.LocalAddress}\"], \"Interface\":", StringComparison.Ordinal)));
            node.Signal(LabNode.Hangup);
            await lab.UntilAsync(TimeSpan.FromSeconds(5),
                () => node.Log.Contains("configuration reloaded", StringComparison.Ordinal), "the peers are listed");
        }
    }
}
