using Vrrp.Daemon.Linux;
using Xunit;

namespace Vrrp.Daemon.Tests.Labs.Comparison;

/// <summary>Something that happens to the master of a pair.</summary>
/// <param name="Name">What, for people.</param>
/// <param name="Do">Lets it happen; returns when it did.</param>
/// <param name="Undo">Repairs it.</param>
internal sealed record ComparedFault(
    string Name, Func<ComparedPair, Lab, Task<DateTime>> Do, Func<ComparedPair, Lab, Task> Undo)
{
    public const string OtherKilled = "kill -9 of the other process", Partition = "partition", Heal = "partition heals";

    /// <summary>How long both have the address if they still have it in the end; for people.</summary>
    public string Lasting { get; init; } = "for good";

    /// <summary>Whether the next one begins where this one ends.</summary>
    public bool IsFollowed { get; init; }

    public static ComparedFault Ended { get; } = new("SIGTERM",
        (_, lab) => Task.FromResult(lab.First.Signal(LabNode.Terminate)), RestartAsync);

    public static ComparedFault Sick { get; } = new("sick gateway (503), checked each second",
        (pair, _) =>
        {
            pair.Gateway = GatewayMood.Unready;
            return Task.FromResult(DateTime.UtcNow);
        },
        (pair, _) =>
        {
            pair.Gateway = GatewayMood.Well;
            return Task.CompletedTask;
        });

    /// <summary>All, in the order of the table.</summary>
    public static IReadOnlyList<ComparedFault> All { get; } =
    [
        Ended,
        new("kill -9 of the main process",
            (_, lab) => Task.FromResult(lab.First.Signal(LabNode.Kill)), RestartAsync),
        // keepalived's child; vrrpd's guardian, which does not. It is started again.
        new(OtherKilled, async (_, lab) =>
            {
                DateTime now = DateTime.UtcNow;
                Assert.Equal(0, Libc.Kill((await lab.First.DaemonsAsync()).Max(), LabNode.Kill));
                return now;
            },
            (_, _) => Task.CompletedTask),
        new("kill -9 of all its processes", (_, lab) => lab.First.SignalAllAsync(LabNode.Kill), RestartAsync),
        new("freeze (SIGSTOP) of all its processes", (_, lab) => lab.First.SignalAllAsync(LabNode.Stop),
            (_, lab) => lab.First.SignalAllAsync(LabNode.Continue))
        {
            Lasting = "until it goes on",
        },
        Link("link set down", "admin"),
        Link("carrier lost", "carrier"),
        Sick,
        new(Partition, async (_, lab) =>
            {
                DateTime now = DateTime.UtcNow;
                await PartitionTests.IsolateAsync(lab, "on");
                return now;
            },
            (_, _) => Task.CompletedTask)
        {
            IsFollowed = true,
            Lasting = "until it heals",
        },
        new(Heal, async (_, lab) =>
            {
                await PartitionTests.IsolateAsync(lab, "off");
                return DateTime.UtcNow;
            },
            (_, _) => Task.CompletedTask),
    ];

    private static Task RestartAsync(ComparedPair pair, Lab lab) => pair.StartFirstAsync();

    private static ComparedFault Link(string name, string loss) => new(name,
        async (_, lab) =>
        {
            DateTime now = DateTime.UtcNow;
            await FailoverTests.SetLinkAsync(lab, loss, "down");
            return now;
        },
        (_, lab) => FailoverTests.SetLinkAsync(lab, loss, "up"));
}
