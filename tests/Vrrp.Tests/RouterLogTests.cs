using System.Text.Json;
using Vrrp.Tests.Simulation;
using Xunit;

namespace Vrrp.Tests;

/// <summary>What the daemon records replays: a log from the field is a test.</summary>
public sealed class RouterLogTests
{
    [Fact]
    public void A_recorded_run_replays_to_the_same_actions()
    {
        int lines = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            foreach (List<RouterLogLine> log in Record(seed))
            {
                string[] json = [.. log.Select(line => line.ToJson())];
                lines += json.Length;
                Assert.Equal((seed, null), (seed, RouterLogReplay.Difference(json)));
            }
        }

        Assert.True(lines > 5000, $"{lines} lines");
    }

    [Fact]
    public void The_recording_in_the_repository_replays_to_the_same_actions()
    {
        string[] json = File.ReadAllLines(
            Path.Combine(Vector.RepositoryRoot, "tests", "Vrrp.Tests", "Recorded", "failover-and-heal.jsonl"));
        Assert.True(json.Length > 100, $"{json.Length} lines");
        Assert.Null(RouterLogReplay.Difference(json));
    }

    [Fact]
    public void A_replay_tells_where_it_differs()
    {
        string[] json = Record(1).Select(log => log.Select(line => line.ToJson()).ToArray())
            .First(log => log.Any(line => line.Contains("\"SendAdvert\"", StringComparison.Ordinal)));
        int advert = Array.FindIndex(json, line => line.Contains("\"SendAdvert\"", StringComparison.Ordinal));
        json[advert] = json[advert].Replace("SendAdvert", "Probe", StringComparison.Ordinal);
        Assert.StartsWith($"line {advert + 1}:", RouterLogReplay.Difference(json), StringComparison.Ordinal);
        Assert.Contains("more actions", RouterLogReplay.Difference(json[..advert]), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_member_of_events_and_actions_survives_the_log()
    {
        Advert advert = new(Rig.Higher, 7, 10_000);
        RouterEvent happened = new(RouterEventKind.GroupChanged)
        {
            Advert = advert, IsUp = true, Address = Packet.PeerV6, Holder = new(1), Index = 3, Health = Health.Sick,
            State = RouterState.Fault,
            Config = Packet.V6 with { Tracked = [new("x", -2, true, BeforeFirstResult.Open)] },
        };
        RouterAction action = new(RouterActionKind.Alert)
        {
            Priority = 1, Count = 2, Address = Rig.Lower, Holder = new(3), From = RouterState.Master,
            To = RouterState.Backup, Reason = TransitionReason.Owner, Alert = RouterAlert.OtherMaster,
        };

        RouterLogLine read =
            RouterLogLine.Parse(new RouterLogLine("n", 5) { Event = happened, Action = action }.ToJson());

        Assert.Equal(action, read.Action);
        Assert.Equal(happened with { Config = null }, read.Event!.Value with { Config = null });
        Assert.Equal(
            new RouterLogLine("n", 0) { Config = happened.Config }.ToJson(),
            new RouterLogLine("n", 0) { Config = read.Event.Value.Config }.ToJson());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"Router\":\"n\",\"At\":1,\"Event\":{\"Kind\":\"LocalAddressChanged\",\"Address\":\"x\"}}")]
    [InlineData("{\"Router\":\"n\",\"At\":1,\"Event\":{\"Kind\":\"AddressClaimed\",\"Holder\":\"x\"}}")]
    public void What_is_no_line_of_the_log_is_refused(string line) =>
        Assert.Throws<JsonException>(() => RouterLogLine.Parse(line));

    private static List<RouterLogLine>[] Record(int seed)
    {
        Lab lab = new(seed, isLogged: true);
        lab.Run(lab.HealedAt + 3 * lab.MasterDown);
        return [.. lab.Nodes.Select(node => node.Log!)];
    }
}
