namespace Vrrp.Tests.Simulation;

/// <summary>
/// Some nodes on a bus that loses, delays, duplicates and spoils packets, while nodes die, freeze, lose their link or
/// their health. Everything follows from the seed. At <see cref="HealedAt"/> the bus becomes good and the nodes stay as
/// they are; delays and duplicates remain.
/// </summary>
internal sealed class Lab
{
    private readonly Random _random;
    private readonly PriorityQueue<Action<long>, (long At, long Order)> _future = new();
    private readonly byte[] _message = new byte[AdvertCodec.MaxLength];
    private readonly bool[] _isOnSideB;
    private bool _isPartitioned;
    private double _loss;
    private long _order;
    private long _now;
    private bool _isWild = true;

    public Lab(int seed, bool isLogged = false)
    {
        _random = new(seed);
        Config = MakeConfig();
        Interval = Config.IntervalMicros;
        Lease = Interval < RouterTimers.Second ? RouterTimers.Second : 2 * RouterTimers.Second;
        MaxDelay = Interval / 20;
        Nodes = new SimulatedNode[_random.Next(2, 6)];
        _isOnSideB = new bool[Nodes.Length];
        for (int i = 0; i < Nodes.Length; i++)
        {
            RouterConfig config = Config with { Name = $"n{i}", Priority = SomePriority() };
            Nodes[i] = new(config, Address.Read([20, 26, 25, (byte)(100 + i)]), Lease, Send);
            if (isLogged)
                Nodes[i].Log = [];
            SimulatedNode node = Nodes[i];
            At(_random.NextInt64(2 * Interval), node.Boot);
        }

        HealedAt = _random.Next(8, 30) * Interval;
        for (int i = _random.Next(4, 16); i > 0; i--)
            At(_random.NextInt64(HealedAt), Disturb);
        At(HealedAt, Heal);
    }

    public RouterConfig Config { get; }

    public long Interval { get; }

    public long Lease { get; }

    public long MaxDelay { get; }

    public SimulatedNode[] Nodes { get; }

    public long HealedAt { get; }

    /// <summary>The longest time after which somebody notices that there is no master.</summary>
    public long MasterDown => RouterTimers.MasterDown(Config.Version, 1, Interval);

    public int Owners => Nodes.Count(node => node.IsOwner(_now));

    /// <summary>Runs until the time, and tells the observer how many owners there were from when to when.</summary>
    public void Run(long until, Action<long, long, int>? observe = null)
    {
        while (true)
        {
            long next = _future.TryPeek(out _, out (long At, long) first) ? first.At : RouterTimers.Never;
            SimulatedNode? due = null;
            foreach (SimulatedNode node in Nodes)
            {
                if (node.Deadline < next)
                    (next, due) = (node.Deadline, node);
            }

            next = Math.Max(next, _now);
            observe?.Invoke(_now, Math.Min(next, until), Owners);
            if (next >= until)
                break;
            _now = next;
            if (due is not null)
                due.Handle(RouterEvent.DeadlineReached, _now);
            else
                _future.Dequeue()(_now);
        }

        _now = until;
    }

    private RouterConfig MakeConfig()
    {
        RouterConfig config = _random.Next(3) switch
        {
            0 => Packet.V2,
            1 => Packet.V3,
            _ => Packet.V3 with { AdvertInterval = TimeSpan.FromMilliseconds(100) },
        };
        return config with
        {
            Tracked = [new("gateway", _random.Next(-60, -1))],
            Preempt = _random.Next(4) > 0,
            PreemptDelay = _random.Next(4) == 0 ? 5 * config.AdvertInterval : TimeSpan.Zero,
            HandOver = (HandOver)_random.Next(2),
        };
    }

    // Few values, so that equal priorities are common.
    private byte SomePriority() =>
        (byte)(_random.Next(5) switch { 0 => 99, 1 or 2 => 100, 3 => 254, _ => _random.Next(1, 255) });

    private void At(long time, Action<long> action) => _future.Enqueue(action, (time, _order++));

    private void Disturb(long now)
    {
        SimulatedNode node = Nodes[_random.Next(Nodes.Length)];
        long later = now + _random.NextInt64(6 * Interval);
        switch (_random.Next(9))
        {
            case 0:
                node.Kill(now);
                At(later, node.Boot);
                break;
            case 1:
                node.ShutDown(now);
                At(later, node.Boot);
                break;
            case 2:
                node.Freeze(now);
                At(later, node.Thaw);
                break;
            case 3:
                node.SetLink(false, now);
                At(later, at => node.SetLink(true, at));
                break;
            case 4:
                node.SetHealth(false, now);
                At(later, at => node.SetHealth(true, at));
                break;
            case 5:
                node.SetHealth(_random.Next(2) == 0, now);
                break;
            case 6:
                node.SetPriority(SomePriority(), now);
                break;
            case 7:
                _isPartitioned = !_isPartitioned;
                for (int i = 0; i < _isOnSideB.Length; i++)
                    _isOnSideB[i] = _random.Next(2) == 0;
                break;
            default:
                _loss = _random.NextDouble();
                break;
        }
    }

    // Some nodes stay dead, but never all of them.
    private void Heal(long now)
    {
        _isWild = _isPartitioned = false;
        _loss = 0;
        _future.Clear();
        for (int i = 0; i < Nodes.Length; i++)
        {
            Nodes[i].SetLink(true, now);
            if (Nodes[i].IsFrozen)
                Nodes[i].Thaw(now);
            if (i == 0 || _random.Next(3) > 0)
                Nodes[i].Boot(now);
        }
    }

    private void Send(SimulatedNode from, byte priority)
    {
        if (!from.IsLinkUp)
            return;
        int length = AdvertCodec.Encode(
            _message, from.Router.Config, priority, from.Address, AdvertCodec.MulticastGroup(IpFamily.IPv4));
        byte[] packet = Packet.Wrap(_message.AsSpan(0, length), from.Address);
        int sender = Array.IndexOf(Nodes, from);
        for (int i = 0; i < Nodes.Length; i++)
        {
            bool isCut = _isPartitioned && _isOnSideB[i] != _isOnSideB[sender];
            if (i == sender || isCut || _random.NextDouble() < _loss)
                continue;
            for (int copies = _random.Next(10) == 0 ? 2 : 1; copies > 0; copies--)
                Deliver(Nodes[i], packet);
        }
    }

    private void Deliver(SimulatedNode to, byte[] packet)
    {
        if (_isWild && _random.Next(20) == 0)
        {
            packet = [.. packet];
            packet[_random.Next(packet.Length)] ^= (byte)(1 << _random.Next(8));
        }

        long delay = _random.NextInt64(_isWild ? 3 * Interval : MaxDelay);
        At(_now + (_isWild && _random.Next(4) > 0 ? delay % MaxDelay : delay), at => to.Receive(packet, at));
    }
}
