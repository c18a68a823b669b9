using System.Collections.Immutable;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Loop;

/// <summary>Instances that change together.</summary>
internal sealed class RouterGroup
{
    private readonly SyncGroup _group;

    private RouterGroup(SyncGroupConfig config, ImmutableArray<RouterInstance> members)
    {
        Config = config;
        Members = members;
        _group = new([.. members.Select(member => member.Router)]);
        State = Common();
    }

    /// <summary>Makes the instances members of a new group.</summary>
    public static void Join(SyncGroupConfig config, ImmutableArray<RouterInstance> members)
    {
        RouterGroup group = new(config, members);
        for (int i = 0; i < members.Length; i++)
            (members[i].Group, members[i].Member) = (group, i);
    }

    /// <summary>The configuration.</summary>
    public SyncGroupConfig Config { get; }

    /// <summary>The instances.</summary>
    public ImmutableArray<RouterInstance> Members { get; }

    /// <summary>The state all members were last seen in.</summary>
    public RouterState State { get; private set; }

    /// <summary>Hands an event to one member, and what follows from it to the others.</summary>
    public void Handle(int member, in RouterEvent happened, long now) => _group.Handle(member, happened, now);

    /// <summary>Whether all members have come to another state together.</summary>
    public bool HasChanged()
    {
        RouterState now = Common();
        if (now == State)
            return false;
        State = now;
        return true;
    }

    private RouterState Common()
    {
        foreach (RouterInstance member in Members)
        {
            if (member.Router.State != Members[0].Router.State)
                return State;
        }

        return Members[0].Router.State;
    }
}
