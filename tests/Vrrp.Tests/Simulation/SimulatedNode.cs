namespace Vrrp.Tests.Simulation;

/// <summary>
/// A node as the daemon makes it: it performs actions, drains its socket before it looks at the clock, and holds
/// addresses by lease, so that they vanish some time after it stopped running.
/// </summary>
internal sealed class SimulatedNode
{
    private const int SocketBuffer = 200;

    private readonly Queue<byte[]> _waiting = new();
    private readonly List<RouterAction> _actions = [];
    private readonly Action<SimulatedNode, byte> _send;
    private readonly long _lease;
    private RouterConfig _config;
    private long _stoppedAt;
    private bool _hasAddresses;
    private bool _isLeaseOver;
    private bool _isHealthy = true;

    public SimulatedNode(RouterConfig config, Address address, long lease, Action<SimulatedNode, byte> send)
    {
        _config = config;
        _lease = lease;
        _send = send;
        Address = address;
        Router = new(config, _actions);
    }

    public Address Address { get; }

    public VirtualRouter Router { get; private set; }

    public List<RouterLogLine>? Log { get; set; }

    public bool IsAlive { get; private set; }

    public bool IsFrozen { get; private set; }

    public bool IsLinkUp { get; private set; } = true;

    public bool IsRunning => IsAlive && !IsFrozen;

    public long Deadline => IsRunning ? Router.NextDeadline : RouterTimers.Never;

    /// <summary>Whether the node's kernel answers for the addresses.</summary>
    public bool IsOwner(long now) =>
        _hasAddresses && !_isLeaseOver && IsLinkUp && (IsRunning || now < _stoppedAt + _lease);

    public void Boot(long now)
    {
        if (IsAlive)
            return;
        IsAlive = true;
        IsFrozen = false;
        _waiting.Clear();
        Router = new(_config, _actions);
        if (Log is not null)
        {
            Log.Add(new(_config.Name, now) { Config = _config });
            Router.Recorder = (happened, at) => Log.Add(new(_config.Name, at) { Event = happened });
        }

        Handle(RouterEvent.LinkChanged(IsLinkUp), now);
        Handle(RouterEvent.LocalAddressChanged(Address), now);
        Handle(RouterEvent.TrackedChanged(0, _isHealthy ? Health.Healthy : Health.Sick), now);
        Handle(RouterEvent.Start, now);
    }

    public void Kill(long now)
    {
        if (IsRunning)
            _stoppedAt = now;
        IsAlive = false;
    }

    public void ShutDown(long now)
    {
        if (!IsRunning)
            return;
        Handle(RouterEvent.Shutdown, now);
        IsAlive = false;
    }

    public void Freeze(long now)
    {
        if (!IsRunning)
            return;
        IsFrozen = true;
        _stoppedAt = now;
    }

    public void Thaw(long now)
    {
        if (!IsAlive || !IsFrozen)
            return;
        IsFrozen = false;
        _isLeaseOver = now >= _stoppedAt + _lease;
        Handle(RouterEvent.LinkChanged(IsLinkUp), now);
        while (_waiting.TryDequeue(out byte[]? packet))
            Read(packet, now);
        if (now - _stoppedAt > _lease / 2)
            Handle(RouterEvent.Resumed, now);
        Handle(RouterEvent.DeadlineReached, now);
    }

    public void SetLink(bool isUp, long now)
    {
        IsLinkUp = isUp;
        if (IsRunning)
            Handle(RouterEvent.LinkChanged(isUp), now);
    }

    public void SetHealth(bool isHealthy, long now)
    {
        if (!IsRunning || isHealthy == _isHealthy)
            return;
        _isHealthy = isHealthy;
        Handle(RouterEvent.TrackedChanged(0, isHealthy ? Health.Healthy : Health.Sick), now);
    }

    public void SetPriority(byte priority, long now)
    {
        _config = _config with { Priority = priority };
        if (IsRunning)
            Handle(RouterEvent.Reconfigured(_config), now);
    }

    public void Receive(byte[] packet, long now)
    {
        if (!IsLinkUp || !IsAlive)
            return;
        if (!IsFrozen)
            Read(packet, now);
        else if (_waiting.Count < SocketBuffer)
            _waiting.Enqueue(packet);
    }

    public void Handle(in RouterEvent happened, long now)
    {
        Router.Handle(happened, now);
        foreach (RouterAction action in _actions)
        {
            Log?.Add(new(_config.Name, now) { Action = action });
            if (action.Kind == RouterActionKind.SendAdvert)
                _send(this, action.Priority);
            else if (action.Kind is RouterActionKind.AddAddresses or RouterActionKind.RemoveAddresses)
                (_hasAddresses, _isLeaseOver) = (action.Kind == RouterActionKind.AddAddresses, false);
        }

        _actions.Clear();
        // Before the start there may be some that an earlier run left.
        if (Router.State != RouterState.Initialize && _hasAddresses != (Router.State == RouterState.Master))
            throw new InvalidOperationException($"{Address} is {Router.State} and has addresses: {_hasAddresses}");
        if (happened.Kind == RouterEventKind.DeadlineReached && Router.NextDeadline <= now)
            throw new InvalidOperationException($"{Address} was called in time and wants to be called again");
    }

    private void Read(byte[] packet, long now)
    {
        if (Packet.Read(packet, _config, out Advert advert, Address) == AdvertFault.None)
            Handle(RouterEvent.AdvertReceived(advert), now);
    }
}
