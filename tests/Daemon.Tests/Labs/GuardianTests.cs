using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Row S4: the guardian of a killed daemon, where not everything can be done any more.</summary>
public sealed class GuardianTests
{
    [Fact]
    public Task S4_What_a_guardian_cannot_do_for_one_instance_it_does_for_the_others() => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.CreateAsync(LabMode.V2, Pairing.VrrpdFirst);
        await lab.First.Place.IpAsync("link add lost0 type veth peer name lost1");
        await lab.First.Place.IpAsync("link set lost0 up");
        await lab.First.Place.IpAsync("link set lost1 up");
        await lab.First.Place.IpAsync("addr add 192.0.2.1/24 dev lost0");
        await lab.First.StartAsync(new(Rewrite: WithInstanceBefore));
        await lab.Second.StartAsync();
        await lab.SettleAsync();
        await lab.UntilAsync(TimeSpan.FromSeconds(5), () => lab.First.Ownership.Has("192.0.2.9"), "both are master");

        // Frozen, it does not see that the interface goes, and cannot tell its guardian.
        lab.First.Signal(LabNode.Stop);
        await lab.First.Place.IpAsync("link del lost0");
        DateTime start = lab.First.Signal(LabNode.Kill);
        await lab.UntilAsync(TimeSpan.FromSeconds(8), () => lab.Second.Ownership.Has(lab.Terms.Address1),
            "the peer took over");
        Assert.NotEmpty(lab.Capture.Adverts(100, lab.First.LocalAddress, priority => priority == 0, start));
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - start, 1, "peer took over");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0, "both had the address");
        await lab.UntilAsync(TimeSpan.FromSeconds(2),
            () => lab.First.Log.Contains("guardian: resigning on interface", StringComparison.Ordinal), "it says why");
    });

    private static string WithInstanceBefore(string text) => text.Replace("\"Instances\": {", """
        "Instances": { "VI_0": { "Interface": "lost0", "VirtualRouterId": 9, "VirtualAddresses": ["192.0.2.9/24"] },
        """, StringComparison.Ordinal);
}
