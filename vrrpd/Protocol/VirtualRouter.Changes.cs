using System.Collections.Immutable;

namespace Vrrp;

/// <summary>What changes a router from outside the protocol: health and configuration.</summary>
public sealed partial class VirtualRouter
{
    private void OnTracked(int index, Health health, long now)
    {
        TrackedItem item = Config.Tracked[index];
        int before = item.Contribution(_tracked[index]);
        int after = item.Contribution(health);
        _tracked[index] = health;
        UpdatePriority(now);
        Reconsider(now);

        if (after > before)
            _owesHandOver[index] = false;
        else if (after < before && State == RouterState.Master && !IsOwner && Config.HandOver == HandOver.Immediate)
            _owesHandOver[index] = true;
        HandOverWhatIsOwed(now);
    }

    /// <summary>
    /// Resigns for a check found sick while Master: once, because a router that becomes master again has no better
    /// peer. A peer known to be sick gains nothing; it is handed over to when it has recovered.
    /// </summary>
    private void HandOverWhatIsOwed(long now)
    {
        if (State != RouterState.Master || _peer == Health.Sick || !_owesHandOver.AsSpan().Contains(true))
            return;
        Resign();
        BecomeBackup(TransitionReason.HandedOver, now);
    }

    // As keepalived: the running timer moves by what the own skew changed.
    private void UpdatePriority(long now)
    {
        byte priority = EffectivePriority.Of(Config, _tracked);
        if (priority == Priority)
            return;
        long before = MasterDownTime;
        Priority = priority;
        _actions.Add(new(RouterActionKind.PriorityChanged) { Priority = priority });
        if (State == RouterState.Backup)
        {
            _downAt += MasterDownTime - before;
            if (IsOwner)
                BecomeMaster(TransitionReason.Owner, now);
        }
    }

    /// <summary>Takes over what can change in place; addresses that stay are not touched.</summary>
    /// <exception cref="ArgumentException">Name, version, family or id differ: that is another router.</exception>
    private void Reconfigure(RouterConfig next, long now)
    {
        RouterConfig old = Config;
        if ((next.Name, next.Version, next.Family, next.VirtualRouterId)
            != (old.Name, old.Version, old.Family, old.VirtualRouterId))
            throw new ArgumentException($"{next.Name} is another router than {old.Name}", nameof(next));

        long downBefore = MasterDownTime;
        (_tracked, _owesHandOver) = CarryOver(old, next);
        Config = next;
        if (_masterInterval == old.IntervalMicros || next.Version == VrrpVersion.V2)
            _masterInterval = next.IntervalMicros;
        if (State == RouterState.Backup)
            _downAt += MasterDownTime - downBefore;
        else if (State == RouterState.Master)
            ChangeAddresses(AllAddresses(old), AllAddresses(next), now);
        UpdatePriority(now);
        Reconsider(now);
    }

    private (Health[] Tracked, bool[] OwesHandOver) CarryOver(RouterConfig old, RouterConfig next)
    {
        Health[] tracked = new Health[next.Tracked.Length];
        bool[] owes = new bool[next.Tracked.Length];
        for (int i = 0; i < tracked.Length; i++)
        {
            for (int j = 0; j < old.Tracked.Length; j++)
            {
                if (old.Tracked[j].Name == next.Tracked[i].Name)
                    (tracked[i], owes[i]) = (_tracked[j], _owesHandOver[j]);
            }
        }

        return (tracked, owes);
    }

    private void ChangeAddresses(ImmutableArray<Address> old, ImmutableArray<Address> next, long now)
    {
        _advertAt = Math.Min(_advertAt, now + Config.IntervalMicros);
        _announcements.RestartRefresh(Config, now);
        foreach (Address address in old.Except(next))
            _actions.Add(new(RouterActionKind.RemoveAddress) { Address = address });
        int before = _actions.Count;
        foreach (Address address in next.Except(old))
            _actions.Add(new(RouterActionKind.AddAddress) { Address = address });
        if (_actions.Count > before)
            AnnounceInDoubt(now);
    }
}
