using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Loop;

/// <summary>A configuration comes into force: the first one, or another one without dropping an address.</summary>
internal sealed partial class RouterLoop
{
    private void Reload(NewConfiguration wanted, long now)
    {
        _runner.Guardian = wanted.Guardian;
        ArmGuardian();
        string what = Use(wanted.Config, now);
        ArmGuardian();
        _watcher.OnReload(what);
        wanted.Done.Set();
    }

    private void ArmGuardian()
    {
        foreach (RouterInstance instance in _instances)
        {
            if (instance.HasAddresses)
                _runner.Guardian?.Arm(instance);
        }
    }

    /// <summary>
    /// Ends what is not configured any more (or is another virtual router now), changes in place what stays, and
    /// starts what is new.
    /// </summary>
    /// <returns>What it did, for people.</returns>
    private string Use(DaemonConfig config, long now)
    {
        List<RouterInstance> next = new(config.Instances.Length);
        foreach (InstanceConfig wanted in config.Instances)
            next.Add(_instances.Find(old => IsSame(old.Config, wanted)) ?? Make(wanted, now));
        List<RouterInstance> leaving = [.. _instances.Except(next)], starting = [.. next.Except(_instances)];
        List<RouterInstance> staying = [.. next.Intersect(_instances)];
        foreach (RouterInstance instance in leaving)
            Handle(instance, RouterEvent.Shutdown, now);

        _instances = next;
        _virtualAddresses = [.. config.Instances.SelectMany(instance => instance.Addresses).Select(at => at.Address)];
        UseGroups(config);
        Dictionary<RouterInstance, AddressPlace[]> before =
            staying.ToDictionary(instance => instance, instance => (AddressPlace[])instance.Places.Clone());
        for (int i = 0; i < next.Count; i++)
        {
            next[i].Use(config.Instances[i]);
            next[i].Look(_network.Interfaces, _virtualAddresses);
        }

        Listen();
        ForgetChecks(config);
        foreach (RouterInstance instance in staying)
            Reconfigure(instance, before[instance], now);
        foreach (RouterInstance instance in starting)
        {
            Tell(instance, now);
            Handle(instance, RouterEvent.Start, now);
        }

        return $"{staying.Count} instances stay, {starting.Count} start, {leaving.Count} end";
    }

    private RouterInstance Make(InstanceConfig config, long now)
    {
        RouterInstance instance = new(config);
        Recorder?.Begin(instance, now);
        return instance;
    }

    private void UseGroups(DaemonConfig config)
    {
        foreach (RouterInstance instance in _instances)
            instance.Group = null;
        foreach (SyncGroupConfig group in config.SyncGroups)
            RouterGroup.Join(group, [.. group.Members.Select(member => _instances[member])]);
    }

    private void Reconfigure(RouterInstance instance, AddressPlace[] before, long now)
    {
        Handle(instance, RouterEvent.Reconfigured(instance.Config.Router), now);
        // A group that is gone cannot say any more that its fault is over.
        if (instance.Group is null && instance.Router.IsHeldByGroup)
            Handle(instance, RouterEvent.GroupChanged(RouterState.Initialize), now);
        MoveAddresses(instance, before, now);
        Tell(instance, now);
    }

    /// <summary>Addresses that stay may have got another interface or prefix; those that go are still there.</summary>
    private void MoveAddresses(RouterInstance instance, AddressPlace[] before, long now)
    {
        if (!instance.HasAddresses)
            return;
        foreach (AddressPlace old in before)
        {
            if (old.InterfaceIndex != 0 && !Array.Exists(instance.Places, place => IsSamePlace(place, old)))
                _runner.Remove(instance, old, old.PrefixLength, now);
        }

        foreach (AddressPlace place in instance.Places)
        {
            if (!Array.Exists(before, old => IsSamePlace(place, old)))
                _runner.Add(instance, place, now);
        }
    }

    private static bool IsSamePlace(AddressPlace left, AddressPlace right) =>
        (left.Address, left.InterfaceIndex, left.PrefixLength)
        == (right.Address, right.InterfaceIndex, right.PrefixLength);

    private static bool IsSame(InstanceConfig old, InstanceConfig wanted) =>
        (old.Name, old.Interface, old.Router.Version, old.Router.Family, old.Router.VirtualRouterId)
        == (wanted.Name, wanted.Interface, wanted.Router.Version, wanted.Router.Family,
            wanted.Router.VirtualRouterId);

    private void ForgetChecks(DaemonConfig config)
    {
        foreach (string name in _checks.Keys.Except(config.Checks.Select(check => check.Name)).ToList())
            _checks.Remove(name);
    }

    private void Fill(LoopSnapshot snapshot, long now)
    {
        snapshot.At = now;
        snapshot.IsRealtime = IsRealtime;
        (snapshot.Steps, snapshot.LatenessMax, snapshot.Pauses) = (_steps, _latenessMax, _pauses);
        snapshot.Unreadable = _unreadable;
        _unknown.CopyTo(snapshot.Unknown, 0);
        foreach (RouterInstance instance in _instances)
        {
            VirtualRouter router = instance.Router;
            snapshot.Instances.Add(new(instance, router.State, instance.LastChange, router.ChangedAt, router.Priority,
                Reasons.OfPriority(router), router.LocalAddress, router.MasterAddress, router.MasterPriority,
                instance.IsLinkUp, instance.HasAddresses,
                instance.HasAddresses ? now - instance.RefreshedAt : 0,
                [.. instance.Counters.RefusedSenders]));
        }
    }
}
