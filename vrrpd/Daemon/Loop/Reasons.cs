namespace Vrrp.Daemon.Loop;

/// <summary>What happened, in words for people.</summary>
internal static class Reasons
{
    /// <summary>Why a state was entered.</summary>
    public static string Text(in RouterAction change) => change.Reason switch
    {
        TransitionReason.None => "not started",
        TransitionReason.Started => "started",
        TransitionReason.Owner => "owner of the addresses (priority 255)",
        TransitionReason.MasterSilent => change.Address.IsNone
            ? "no master was heard"
            : $"master {change.Address} (priority {change.Priority}) is silent",
        TransitionReason.MasterResigned => $"master {change.Address} resigned",
        TransitionReason.Preempted => $"master {change.Address} has the lower priority {change.Priority}",
        TransitionReason.HigherPriority => $"{change.Address} has the higher priority {change.Priority}",
        TransitionReason.HigherAddress => $"{change.Address} has the same priority and the higher address",
        TransitionReason.HandedOver => "a check was found sick; the addresses are handed over",
        TransitionReason.TrackedItemSick => "a tracked item of weight 0 is sick or has no result yet",
        TransitionReason.LinkDown => "the interface is down, without carrier or missing",
        TransitionReason.NoSourceAddress => "the interface has no address to send from",
        TransitionReason.SyncGroup => "its sync group changed",
        TransitionReason.FaultCleared => "the fault is over",
        TransitionReason.Shutdown => "shut down",
        _ => change.Reason.ToString(),
    };

    /// <summary>What makes the effective priority.</summary>
    public static string OfPriority(VirtualRouter router)
    {
        RouterConfig config = router.Config;
        string text = $"configured {config.Priority}";
        for (int i = 0; i < config.Tracked.Length; i++)
        {
            int contribution = config.Tracked[i].Contribution(router.TrackedHealth(i));
            if (contribution != 0)
                text += $", {contribution:+0;-0} by {config.Tracked[i].Name} ({Word(router.TrackedHealth(i))})";
        }

        return text;
    }

    /// <summary>What an alert means.</summary>
    public static string Text(RouterAlert alert, in RouterAction action) => alert switch
    {
        RouterAlert.OtherMaster =>
            $"{action.Address} (priority {action.Priority}) says that it is master too; announced the addresses again",
        RouterAlert.UnlistedMaster =>
            $"gave way to {action.Address} (priority {action.Priority}), which no list of peers names",
        RouterAlert.AddressHeldElsewhere =>
            $"{action.Holder} answers for {action.Address}; announcing until it is quiet",
        RouterAlert.AddressPutBack => $"{action.Address} was deleted by somebody and is put back",
        _ => alert.ToString(),
    };

    /// <summary>Why an advertisement was refused.</summary>
    public static string Text(AdvertFault fault) => fault switch
    {
        AdvertFault.IpHeader or AdvertFault.IpLength or AdvertFault.IpChecksum or AdvertFault.Fragment
            or AdvertFault.Protocol => "malformed IP packet",
        AdvertFault.HopLimit or AdvertFault.HopLimitUnknown => "its TTL says that it came through a router",
        AdvertFault.TooShort or AdvertFault.TooLong or AdvertFault.NoAddresses => "its length is wrong",
        AdvertFault.Version => "another version of the protocol",
        AdvertFault.Type => "not an advertisement",
        AdvertFault.Checksum => "its checksum is wrong",
        AdvertFault.VirtualRouterId => "another virtual router",
        AdvertFault.MartianSource => "no router sends from there",
        AdvertFault.OwnSource => "this node's own address: looped back, or a duplicate address",
        AdvertFault.UnlistedSource => "not among the peers",
        AdvertFault.AuthType or AdvertFault.Password =>
            "another authentication; if it is the peer, both will be master until it is repaired",
        AdvertFault.IntervalMismatch =>
            "another interval; if it is the peer, both will be master until it is repaired",
        AdvertFault.IntervalZero or AdvertFault.IntervalTooLong => "an interval nobody here has",
        AdvertFault.AddressCount or AdvertFault.AddressList =>
            "other addresses; another cluster uses this virtual router id, or the peer's list differs",
        _ => fault.ToString(),
    };

    /// <summary>A health in lower case.</summary>
    public static string Word(Health health) => health switch
    {
        Health.Healthy => "well",
        Health.Sick => "sick",
        _ => "unknown",
    };
}
