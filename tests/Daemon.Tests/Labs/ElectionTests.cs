using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Row S22: who becomes master, and when, by nopreempt, preempt_delay, owner and equal priorities.</summary>
public sealed class ElectionTests
{
    public static TheoryData<Pairing> Pairings() => [.. Enum.GetValues<Pairing>()];

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task S22_Without_preemption_a_lower_master_stays_until_it_ends(Pairing pairing)
    {
        await using Lab lab = await SecondAloneAsync(pairing);
        await lab.First.StartAsync(new(Rewrite: lab.First.IsVrrpd
            ? LabText.InRouter(1, "\"Preempt\": false") : LabText.InKeepalived(1, "nopreempt")));
        await Lab.PauseAsync(5);
        lab.Check(lab.First.Ownership.Of(lab.Terms.Address1).Count == 0, "the node with nopreempt took the address");
        lab.Check(lab.Second.Ownership.Has(lab.Terms.Address1), "the master lost it");

        lab.Second.Signal(LabNode.Terminate);
        await lab.UntilAsync(
            TimeSpan.FromSeconds(2), () => lab.First.Ownership.Has(lab.Terms.Address1), "it takes over");
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task S22_A_delayed_preemption_leaves_a_lower_master_alone_for_so_long(Pairing pairing)
    {
        const double Delay = 3, Slack = 1.2;
        await using Lab lab = await SecondAloneAsync(pairing);
        DateTime start = DateTime.UtcNow;
        await lab.First.StartAsync(new(Rewrite: lab.First.IsVrrpd
            ? LabText.InRouter(1, "\"PreemptDelay\": \"00:00:03\"") : LabText.InKeepalived(1, "preempt_delay 3")));
        await lab.SettleAsync();

        TimeSpan after = lab.First.Ownership.Of(lab.Terms.Address1)[0].From - start;
        lab.Check(after.TotalSeconds > Delay, $"preempted after {after.TotalSeconds:0.00} s");
        lab.AtMost(after, Delay + lab.Terms.Takeover.TotalSeconds + Slack, "preempted");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0.2, "both had the address");
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task S22_The_owner_is_master_at_once_and_no_check_changes_its_priority(Pairing pairing)
    {
        await using Lab lab = await SecondAloneAsync(pairing);
        using FakeGateway gateway = new(lab.First.Place);
        gateway.Mood = GatewayMood.Well;
        DateTime start = DateTime.UtcNow;
        await lab.First.StartAsync(new(Priority: 255, Check: $"http://127.0.0.1:{gateway.Port}/health/ready"));
        await lab.SettleAsync();
        // keepalived takes its time, unless it is told "state MASTER".
        double most = lab.First.IsVrrpd ? 1.5 : lab.Terms.Takeover.TotalSeconds;
        lab.AtMost(lab.First.Ownership.Of(lab.Terms.Address1)[0].From - start, most, "the owner is master");
        lab.AtMost(lab.Overlap(lab.Terms.Address1, start), 0.2, "both had the address");

        DateTime sick = DateTime.UtcNow;
        gateway.Mood = GatewayMood.Unready;
        await Lab.PauseAsync(3);
        lab.Check(lab.First.Ownership.Has(lab.Terms.Address1), "the owner gave the address away");
        string from = lab.First.LocalAddress;
        Assert.NotEmpty(lab.Capture.Adverts(100, from, priority => priority == 255, sick.AddSeconds(1)));
        Assert.Empty(lab.Capture.Adverts(100, from, priority => priority < 255, sick));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public async Task S22_Between_equal_priorities_the_master_stays_and_of_two_the_higher_address(Pairing pairing)
    {
        LabChange equal = new(Priority: 100);
        await using Lab lab = await Lab.CreateAsync(LabMode.V2, pairing);
        await lab.First.StartAsync(equal);
        await lab.UntilAsync(
            TimeSpan.FromSeconds(8), () => lab.First.Ownership.Has(lab.Terms.Address1), "n1 is master");
        await lab.Second.StartAsync(equal);
        await Lab.PauseAsync(5);
        lab.Check(lab.Second.Ownership.Of(lab.Terms.Address1).Count == 0, "an equal one took over");

        await PartitionTests.IsolateAsync(lab, "on");
        await lab.UntilAsync(
            TimeSpan.FromSeconds(8), () => lab.Second.Ownership.Has(lab.Terms.Address1), "both are master");
        await Lab.PauseAsync(0.5);
        await PartitionTests.IsolateAsync(lab, "off");
        DateTime healed = DateTime.UtcNow;
        await lab.UntilAsync(TimeSpan.FromSeconds(3), () => !lab.First.Ownership.Has(lab.Terms.Address1)
            && lab.Second.Ownership.Has(lab.Terms.Address1) && lab.Client.Owner == 2, "the higher address stays");
        await Lab.PauseAsync(2);
        lab.AtMost(lab.Overlap(lab.Terms.Address1, healed), 1.5, "both had the address");
        lab.Check(lab.Second.Ownership.Has(lab.Terms.Address1), "it does not stay");
    }

    /// <summary>A lab whose second node has the first router's address, and whose first node is not there.</summary>
    private static async Task<Lab> SecondAloneAsync(Pairing pairing)
    {
        Lab lab = await Lab.CreateAsync(LabMode.V2, pairing);
        try
        {
            await lab.Second.StartAsync();
            await lab.UntilAsync(
                TimeSpan.FromSeconds(8), () => lab.Second.Ownership.Has(lab.Terms.Address1), "n2 is master");
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }
}
