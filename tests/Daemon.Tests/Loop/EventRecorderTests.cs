using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Loop;
using Vrrp.Tests;
using Xunit;

namespace Vrrp.Daemon.Tests.Loop;

/// <summary>What the daemon's loop writes down replays to what it did.</summary>
public sealed class EventRecorderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vrrpd-events-").FullName;

    private string File => Path.Combine(_folder, "events.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Recorded_events_replay_to_the_same_actions(bool isGroup)
    {
        int all = 0;
        for (int seed = 1; seed <= 50; seed++)
        {
            System.IO.File.Delete(File);
            using (LoopBench bench = new(Config(isGroup, 0), eventLog: File))
                Disturb(bench, isGroup, new Random(seed));

            string[] lines = System.IO.File.ReadAllLines(File);
            all += lines.Length;
            Assert.Equal((seed, null), (seed, RouterLogReplay.Difference(lines)));
        }

        Assert.True(all > 5000, $"{all} lines");
    }

    [Fact]
    public void A_line_that_a_killed_daemon_did_not_finish_does_not_spoil_the_next_one()
    {
        System.IO.File.WriteAllText(File, "{\"Router\":\"VI_1\",\"At\":1000,\"Ev");
        using (LoopBench bench = new(LoopBench.Config(), eventLog: File))
            bench.Run(5);

        string[] lines = System.IO.File.ReadAllLines(File);
        Assert.NotNull(RouterLogLine.Parse(lines[1]).Config);
        Assert.Null(RouterLogReplay.Difference(lines));
    }

    /// <summary>Whatever can happen to a loop, in any order.</summary>
    private static void Disturb(LoopBench bench, bool isGroup, Random random)
    {
        for (int i = 0; i < 60; i++)
        {
            RouterConfig router = LoopBench.Instance(id: (byte)(random.Next(2) == 0 ? 100 : 200)).Router;
            Action act = random.Next(9) switch
            {
                0 => () => bench.Network.Hear(router, (byte)random.Next(0, 3), LoopBench.Peer),
                1 => () => bench.Network.Hear(router, (byte)random.Next(98, 256), LoopBench.Peer),
                2 => () => bench.Network.SetLink(random.Next(3) > 0),
                3 => () => bench.Network.Lose(LoopBench.Virtual),
                4 => () => bench.Network.HearArp(LoopBench.Virtual, HardwareAddress.Parse("02:00:00:00:00:99")),
                5 => () => bench.Loop.Post(new CheckChanged("gateway", (Health)random.Next(1, 3))),
                6 => () => bench.Loop.Post(new PeerChanged("VI_1", (Health)random.Next(1, 3))),
                7 => () => bench.Loop.Post(new NewConfiguration(Config(isGroup, random.Next(4)), null, new(false))),
                _ => () => bench.Network.Advance(2 * random.NextDouble()),
            };
            act();
            bench.Run(random.Next(4) == 0 ? 4 : random.NextDouble());
        }

        bench.Loop.Post(new EndWanted());
        bench.Step();
    }

    private static DaemonConfig Config(bool isGroup, int variant)
    {
        InstanceConfig first = LoopBench.Instance(addresses: variant == 1
            ? [LoopBench.Virtual, Address.Parse("198.51.100.243")] : [LoopBench.Virtual]);
        first = first with
        {
            Router = first.Router with
            {
                Priority = (byte)(variant == 2 ? 150 : 100),
                Preempt = variant != 3,
                Tracked = [new("gateway", Weight: isGroup ? 0 : -2)],
            },
            Tracked = [new(TrackedKind.Check, "gateway")],
        };
        DaemonConfig config = LoopBench.Config(first, LoopBench.Instance("VI_2", 200, LoopBench.Added));
        return isGroup ? config with { SyncGroups = [new("G", [0, 1], new())] } : config;
    }
}
