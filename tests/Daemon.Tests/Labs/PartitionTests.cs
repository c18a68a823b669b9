using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Row S10: nodes that do not hear each other, and do again.</summary>
public sealed class PartitionTests
{
    [Theory]
    [MemberData(nameof(LabRows.UsualAndIPv6), Pairing.VrrpdFirst, MemberType = typeof(LabRows))]
    public Task S10_After_a_heal_there_is_one_owner_and_the_neighbours_know_it(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.StartAsync(mode, pairing);
        for (int round = LabRows.Times(usual: 3, full: 10); round > 0; round--)
        {
            await IsolateAsync(lab, "on");
            await lab.UntilAsync(TimeSpan.FromSeconds(8), () =>
                lab.First.Ownership.Has(lab.Terms.Address1) && lab.Second.Ownership.Has(lab.Terms.Address1),
                "both are master while they do not hear each other");
            // At another moment of the interval each time, so that either hears the other first.
            await Lab.PauseAsync(1 + 0.31 * round);

            DateTime healing = DateTime.UtcNow;
            await IsolateAsync(lab, "off");
            DateTime healed = DateTime.UtcNow;
            await lab.UntilAsync(TimeSpan.FromSeconds(5), () =>
                lab.First.Ownership.Has(lab.Terms.Address1) && !lab.Second.Ownership.Has(lab.Terms.Address1),
                "the higher one stays");
            lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].To!.Value - healed, 1.5, "one owner after");
            await lab.UntilAsync(TimeSpan.FromSeconds(1),
                () => lab.Capture.Announcements(lab.Terms.Address1, lab.First.Hardware, healing).Count > 0,
                "the survivor announces itself");
            await lab.UntilAsync(TimeSpan.FromSeconds(1), () => lab.Client.Owner == 1, "the client knows the survivor");
            await Lab.PauseAsync(1);
            lab.AtMost(lab.Client.Gap(healed, DateTime.UtcNow), 1.5, "client without an answer");
        }
    });

    // The two nodes' ports do not talk to each other, but to the client.
    internal static async Task IsolateAsync(Lab lab, string state)
    {
        await lab.Switch.IpAsync($"link set p1 type bridge_slave isolated {state}");
        await lab.Switch.IpAsync($"link set p2 type bridge_slave isolated {state}");
    }
}
