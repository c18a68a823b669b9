using System.Collections.Immutable;

namespace Vrrp;

/// <summary>
/// Routers that change together, as keepalived's vrrp_sync_group: when one becomes Master, Backup or Fault, the others
/// follow; the group leaves Fault when its last member could. Events of members go through the group.
/// </summary>
/// <param name="members">The routers, two or more; their priorities should be alike.</param>
public sealed class SyncGroup(ImmutableArray<VirtualRouter> members)
{
    private readonly RouterState[] _before = new RouterState[members.Length];

    /// <summary>The routers.</summary>
    public ImmutableArray<VirtualRouter> Members => members;

    /// <summary>Hands an event to one member, and what follows from it to the others.</summary>
    public void Handle(int member, in RouterEvent happened, long now)
    {
        for (int i = 0; i < _before.Length; i++)
            _before[i] = members[i].State;
        members[member].Handle(happened, now);
        ShareFaults(now);
        if (HasMember(RouterState.Master, RouterState.Master, negateBefore: true))
            Demand(RouterState.Master, RouterState.Backup, now);
        else if (HasMember(RouterState.Backup, RouterState.Master, negateBefore: false))
            Demand(RouterState.Backup, RouterState.Master, now);
    }

    private void ShareFaults(long now)
    {
        bool isFaulty = false;
        foreach (VirtualRouter member in members)
            isFaulty |= member.State != RouterState.Initialize && member.OwnFault != TransitionReason.None;
        foreach (VirtualRouter member in members)
        {
            if (member.IsHeldByGroup != isFaulty)
                member.Handle(RouterEvent.GroupChanged(isFaulty ? RouterState.Fault : RouterState.Initialize), now);
        }
    }

    /// <summary>Whether a member is in a state now that was (or was not) in the other before.</summary>
    private bool HasMember(RouterState state, RouterState before, bool negateBefore)
    {
        for (int i = 0; i < _before.Length; i++)
        {
            if (members[i].State == state && _before[i] == before != negateBefore)
                return true;
        }

        return false;
    }

    private void Demand(RouterState demanded, RouterState of, long now)
    {
        foreach (VirtualRouter member in members)
        {
            if (member.State == of)
                member.Handle(RouterEvent.GroupChanged(demanded), now);
        }
    }
}
