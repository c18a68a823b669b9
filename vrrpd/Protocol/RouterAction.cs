using System.Text.Json.Serialization;

namespace Vrrp;

/// <summary>What a router wants done. Actions are performed in order.</summary>
public enum RouterActionKind : byte
{
    /// <summary>Send an advertisement with <see cref="RouterAction.Priority"/>.</summary>
    SendAdvert,

    /// <summary>Put all addresses on the interface; one that is there already is refreshed.</summary>
    AddAddresses,

    /// <summary>Take all addresses from the interface, whatever left them there.</summary>
    RemoveAddresses,

    /// <summary>Put one address on the interface.</summary>
    AddAddress,

    /// <summary>Take one address from the interface.</summary>
    RemoveAddress,

    /// <summary>
    /// Tell the neighbours <see cref="RouterAction.Count"/> times, each time once for every address: gratuitous ARP for
    /// IPv4, unsolicited neighbour advertisement for IPv6.
    /// </summary>
    Announce,

    /// <summary>Ask the neighbours whether anybody else has the addresses.</summary>
    Probe,

    /// <summary>The state changed: metrics, log, hooks.</summary>
    StateChanged,

    /// <summary>The effective priority changed: metrics, log.</summary>
    PriorityChanged,

    /// <summary>Tell the operator.</summary>
    Alert,
}

/// <summary>What the operator should know.</summary>
public enum RouterAlert : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Another router of lower or equal rank says it is master too.</summary>
    OtherMaster,

    /// <summary>This master gave way to a higher one, and no list of peers says that it may be one.</summary>
    UnlistedMaster,

    /// <summary>Another station answers for the address.</summary>
    AddressHeldElsewhere,

    /// <summary>One of the addresses was deleted by somebody and is put back.</summary>
    AddressPutBack,
}

/// <summary>One thing to do. Only the members of its kind are set.</summary>
/// <param name="Kind">What to do.</param>
public readonly record struct RouterAction(RouterActionKind Kind)
{
    /// <summary>Priority to send; of a change: the other master's, or the own new one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public byte Priority { get; init; }

    /// <summary>How many times to announce.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Count { get; init; }

    /// <summary>
    /// The address to add or remove; of a change or alert: the other master's, or the address it is about.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Address Address { get; init; }

    /// <summary>Who holds the address.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public HardwareAddress Holder { get; init; }

    /// <summary>The state left.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RouterState From { get; init; }

    /// <summary>The state entered.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RouterState To { get; init; }

    /// <summary>Why it was entered.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TransitionReason Reason { get; init; }

    /// <summary>What to tell.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public RouterAlert Alert { get; init; }
}
