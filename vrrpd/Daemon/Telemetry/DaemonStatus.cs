using Vrrp.Daemon.Checks;
using Vrrp.Daemon.Loop;

namespace Vrrp.Daemon.Telemetry;

/// <summary>How the daemon is at one moment.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Loop">What the loop knows; null: it did not answer.</param>
/// <param name="Checks">The checks, and the peers by their instance.</param>
/// <param name="LastReloadSuccessful">Whether the last configuration that was read is in force.</param>
/// <param name="GuardianProcess">Process id of the guardian; 0: there is none.</param>
internal sealed record DaemonStatus(
    string Version,
    LoopSnapshot? Loop,
    IReadOnlyList<(bool IsPeer, string Name, CheckStatus Status)> Checks,
    bool LastReloadSuccessful,
    int GuardianProcess);
