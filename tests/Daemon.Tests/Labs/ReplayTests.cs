using Vrrp.Tests;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>A log recorded by the real program, under real faults, replays as a test.</summary>
public sealed class ReplayTests
{
    [Fact]
    public async Task The_event_log_of_a_daemon_replays_to_the_same_actions()
    {
        string folder = Directory.CreateTempSubdirectory("vrrpd-replay-").FullName;
        try
        {
            await using (Lab lab = await Lab.CreateAsync(LabMode.V2, Pairing.Both))
                await DisturbAsync(lab, folder);
            string[] first = File.ReadAllLines(Log(folder, 1));
            string[] second = File.ReadAllLines(Log(folder, 2));

            Assert.Null(RouterLogReplay.Difference(first));
            Assert.Null(RouterLogReplay.Difference(second));
            // Whether a node answers for the address when the other asks is a matter of moments.
            RouterEventKind[] others =
                [RouterEventKind.PeerChanged, RouterEventKind.AddressClaimed, RouterEventKind.GroupChanged];
            Assert.Empty(Enum.GetValues<RouterEventKind>().Except(others).Except(
                first.Select(RouterLogLine.Parse).Select(line => line.Event?.Kind).OfType<RouterEventKind>()));
            // Begun twice: the main process was killed in between.
            Assert.Equal(4, first.Select(RouterLogLine.Parse).Count(line => line.Config is not null));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task DisturbAsync(Lab lab, string folder)
    {
        using FakeGateway gateway = new(lab.First.Place);
        gateway.Mood = GatewayMood.Well;
        LabChange change = new(Check: $"http://127.0.0.1:{gateway.Port}/health/ready", Rewrite: Recorded(folder, 1));
        await lab.First.StartAsync(change);
        await lab.Second.StartAsync(new(Rewrite: Recorded(folder, 2)));
        await lab.SettleAsync();

        await lab.First.Place.IpAsync($"address del {lab.Terms.Address1}/32 dev eth0");
        gateway.Mood = GatewayMood.Unready;
        await lab.UntilAsync(
            TimeSpan.FromSeconds(5), () => lab.Second.Ownership.Has(lab.Terms.Address1), "handed over");
        gateway.Mood = GatewayMood.Well;
        await lab.SettleAsync();

        await lab.First.WriteConfigurationAsync(change with { Priority = 150 });
        lab.First.Signal(LabNode.Hangup);
        await FailoverTests.SetLinkAsync(lab, "carrier", "down");
        await Lab.PauseAsync(1);
        await FailoverTests.SetLinkAsync(lab, "carrier", "up");
        await lab.SettleAsync();

        await lab.First.SignalAllAsync(LabNode.Stop);
        await Lab.PauseAsync(2.5);
        await lab.First.SignalAllAsync(LabNode.Continue);
        await lab.SettleAsync();

        lab.First.Signal(LabNode.Kill);
        await lab.First.EndedAsync();
        await lab.First.StartAsync(change);
        await lab.SettleAsync();
        foreach (LabNode node in new[] { lab.First, lab.Second })
        {
            node.Signal(LabNode.Terminate);
            await node.EndedAsync();
        }
    }

    private static Func<string, string> Recorded(string folder, int node) =>
        LabText.AtTop($"\"EventLog\": \"{Log(folder, node)}\"");

    private static string Log(string folder, int node) => Path.Combine(folder, $"n{node}.jsonl");
}
