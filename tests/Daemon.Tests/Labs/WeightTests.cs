using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Rows S8 and S9: priorities that checks change.</summary>
public sealed class WeightTests
{
    /// <summary>Until a failure is noticed: vrrpd asks each 0.2 s and believes the second, keepalived each second.
    /// </summary>
    private const double VrrpdCheck = 2 * 0.2 + 0.2, KeepalivedCheck = 1.3;

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S8_When_both_gateways_fail_there_is_one_owner_and_no_flapping(LabMode mode, Pairing pairing) =>
        LabRows.BestOf(async () =>
    {
        const int Moves = 2;
        await using Lab lab = await Lab.CreateAsync(mode, pairing);
        using FakeGateway first = new(lab.First.Place), second = new(lab.Second.Place);
        await StartAsync(lab, first, second, text => text);
        DateTime start = DateTime.UtcNow;
        first.Mood = second.Mood = GatewayMood.Unready;
        // Noticed, handed over, and taken back by the less sick one.
        await Lab.PauseAsync(KeepalivedCheck + 2 * lab.Terms.Takeover.TotalSeconds);

        DateTime calm = DateTime.UtcNow;
        await Lab.PauseAsync(10);
        lab.Check(Taken(lab, start) <= Moves, $"the address moved {Taken(lab, start)} times");
        lab.Check(Taken(lab, calm) == 0, "the address moves still");
        lab.Check(lab.First.Ownership.Has(lab.Terms.Address1) && !lab.Second.Ownership.Has(lab.Terms.Address1),
            "the one of the higher priority has the address");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0.2, "both had the address");
        // A keepalived 2.2.7 whose own priority changes sends nothing for its Master_Down_Interval, in none of its
        // instances, and so the node that handed over to it takes the address back.
        lab.AtMost(lab.Client.Gap(start, calm), pairing == Pairing.VrrpdFirst ? lab.Terms.Takeover.TotalSeconds : 1,
            "client without an answer");
        lab.AtMost(lab.Client.Gap(calm, DateTime.UtcNow), 0.4, "client without an answer in the end");
    });

    [Theory]
    [MemberData(nameof(LabRows.Usual), MemberType = typeof(LabRows))]
    public Task S9_With_weights_the_lower_priority_is_announced_until_the_peer_takes_over(
        LabMode mode, Pairing pairing) => LabRows.BestOf(async () =>
    {
        await using Lab lab = await Lab.CreateAsync(mode, pairing);
        using FakeGateway first = new(lab.First.Place), second = new(lab.Second.Place);
        await StartAsync(lab, first, second, text => text.Replace(
            "\"Interface\":", "\"HandOver\": \"Weights\", \"Interface\":", StringComparison.Ordinal));
        double most = (lab.First.IsVrrpd ? VrrpdCheck : KeepalivedCheck) + lab.Terms.Interval.TotalSeconds
            + lab.Terms.Takeover.TotalSeconds;

        DateTime start = DateTime.UtcNow;
        first.Mood = GatewayMood.Unready;
        await lab.UntilAsync(TimeSpan.FromSeconds(most + 3),
            () => lab.Second.Ownership.Has(lab.Terms.Address1) && lab.Client.Owner == 2, "the peer took over");
        lab.AtMost(lab.Second.Ownership.Of(lab.Terms.Address1)[^1].From - start, most, "peer took over");
        lab.Check(lab.Capture.Adverts(100, lab.First.LocalAddress, priority => priority == 98, start).Count > 0,
            "98 was announced");
        lab.Check(lab.Capture.Adverts(100, lab.First.LocalAddress, priority => priority == 0, start).Count == 0,
            "it resigned");
        await lab.UntilAsync(TimeSpan.FromSeconds(2), () => !lab.First.Ownership.Has(lab.Terms.Address1), "one owner");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0.2, "both had the address");
        lab.AtMost(lab.Client.Gap(start, DateTime.UtcNow), 0.5, "client without an answer");

        DateTime well = DateTime.UtcNow;
        first.Mood = GatewayMood.Well;
        await lab.SettleAsync();
        lab.AtMost(lab.First.Ownership.Of(lab.Terms.Address1)[^1].From - well, most, "n1 took it back");
        lab.AtMost(lab.Client.Gap(well, DateTime.UtcNow), 0.5, "client without an answer");
    });

    private static async Task StartAsync(
        Lab lab, FakeGateway first, FakeGateway second, Func<string, string> rewrite)
    {
        foreach ((LabNode node, FakeGateway gateway) in new[] { (lab.First, first), (lab.Second, second) })
        {
            gateway.Mood = GatewayMood.Well;
            await node.StartAsync(
                new(Check: $"http://127.0.0.1:{gateway.Port}/health/ready", Rewrite: node.IsVrrpd ? rewrite : null));
        }

        await lab.SettleAsync();
    }

    /// <summary>How often the address came to a node since a moment.</summary>
    private static int Taken(Lab lab, DateTime since) => new[] { lab.First, lab.Second }
        .Sum(node => node.Ownership.Of(lab.Terms.Address1).Count(held => held.From > since));
}
