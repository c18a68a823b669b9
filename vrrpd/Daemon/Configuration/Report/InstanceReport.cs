namespace Vrrp.Daemon.Configuration.Report;

/// <summary>Explains one instance: who has its addresses when, and after how long.</summary>
internal sealed class InstanceReport(InstanceConfig instance, InstanceConfig? peer, DaemonConfig config)
{
    private readonly RouterConfig _router = instance.Router;
    private readonly Election _election = new(instance.Router, peer?.Router ?? Assumed(instance.Router));
    private readonly List<string> _lines = [];

    /// <summary>What stands in the way of what the weights are there for.</summary>
    public List<ConfigurationFinding> Warnings { get; } = [];

    /// <summary>The explanation.</summary>
    public IReadOnlyList<string> Lines()
    {
        _lines.Add($"{instance.Name}: version {(int)_router.Version}, {_router.Family}, virtual router "
            + $"{_router.VirtualRouterId} on {instance.Interface}, priority {_router.Priority}");
        _lines.Add($"  addresses      {string.Join(", ", instance.Addresses.Select(Described))}");
        _lines.Add($"  advertisements every {TimeText.Seconds(_router.AdvertInterval)} "
            + $"{(_router.UnicastPeers.IsEmpty ? "by multicast" : "to " + string.Join(", ", _router.UnicastPeers))}; "
            + $"listens to {Sources()}");
        if (_router.Priority == EffectivePriority.Owner)
            _lines.Add("  takes over     at once when it starts: priority 255 owns the addresses");
        else
            _lines.Add($"  takes over     {Time(Election.Down(_router, _router.Priority))} after the last "
                + "advertisement of a master that vanished (3 intervals and the skew), "
                + $"{Time(Election.Skew(_router, _router.Priority))} after one that resigned (the skew)");
        _lines.Add("  its peer       " + (peer is null
            ? $"is not known (give its file too); assumed: as this one, with priority {_election.There.Priority}"
            : $"has priority {_election.There.Priority}"));
        _lines.Add("  who is master");
        Scenario("all well", _ => false, _ => false);
        foreach (TrackedItem item in _router.Tracked)
            Scenario($"{item.Name} fails here", failing => failing == item, _ => false);
        foreach (TrackedItem item in _election.There.Tracked)
            Scenario($"{item.Name} fails there", _ => false, failing => failing == item);
        if (!_router.Tracked.IsEmpty && !_election.There.Tracked.IsEmpty)
            Scenario("all fail on both", _ => true, _ => true);
        foreach (TrackedItem item in _router.Tracked)
            CheckWeight(item);
        return _lines;
    }

    // One less is what a pair usually has; which of the two it is, is not known.
    private static RouterConfig Assumed(RouterConfig router) =>
        router with { Priority = (byte)(router.Priority == 1 ? 2 : router.Priority - 1) };

    private static string Described(VirtualAddress address)
    {
        string device = $"{address} on {address.Device}";
        bool isWhole = address.PrefixLength == 8 * address.Address.Length;
        return isWhole || address.KeepPrefix ? device : $"{device} (/{8 * address.Address.Length} in its own subnet)";
    }

    private string Sources() => _router.AcceptedSources.IsEmpty
        ? "everybody (Peers would name who may)"
        : string.Join(", ", _router.AcceptedSources);

    private void Scenario(string what, Func<TrackedItem, bool> here, Func<TrackedItem, bool> there)
    {
        int own = Election.Rank(_router, here);
        int others = Election.Rank(_election.There, there);
        string who = _election.Of(here, there) switch
        {
            Winner.Here => "here",
            Winner.There => "there",
            Winner.HigherAddress => "whoever sends from the higher address",
            _ => "nobody",
        };
        string ranks = $"{Rank(own)} here, {Rank(others)} there";
        _lines.Add($"    {what + ":",-32} {ranks,-24} {who}{Course(here, there)}");
    }

    private static string Rank(int rank) => rank == 0 ? "Fault" : $"{rank}";

    /// <summary>How and when the addresses move when this machine has them and its checks fail.</summary>
    private string Course(Func<TrackedItem, bool> here, Func<TrackedItem, bool> there)
    {
        TrackedItem[] failing = [.. _router.Tracked.Where(here)];
        if (failing.Length == 0 || _election.There.Tracked.Any(there)
            || _election.Of(_ => false, _ => false) is Winner.There)
            return "";
        string seen = string.Join(", ", failing.Select(Noticed).Where(text => text.Length > 0).Distinct());
        int own = Election.Rank(_router, here);
        int others = Election.Rank(_election.There, there);
        if (own == EffectivePriority.Owner)
            return "";
        if (own == 0 || (_router.HandOver == HandOver.Immediate && own < Election.Rank(_router, _ => false)))
            return others == 0
                ? $"; {seen}resigns at once"
                : $"; {seen}resigns at once, the peer takes over "
                    + $"{Time(Election.Skew(_election.There, others))} later{ComesBack(own, others)}";
        if (own >= others || !_election.There.Preempt)
            return "";
        TimeSpan latest = Election.Down(_election.There, others) + _election.There.PreemptDelay;
        return $"; {seen}the peer takes over up to {Time(latest)} later";
    }

    private string ComesBack(int own, int others) => own > others && _router.Preempt
        ? $", and this machine takes them back after {Time(Election.Down(_router, own) + _router.PreemptDelay)}"
        : "";

    private string Noticed(TrackedItem item)
    {
        if (config.Checks.FirstOrDefault(check => check.Name == item.Name) is not { } check)
            return "";
        TimeSpan failing = check.Interval * check.Fall;
        return $"noticed within {Time(failing)} ({Time(failing + check.Timeout)} if it hangs), then ";
    }

    /// <summary>Whether a failure of what is weighed here lets the peer win.</summary>
    private void CheckWeight(TrackedItem item)
    {
        int well = Election.Rank(_router, _ => false);
        int after = Election.Rank(_router, failing => failing == item);
        int others = Election.Rank(_election.There, _ => false);
        if (item.Weight == 0 || after >= well || _router.Priority == EffectivePriority.Owner || well < others)
            return;
        string path = $"Instances:{instance.Name}:Track{(IsCheck(item) ? "Checks" : "Interfaces")}";
        string whose = peer is null ? "the assumed peer's" : "the peer's";
        string weight = $"the weight {item.Weight:+0;-0} of {item.Name}";
        string moved = _router.HandOver == HandOver.Weights ? "the addresses stay on the sick machine"
            : $"the addresses leave for {Time(Election.Down(_router, after) + _router.PreemptDelay)} "
                + "and come back to the sick machine";
        if (after > others)
            Warnings.Add(new(path, $"{weight} never crosses: {after} is left, {whose} priority is {others}, so "
                + $"{moved}; it has to count {well - others + 1} or more"));
        else if (after == others)
            Warnings.Add(new(path, $"{weight} leaves {after}, which {whose} priority is too: the higher source "
                + $"address wins; if it counts {well - others + 1}, the sick machine never does"));
        else if (_router.HandOver == HandOver.Weights && !_election.There.Preempt)
            Warnings.Add(new(path, $"{item.Name} moves nothing: HandOver is Weights, and the peer does not preempt"));
    }

    private bool IsCheck(TrackedItem item) =>
        instance.Tracked.Contains(new TrackedSource(TrackedKind.Check, item.Name));

    private static string Time(TimeSpan time) => TimeText.Seconds(time);
}
