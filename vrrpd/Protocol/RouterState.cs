namespace Vrrp;

/// <summary>The states of RFC 3768 §6.4 and RFC 9568 §6.4 (where Master is Active), and keepalived's Fault.</summary>
public enum RouterState : byte
{
    /// <summary>Not started, or shut down.</summary>
    Initialize,

    /// <summary>Listening for the master.</summary>
    Backup,

    /// <summary>Holding the addresses.</summary>
    Master,

    /// <summary>Unable to be either: link down, no address to send from, a check of weight 0.</summary>
    Fault,
}

/// <summary>Why a state was entered.</summary>
public enum TransitionReason : byte
{
    /// <summary>None yet.</summary>
    None,

    /// <summary>The daemon started the router.</summary>
    Started,

    /// <summary>The router owns the addresses (priority 255).</summary>
    Owner,

    /// <summary>No advertisement came for Master_Down_Interval.</summary>
    MasterSilent,

    /// <summary>The master resigned (priority 0).</summary>
    MasterResigned,

    /// <summary>The master has a lower priority.</summary>
    Preempted,

    /// <summary>Another master has a higher priority.</summary>
    HigherPriority,

    /// <summary>Another master has the same priority and a higher address.</summary>
    HigherAddress,

    /// <summary>A weighted check was found sick and the addresses were handed over.</summary>
    HandedOver,

    /// <summary>A tracked item of weight 0 is sick or has no result yet.</summary>
    TrackedItemSick,

    /// <summary>The interface is down, without carrier, or missing.</summary>
    LinkDown,

    /// <summary>The interface has no address to send from.</summary>
    NoSourceAddress,

    /// <summary>Another router of the sync group changed its state.</summary>
    SyncGroup,

    /// <summary>What forbade to run is over.</summary>
    FaultCleared,

    /// <summary>The daemon shuts the router down.</summary>
    Shutdown,
}
