using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Guarding;

namespace Vrrp.Daemon.Loop;

/// <summary>What other threads tell the loop.</summary>
internal abstract record LoopMessage;

/// <summary>A check changed its health.</summary>
/// <param name="Check">Its name.</param>
/// <param name="Health">Its health.</param>
internal sealed record CheckChanged(string Check, Health Health) : LoopMessage;

/// <summary>What is known of a peer's health changed.</summary>
/// <param name="Instance">Whose peer.</param>
/// <param name="Health">Its health.</param>
internal sealed record PeerChanged(string Instance, Health Health) : LoopMessage;

/// <summary>A new configuration is to be used.</summary>
/// <param name="Config">The configuration.</param>
/// <param name="Guardian">The table of a guardian that knows its instances; null: there is none.</param>
/// <param name="Done">Set when it is in force.</param>
internal sealed record NewConfiguration(
    DaemonConfig Config, GuardianTable? Guardian, ManualResetEventSlim Done) : LoopMessage;

/// <summary>Somebody wants to know how things are.</summary>
/// <param name="Snapshot">Filled by the loop.</param>
/// <param name="Done">Set when it is.</param>
internal sealed record SnapshotWanted(LoopSnapshot Snapshot, ManualResetEventSlim Done) : LoopMessage;

/// <summary>All instances shall give up their addresses, and the loop end.</summary>
internal sealed record EndWanted : LoopMessage;
