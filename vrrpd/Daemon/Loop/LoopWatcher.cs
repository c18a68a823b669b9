using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon.Loop;

/// <summary>Tells people and scripts what the routers do. On the loop's thread; nothing in it waits.</summary>
/// <param name="log">The log.</param>
/// <param name="notify">Runs commands, in the order they are handed in.</param>
internal sealed class LoopWatcher(DaemonLog log, Action<NotifyCall> notify)
{
    public void OnChanged(RouterInstance instance, in RouterAction action)
    {
        instance.Counters.Transitions++;
        if (action.To == RouterState.Master)
            instance.Counters.Masterships++;
        instance.LastChange = action;
        log.Changed(instance.Name, action.From, action.To, Reasons.Text(action));
        notify(new(instance.Config.Notify, IsGroup: false, instance.Name, action.To, instance.Router.Priority));
    }

    public void OnGroup(RouterGroup group) =>
        notify(new(group.Config.Notify, IsGroup: true, group.Config.Name, group.State, Priority: 0));

    public void OnPriority(RouterInstance instance, int priority) =>
        log.PriorityChanged(instance.Name, priority, Reasons.OfPriority(instance.Router));

    public void OnAlert(RouterInstance instance, in RouterAction action, long now)
    {
        instance.Counters.Alerts[(int)action.Alert]++;
        if (instance.Limits.Alerts(action.Alert).TryPass(now, out long suppressed))
            log.Alerted(instance.Name, Reasons.Text(action.Alert, action), suppressed);
    }

    public void OnRefused(RouterInstance instance, AdvertFault fault, Address sender, long now)
    {
        instance.Counters.Refuse(fault, sender);
        if (instance.Limits.Refused(fault).TryPass(now, out long suppressed))
            log.AdvertRefused(instance.Name, fault, sender.ToString(), Reasons.Text(fault), suppressed);
    }

    public void OnSendFailure(RouterInstance instance, Address destination, int errno, long now)
    {
        if (instance.Limits.Sends.TryPass(now, out long suppressed))
            log.CallFailed(instance.Name, $"sending to {destination}", LinuxException.Text(errno), suppressed);
    }

    public void OnAddressFailure(RouterInstance instance, string what, int errno, long now)
    {
        if (instance.Limits.Addresses.TryPass(now, out long suppressed))
            log.CallFailed(instance.Name, what, LinuxException.Text(errno), suppressed);
    }

    public void OnPause(RouterInstance instance, long micros) => log.Paused(instance.Name, micros);

    public void OnUnknown(int id, Address sender, string interfaceName, long suppressed) =>
        log.UnknownRouter(id, sender.ToString(), interfaceName, suppressed);

    public void OnListenFailure(int errno) =>
        log.Failed($"cannot listen to advertisements: {LinuxException.Text(errno)}");

    public void OnReload(string what) => log.Reloaded(what);
}

/// <summary>Commands to run for a change.</summary>
/// <param name="Notify">Which there are.</param>
/// <param name="IsGroup">Whether a sync group changed, not an instance.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">The state entered; Initialize: it ended.</param>
/// <param name="Priority">The effective priority; 0 for a group.</param>
internal readonly record struct NotifyCall(
    NotifyConfig Notify, bool IsGroup, string Name, RouterState State, byte Priority);
