using System.Collections.Immutable;

namespace Vrrp;

/// <summary>
/// One virtual router: the state machine of RFC 3768 §6.4 (version 2) and RFC 9568 §6.4 (version 3), whose section
/// numbers agree, with what keepalived adds to it. It does nothing by itself: events come in with the time, actions go
/// out, and <see cref="NextDeadline"/> says when it wants to be called. Every event has a meaning in every state.
/// </summary>
/// <remarks>
/// Times are microseconds of any monotonic clock. Not safe for more than one thread. Allocates nothing while the
/// configuration stays and the list of actions has room.
/// </remarks>
public sealed partial class VirtualRouter
{
    private readonly List<RouterAction> _actions;
    private readonly AnnouncementSchedule _announcements = new();
    private Health[] _tracked;
    private bool[] _owesHandOver;
    private Health _peer;
    private bool _isLinkUp;
    private bool _isHeldByGroup;

    /// <summary>Makes a router in Initialize.</summary>
    /// <param name="config">A valid configuration (<see cref="RouterConfigRules"/>).</param>
    /// <param name="actions">Receives the actions; the caller performs and removes them after each event.</param>
    public VirtualRouter(RouterConfig config, List<RouterAction> actions)
    {
        Config = config;
        _actions = actions;
        _tracked = new Health[config.Tracked.Length];
        _owesHandOver = new bool[config.Tracked.Length];
        _masterInterval = config.IntervalMicros;
        Priority = EffectivePriority.Of(config, _tracked);
    }

    /// <summary>Told every event before it is handled, for a log that can be replayed.</summary>
    public Action<RouterEvent, long>? Recorder { get; set; }

    /// <summary>The configuration in force.</summary>
    public RouterConfig Config { get; private set; }

    /// <summary>The state.</summary>
    public RouterState State { get; private set; }

    /// <summary>Why the state was entered.</summary>
    public TransitionReason Reason { get; private set; }

    /// <summary>When the state was entered.</summary>
    public long ChangedAt { get; private set; }

    /// <summary>The effective priority.</summary>
    public byte Priority { get; private set; }

    /// <summary>The address advertisements are sent from; none if the interface has none.</summary>
    public Address LocalAddress { get; private set; }

    /// <summary>
    /// What the router itself suffers from, the sync group apart; <see cref="TransitionReason.None"/> if nothing.
    /// </summary>
    public TransitionReason OwnFault =>
        !_isLinkUp ? TransitionReason.LinkDown
        : LocalAddress.IsNone ? TransitionReason.NoSourceAddress
        : EffectivePriority.IsFault(Config, _tracked) ? TransitionReason.TrackedItemSick
        : TransitionReason.None;

    /// <summary>Whether the sync group keeps the router in Fault.</summary>
    public bool IsHeldByGroup => _isHeldByGroup;

    /// <summary>
    /// When to report <see cref="RouterEvent.DeadlineReached"/>; <see cref="RouterTimers.Never"/> if never.
    /// </summary>
    public long NextDeadline => State switch
    {
        RouterState.Backup => _downAt,
        RouterState.Master => Math.Min(_advertAt, Math.Min(_probeAt, _announcements.Deadline)),
        _ => RouterTimers.Never,
    };

    private bool IsOwner => Priority == EffectivePriority.Owner;

    /// <summary>The health of a tracked item, by its place in the configuration.</summary>
    public Health TrackedHealth(int index) => _tracked[index];

