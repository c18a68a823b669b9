using System.Diagnostics.CodeAnalysis;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Loop;

/// <summary>
/// The one thread that owns all routers, their timers, sockets and leases. A pass of it: take what came from the
/// network, take what other threads say, let the routers act whose time has come, prolong leases, sleep until the next
/// deadline. There are no timers anywhere else, and a pass in peace allocates nothing.
/// </summary>
/// <remarks>
/// The thread may be in the realtime class. It then must not start threads, nor wake tasks, for which the pool may
/// start one: the runtime spins until the new thread has run, and that has no processor meanwhile.
/// </remarks>
internal sealed partial class RouterLoop
{
    private const int MaxMessages = 4096;
    private const int MaxReceivedPerStep = 8192;
    private const int MaxUnknownLines = 8;

    private readonly INetwork _network;
    private readonly TimeProvider _time;
    private readonly LoopWatcher _watcher;
    private readonly ActionRunner _runner;
    // Not ConcurrentQueue: its reader spins for a writer that is held up, which this thread's class can do for ever.
    private readonly Queue<LoopMessage> _messages = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Health> _checks = [];
    private readonly long[] _unknown = new long[256];
    private readonly RateLimit[] _unknownLimits = new RateLimit[256];
    private BurstLimit _unknownLines;
    private readonly double _microsPerTick;
    private List<RouterInstance> _instances = [];
    private HashSet<Address> _virtualAddresses = [];
    private long _wakeAt = RouterTimers.Never;
    private long _unreadable;
    private long _steps;
    private long _latenessMax;
    private long _pauses;
    private bool _isEnding;

    /// <summary>Makes the instances; nothing is sent or changed yet.</summary>
    public RouterLoop(INetwork network, TimeProvider time, LoopWatcher watcher)
    {
        (_network, _time, _watcher) = (network, time, watcher);
        _microsPerTick = 1e6 / time.TimestampFrequency;
        _runner = new(network, watcher);
    }

    /// <summary>Called in every pass, for a watchdog.</summary>
    public Action<long>? Heartbeat { get; set; }

    /// <summary>Told every event of every router, and what it led to, for a log that can be replayed.</summary>
    public EventRecorder? Recorder { get; set; }

    /// <summary>Whether the loop's thread is in the realtime class; for people.</summary>
    public bool IsRealtime { get; set; }

    /// <summary>Whether all instances have given up their addresses.</summary>
    public bool HasEnded { get; private set; }

    private long Now => (long)(_time.GetTimestamp() * _microsPerTick);

    /// <summary>Tells the loop something, from any thread.</summary>
    /// <returns>False if its queue is full: to be told again later.</returns>
    public bool Post(LoopMessage message)
    {
        lock (_lock)
        {
            if (_messages.Count >= MaxMessages)
                return false;
            _messages.Enqueue(message);
        }

        _network.Wake();
        return true;
    }

    /// <summary>Starts the instances and works until the end is wanted.</summary>
    public void Run(DaemonConfig config, GuardianTable? guardian)
    {
        Start(config, guardian);
        while (!HasEnded)
        {
            Step();
            Sleep();
        }
    }

    /// <summary>
    /// Starts the instances. What an earlier run left on the interfaces goes first (RFC: every router starts without
    /// its addresses, the owner excepted).
    /// </summary>
    public void Start(DaemonConfig config, GuardianTable? guardian)
    {
        _runner.Guardian = guardian;
        Use(config, Now);
        _wakeAt = Now;
    }

    /// <summary>One pass.</summary>
    public void Step()
    {
        long now = Now;
        long late = _wakeAt == RouterTimers.Never ? 0 : now - _wakeAt;
        _steps++;
        Receive(now);
        while (TryTakeMessage(out LoopMessage? message))
            Take(message, now);
        bool wasPaused = false;
        foreach (RouterInstance instance in _instances)
        {
            if (late <= instance.LeaseMicros / 2)
                continue;
            wasPaused = true;
            Resume(instance, late, now);
        }

        if (wasPaused)
            _pauses++;

        Act();
        Heartbeat?.Invoke(now);
        if (_isEnding)
            End();
        _wakeAt = NextDeadline();
    }

    /// <summary>Sleeps until the next deadline, or until something comes.</summary>
    public void Sleep()
    {
        long heartbeat = Heartbeat is null ? RouterTimers.Never : RouterTimers.Second;
        long micros = Math.Min(_wakeAt == RouterTimers.Never ? RouterTimers.Never : _wakeAt - Now, heartbeat);
        _network.Wait(Math.Min(micros, 10 * RouterTimers.Second));
    }

    private bool TryTakeMessage([NotNullWhen(true)] out LoopMessage? message)
    {
        lock (_lock)
            return _messages.TryDequeue(out message);
    }

    private void Act()
    {
        long now = Now;
        foreach (RouterInstance instance in _instances)
        {
            long deadline = instance.Router.NextDeadline;
            if (now < deadline)
                continue;
            // A deadline may be in the past by its nature: "as soon as there is room".
            long late = Math.Clamp(now - Math.Max(deadline, _wakeAt), 0, RouterTimers.Second * 1000);
            instance.Counters.LatenessMax = Math.Max(instance.Counters.LatenessMax, late);
            _latenessMax = Math.Max(_latenessMax, late);
            Handle(instance, RouterEvent.DeadlineReached, now);
        }

        foreach (RouterInstance instance in _instances)
        {
            if (now >= instance.RefreshAt)
                _runner.Refresh(instance, now);
        }
    }

    private long NextDeadline()
    {
        long next = RouterTimers.Never;
        foreach (RouterInstance instance in _instances)
            next = Math.Min(next, Math.Min(instance.Router.NextDeadline, instance.RefreshAt));
        return next;
    }

    /// <summary>Hands an event to a router and does what follows from it.</summary>
    private void Handle(RouterInstance instance, in RouterEvent happened, long now)
    {
        if (instance.Group is not { } group)
        {
            instance.Router.Handle(happened, now);
            Do(instance, now);
            return;
        }

        group.Handle(instance.Member, happened, now);
        foreach (RouterInstance member in group.Members)
            Do(member, now);
        if (group.HasChanged())
            _watcher.OnGroup(group);
    }

    private void Do(RouterInstance instance, long now)
    {
        Recorder?.Acted(instance, now);
        _runner.Run(instance, now);
    }

    /// <summary>
    /// The loop did not run for so long that leases may have ended and others may have taken over. What waited in the
    /// sockets is handled by now.
    /// </summary>
    private void Resume(RouterInstance instance, long late, long now)
    {
        _watcher.OnPause(instance, late);
        Handle(instance, RouterEvent.Resumed, now);
    }

    private void End()
    {
        long now = Now;
        foreach (RouterInstance instance in _instances)
            Handle(instance, RouterEvent.Shutdown, now);
        HasEnded = true;
    }
}
