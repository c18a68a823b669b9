using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Telemetry;

/// <summary>Every message.</summary>
internal sealed partial class DaemonLog
{
    public void Started(string version, int instances, bool isRealtime) => Add(LogLevel.Information, null,
        $"vrrpd {version} runs {instances} instances"
        + (isRealtime ? "" : "; without realtime permission (CAP_SYS_NICE), so a busy machine can delay it"));

    public void Ended() => Add(LogLevel.Information, null, "vrrpd ends");

    public void Warned(ConfigurationFinding finding) => Add(LogLevel.Warning, null, finding.ToString());

    public void Refused(ConfigurationFinding finding) => Add(LogLevel.Error, null, finding.ToString());

    public void Reloaded(string what) => Add(LogLevel.Information, null, $"configuration reloaded: {what}");

    public void ReloadRefused() =>
        Add(LogLevel.Error, null, "the new configuration is refused; the last good one stays in force");

    public void Changed(string router, RouterState from, RouterState to, string reason) =>
        Add(LogLevel.Information, router, $"{from} -> {to}: {reason}");

    public void PriorityChanged(string router, int priority, string why) =>
        Add(LogLevel.Information, router, $"priority {priority}: {why}");

    public void Alerted(string router, string text, long suppressed) =>
        Add(LogLevel.Warning, router, text + More(suppressed));

    public void AdvertRefused(string router, AdvertFault fault, string sender, string text, long suppressed) =>
        Add(LogLevel.Warning, router, $"advertisement of {sender} refused ({fault}): {text}" + More(suppressed));

    public void UnknownRouter(int id, string sender, string interfaceName, long suppressed) =>
        Add(LogLevel.Information, null,
            $"advertisement for virtual router {id} of {sender} on {interfaceName}: not configured here"
            + More(suppressed));

    public void CallFailed(string router, string what, string error, long suppressed) =>
        Add(LogLevel.Error, router, $"{what} failed: {error}" + More(suppressed));

    public void Paused(string router, long micros) =>
        Add(LogLevel.Warning, router, $"did not run for {micros / 1000} ms: listens first, then acts");

    public void CheckChanged(string check, Health health, string detail) =>
        Add(health == Health.Healthy ? LogLevel.Information : LogLevel.Warning, null,
            $"check {check}: {(health == Health.Healthy ? "well" : "sick")} ({detail})");

    public void NotifyFailed(string command, string what) =>
        Add(LogLevel.Warning, null, $"notify command {command}: {what}");

    public void GuardianStarted(int process) => Add(LogLevel.Debug, null, $"guardian {process} started");

    public void GuardianEnded(int process) =>
        Add(LogLevel.Warning, null, $"guardian {process} has ended; another one is started");

    public void GuardianFailed(string error) =>
        Add(LogLevel.Error, null, $"no guardian: {error}; if vrrpd is killed, its leases end by themselves");

    public void ManagementFailed(string endpoint, string error) =>
        Add(LogLevel.Error, null, $"metrics and status are not served on {endpoint}: {error}");

    public void ReloadFailed(string error) =>
        Add(LogLevel.Error, null, $"the reload failed: {error}");

    public void EventLogGap(string path, long lines) =>
        Add(LogLevel.Warning, null, $"the event log {path} lacks {lines} lines: it does not replay from here on");

    public void EventLogFailed(string path, string error) =>
        Add(LogLevel.Error, null, $"the event log {path} is not written: {error}");

    public void NeedsRestart() =>
        Add(LogLevel.Warning, null, "another Management:Listen or EventLog needs a restart; the old one stays");

    public void PromotionFailed(string interfaceName, string error) =>
        Add(LogLevel.Warning, null, $"promote_secondaries of {interfaceName} could not be set ({error}); when a leased "
            + "address with a subnet's prefix ends, it may take other addresses of the subnet with it");

    public void Failed(string error) => Add(LogLevel.Error, null, error);

    private static string More(long suppressed) => suppressed == 0 ? "" : $" (and {suppressed} more since the last)";
}