    /// <summary>Takes an event, appends what is to be done, and moves <see cref="NextDeadline"/>.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="now">When: microseconds, never less than before.</param>
    public void Handle(in RouterEvent happened, long now)
    {
        Recorder?.Invoke(happened, now);
        switch (happened.Kind)
        {
            case RouterEventKind.Start:
                Start(now);
                break;
            case RouterEventKind.Shutdown:
                Shutdown(now);
                break;
            case RouterEventKind.DeadlineReached:
                OnDeadline(now);
                break;
            case RouterEventKind.Resumed:
                OnResumed(now);
                break;
            case RouterEventKind.AdvertReceived:
                OnAdvert(happened.Advert, now);
                break;
            case RouterEventKind.LinkChanged:
                _isLinkUp = happened.IsUp;
                Reconsider(now);
                break;
            case RouterEventKind.LocalAddressChanged:
                LocalAddress = happened.Address;
                Reconsider(now);
                break;
            case RouterEventKind.TrackedChanged:
                OnTracked(happened.Index, happened.Health, now);
                break;
            case RouterEventKind.PeerChanged:
                _peer = happened.Health;
                HandOverWhatIsOwed(now);
                break;
            case RouterEventKind.AddressLost:
                PutBack(happened.Address, now);
                break;
            case RouterEventKind.AddressClaimed:
                OnClaim(happened.Address, happened.Holder, now);
                break;
            case RouterEventKind.GroupChanged:
                OnGroup(happened.State, now);
                break;
            case RouterEventKind.Reconfigured:
                Reconfigure(happened.Config ?? Config, now);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(happened), happened.Kind, "no such event");
        }
    }

    // An event without meaning in a state is one that a state has nothing to do for: it ends in none of the branches.
    private void OnDeadline(long now)
    {
        if (State == RouterState.Backup && now >= _downAt)
            BecomeMaster(_takeover, now);
        else if (State == RouterState.Master)
            KeepMaster(now);
    }

    // RFC 3768 §6.4.1, RFC 9568 §6.4.1: in Initialize advertisements are not looked at; in Fault neither.
    private void OnAdvert(in Advert advert, long now)
    {
        if (State == RouterState.Backup)
            HearAsBackup(advert, now);
        else if (State == RouterState.Master)
            HearAsMaster(advert, now);
    }

    // RFC 3768 §6.4.1, RFC 9568 §6.4.1: Startup. What an earlier run left on the interface goes first, except at the
    // owner, whose addresses may be the interface's own.
    private void Start(long now)
    {
        if (State != RouterState.Initialize)
            return;
        if (!IsOwner || FaultReason() != TransitionReason.None)
            Do(RouterActionKind.RemoveAddresses);
        Run(TransitionReason.Started, now);
    }

    // RFC 3768 §6.4.2 and §6.4.3, RFC 9568 §6.4.2 and §6.4.3: Shutdown.
    private void Shutdown(long now)
    {
        if (State == RouterState.Master)
            Resign();
        if (State != RouterState.Initialize)
            Change(RouterState.Initialize, TransitionReason.Shutdown, now);
    }

    /// <summary>Goes where the circumstances allow: Fault, Master for the owner, Backup for everybody else.</summary>
    private void Run(TransitionReason reason, long now)
    {
        TransitionReason fault = FaultReason();
        if (fault != TransitionReason.None)
            Change(RouterState.Fault, fault, now);
        else if (IsOwner)
            BecomeMaster(TransitionReason.Owner, now);
        else
            BecomeBackup(reason, now);
    }

    /// <summary>The circumstances changed.</summary>
    private void Reconsider(long now)
    {
        if (State == RouterState.Initialize)
            return;
        TransitionReason fault = FaultReason();
        if (State == RouterState.Fault)
        {
            if (fault == TransitionReason.None)
                Run(TransitionReason.FaultCleared, now);
            else
                Reason = fault;
        }
        else if (fault != TransitionReason.None)
        {
            if (State == RouterState.Master)
                Resign();
            Change(RouterState.Fault, fault, now);
        }
    }

    private TransitionReason FaultReason() =>
        OwnFault is not TransitionReason.None and var fault ? fault
        : _isHeldByGroup ? TransitionReason.SyncGroup
        : TransitionReason.None;

    private void OnGroup(RouterState demanded, long now)
    {
        if (demanded == RouterState.Master && State == RouterState.Backup)
        {
            BecomeMaster(TransitionReason.SyncGroup, now);
        }
        else if (demanded == RouterState.Backup && State == RouterState.Master)
        {
            Resign();
            BecomeBackup(TransitionReason.SyncGroup, now);
        }
        else if (demanded is RouterState.Fault or RouterState.Initialize)
        {
            _isHeldByGroup = demanded == RouterState.Fault;
            Reconsider(now);
        }
    }

    private void Change(RouterState to, TransitionReason reason, long now, Address other = default, byte priority = 0)
    {
        RouterState from = State;
        State = to;
        Reason = reason;
        ChangedAt = now;
        _actions.Add(new(RouterActionKind.StateChanged)
        {
            From = from,
            To = to,
            Reason = reason,
            Address = other,
            Priority = priority,
        });
    }

    private void Do(RouterActionKind kind) => _actions.Add(new(kind));

    private void Alert(RouterAlert alert, Address address, byte priority = 0, HardwareAddress holder = default) =>
        _actions.Add(new(RouterActionKind.Alert)
        {
            Alert = alert,
            Address = address,
            Priority = priority,
            Holder = holder,
        });

    private static bool IsOneOf(RouterConfig config, Address address) =>
        config.VirtualAddresses.Contains(address) || config.ExcludedAddresses.Contains(address);

    private static ImmutableArray<Address> AllAddresses(RouterConfig config) =>
        config.VirtualAddresses.AddRange(config.ExcludedAddresses);
}
