namespace Vrrp.Tests;

/// <summary>One router on a bench: a clock that a test moves, and its actions as short texts.</summary>
internal sealed class Rig
{
    public static readonly Address Local = Address.Parse("20.26.25.115");
    public static readonly Address Lower = Address.Parse("20.26.25.114");
    public static readonly Address Higher = Address.Parse("20.26.25.116");

    private readonly List<RouterAction> _actions = [];

    public Rig(RouterConfig config, bool isRunning = true)
    {
        Router = new(config, _actions);
        if (!isRunning)
            return;
        Send(RouterEvent.LinkChanged(true));
        Send(RouterEvent.LocalAddressChanged(config.Family == IpFamily.IPv4 ? Local : Packet.OwnV6));
        for (int i = 0; i < config.Tracked.Length; i++)
            Send(RouterEvent.TrackedChanged(i, Health.Healthy));
        Send(RouterEvent.Start);
    }

    public VirtualRouter Router { get; }

    public long Now { get; private set; } = 1000 * RouterTimers.Second;

    /// <summary>Seconds until the next deadline; null if there is none.</summary>
    public double? Deadline =>
        Router.NextDeadline == RouterTimers.Never ? null : (Router.NextDeadline - Now) / (double)RouterTimers.Second;

    public static RouterConfig V2 { get; } =
        Packet.V2 with { Password = null, GarpMasterDelay = TimeSpan.FromSeconds(1) };

    public static RouterConfig V3 { get; } = V2 with { Version = VrrpVersion.V3 };

    public static Rig Master(RouterConfig config)
    {
        Rig rig = new(config);
        rig.RunUntil(RouterState.Master);
        rig.Wait(10);
        return rig;
    }

    /// <summary>Hands an event in and returns what it led to.</summary>
    public string Send(in RouterEvent happened)
    {
        _actions.Clear();
        Router.Handle(happened, Now);
        return Text(_actions);
    }

    public string Hear(byte priority, Address source, double interval = 1) =>
        Send(RouterEvent.AdvertReceived(new(source, priority, (long)(interval * RouterTimers.Second))));

    /// <summary>Moves the clock without telling anybody.</summary>
    public void Sleep(double seconds) => Now += (long)Math.Round(seconds * RouterTimers.Second);

    /// <summary>Moves the clock and reports every deadline in time.</summary>
    /// <returns>What was done when, in seconds from the start of the wait.</returns>
    public List<(double At, string Actions)> Wait(double seconds)
    {
        List<(double, string)> done = [];
        long start = Now, end = Now + (long)Math.Round(seconds * RouterTimers.Second);
        while (Router.NextDeadline <= end)
        {
            Now = Math.Max(Now, Router.NextDeadline);
            string actions = Send(RouterEvent.DeadlineReached);
            if (actions.Length > 0)
                done.Add((Math.Round((Now - start) / (double)RouterTimers.Second, 3), actions));
        }

        Now = end;
        return done;
    }

    /// <summary>
    /// Reports deadlines until the state is reached, and returns the seconds it took and the last actions.
    /// </summary>
    public (double Seconds, string Actions) RunUntil(RouterState state)
    {
        long start = Now;
        string actions = "";
        while (Router.State != state)
        {
            Now = Router.NextDeadline;
            actions = Send(RouterEvent.DeadlineReached);
        }

        return (Math.Round((Now - start) / (double)RouterTimers.Second, 3), actions);
    }

    public static string Text(IEnumerable<RouterAction> actions) => string.Join(", ", actions.Select(Text));

    private static string Text(RouterAction action) => action.Kind switch
    {
        RouterActionKind.SendAdvert => $"advert {action.Priority}",
        RouterActionKind.AddAddresses => "add all",
        RouterActionKind.RemoveAddresses => "remove all",
        RouterActionKind.AddAddress => $"add {action.Address}",
        RouterActionKind.RemoveAddress => $"remove {action.Address}",
        RouterActionKind.Announce => $"announce {action.Count}",
        RouterActionKind.Probe => "probe",
        RouterActionKind.StateChanged => $"{action.From}->{action.To} {action.Reason}",
        RouterActionKind.PriorityChanged => $"priority {action.Priority}",
        RouterActionKind.Alert => $"alert {action.Alert}",
        _ => throw new ArgumentOutOfRangeException(nameof(action), action.Kind, "no such action"),
    };
}
