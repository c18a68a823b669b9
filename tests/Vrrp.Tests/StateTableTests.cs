using System.Globalization;
using System.Text;
using Xunit;

namespace Vrrp.Tests;

/// <summary>
/// Every event in every state, against a table in the repository: what was done, the state after it, seconds to the
/// next deadline. A row that changes on purpose is changed there.
/// </summary>
public sealed class StateTableTests
{
    private static readonly RouterConfig Config = Rig.V3 with
    {
        Tracked = [new("gateway", -2), new("disk")],
        VirtualAddresses = [Address.Parse("20.26.25.240"), Address.Parse("20.26.25.241")],
    };

    private static readonly Address Vip = Config.VirtualAddresses[0];

    private static readonly (string Name, Func<Rig> Make)[] States =
    [
        ("Initialize", () => new(Config, isRunning: false)),
        ("Backup", BackupOf),
        ("Master", MasterOf),
        ("Fault", FaultOf),
    ];

    private static readonly (string Name, RouterEvent Event)[] Events =
    [
        ("start", RouterEvent.Start),
        ("shutdown", RouterEvent.Shutdown),
        ("deadline, too early", RouterEvent.DeadlineReached),
        ("deadline, reached", RouterEvent.DeadlineReached),
        ("resumed", RouterEvent.Resumed),
        ("advert 0 of the master", Advert(0, Rig.Higher)),
        ("advert 0 of a stranger", Advert(0, Rig.Lower)),
        ("advert 99", Advert(99, Rig.Higher)),
        ("advert 100, lower address", Advert(100, Rig.Lower)),
        ("advert 100, higher address", Advert(100, Rig.Higher)),
        ("advert 101", Advert(101, Rig.Lower)),
        ("advert 255", Advert(255, Rig.Lower)),
        ("link up", RouterEvent.LinkChanged(true)),
        ("link down", RouterEvent.LinkChanged(false)),
        ("address changed", RouterEvent.LocalAddressChanged(Address.Parse("20.26.25.117"))),
        ("address gone", RouterEvent.LocalAddressChanged(default)),
        ("weight -2 sick", RouterEvent.TrackedChanged(0, Health.Sick)),
        ("weight -2 healthy", RouterEvent.TrackedChanged(0, Health.Healthy)),
        ("weight 0 sick", RouterEvent.TrackedChanged(1, Health.Sick)),
        ("weight 0 healthy", RouterEvent.TrackedChanged(1, Health.Healthy)),
        ("peer sick", RouterEvent.PeerChanged(Health.Sick)),
        ("peer healthy", RouterEvent.PeerChanged(Health.Healthy)),
        ("VIP lost", RouterEvent.AddressLost(Vip)),
        ("other address lost", RouterEvent.AddressLost(Rig.Lower)),
        ("VIP claimed", RouterEvent.AddressClaimed(Vip, new(0x020000000003))),
        ("other address claimed", RouterEvent.AddressClaimed(Rig.Lower, new(0x020000000003))),
        ("group Master", RouterEvent.GroupChanged(RouterState.Master)),
        ("group Backup", RouterEvent.GroupChanged(RouterState.Backup)),
        ("group Fault", RouterEvent.GroupChanged(RouterState.Fault)),
        ("group clear", RouterEvent.GroupChanged(RouterState.Initialize)),
        ("reconfigured, same", RouterEvent.Reconfigured(Config)),
        ("reconfigured, priority 110", RouterEvent.Reconfigured(Config with { Priority = 110 })),
        ("reconfigured, owner", RouterEvent.Reconfigured(Config with { Priority = 255 })),
        ("reconfigured, other VIP", RouterEvent.Reconfigured(
            Config with { VirtualAddresses = [Vip, Address.Parse("20.26.25.242")] })),
        ("reconfigured, interval 0.5 s", RouterEvent.Reconfigured(
            Config with { AdvertInterval = TimeSpan.FromSeconds(0.5) })),
    ];

    [Fact]
    public void Every_event_in_every_state_does_what_the_table_says()
    {
        StringBuilder table = new("state | event | state after | next deadline | actions\n");
        foreach ((string state, Func<Rig> make) in States)
            foreach ((string name, RouterEvent happened) in Events)
                table.Append(Row(state, make(), name, happened)).Append('\n');
        string path = Path.Combine(Vector.RepositoryRoot, "tests", "Vrrp.Tests", "state-table.txt");
        string actual = Path.Combine(AppContext.BaseDirectory, "state-table.actual.txt");
        File.WriteAllText(actual, table.ToString());

        Assert.True(File.ReadAllText(path) == table.ToString(), $"state-table.txt is not what {actual} shows");
    }

    [Fact]
    public void The_table_has_every_kind_of_event_and_every_state()
    {
        Assert.Equal(Enum.GetValues<RouterEventKind>(), Events.Select(row => row.Event.Kind).Distinct().Order());
        Assert.Equal(Enum.GetNames<RouterState>(), States.Select(state => state.Name));
        Assert.All(States, state => Assert.Equal(state.Name, state.Make().Router.State.ToString()));
    }

    private static string Row(string state, Rig rig, string name, in RouterEvent happened)
    {
        if (name == "deadline, reached" && rig.Deadline is { } seconds)
            rig.Sleep(seconds);
        string actions = rig.Send(happened);
        string deadline = rig.Deadline?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-";
        return $"{state} | {name} | {rig.Router.State} | {deadline} | {(actions.Length > 0 ? actions : "-")}";
    }

    private static RouterEvent Advert(byte priority, Address source) =>
        RouterEvent.AdvertReceived(new(source, priority, RouterTimers.Second));

    // Follows a master of priority 100, last heard 0.4 s ago.
    private static Rig BackupOf()
    {
        Rig rig = new(Config);
        rig.Hear(100, Rig.Higher);
        rig.Sleep(0.4);
        return rig;
    }

    // Advertised 0.4 s ago, bursts are over.
    private static Rig MasterOf()
    {
        Rig rig = Rig.Master(Config);
        rig.Sleep(rig.Deadline!.Value);
        rig.Send(RouterEvent.DeadlineReached);
        rig.Sleep(0.4);
        return rig;
    }

    private static Rig FaultOf()
    {
        Rig rig = new(Config);
        rig.Send(RouterEvent.LinkChanged(false));
        return rig;
    }
}
