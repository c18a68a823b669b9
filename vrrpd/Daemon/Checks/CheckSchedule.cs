using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Checks;

/// <summary>All checks that run: those of the configuration, and one for each peer that can be asked.</summary>
/// <param name="time">Time.</param>
/// <param name="onCheck">Told a check's name, its new health, and what it saw; false: not now.</param>
/// <param name="onPeer">Told an instance's name, its peer's new health, and what was seen; false: not now.</param>
internal sealed class CheckSchedule(
    TimeProvider time, Func<string, Health, string, bool> onCheck, Func<string, Health, string, bool> onPeer)
{
    private readonly Lock _lock = new();
    private Dictionary<(bool IsPeer, string Name), RunningCheck> _running = [];

    /// <summary>What is known of each check, and of each peer by its instance.</summary>
    public IReadOnlyList<(bool IsPeer, string Name, CheckStatus Status)> Statuses
    {
        get
        {
            lock (_lock)
                return [.. _running.Select(running => (running.Key.IsPeer, running.Key.Name, running.Value.Status))];
        }
    }

    /// <summary>Runs the checks of a configuration that some instance tracks; one that is as before goes on with what it has counted.</summary>
    public async Task UseAsync(DaemonConfig config)
    {
        Dictionary<(bool, string), RunningCheck> next = [], before;
        lock (_lock)
            before = _running;
        foreach (CheckConfig check in config.Checks.Where(
            check => config.Instances.Any(instance => instance.Tracks(check))))
            next[(false, check.Name)] = Keep(before, (false, check.Name), check, onCheck);
        foreach (InstanceConfig instance in config.Instances)
        {
            if (instance.PeerCheck is { } peer)
                next[(true, instance.Name)] = Keep(before, (true, instance.Name), peer, onPeer);
        }

        await Task.WhenAll(before.Values.Except(next.Values).Select(ended => ended.StopAsync()));
        foreach (RunningCheck begun in next.Values.Except(before.Values))
            begun.Start();
        lock (_lock)
            _running = next;
    }

    /// <summary>Ends all checks.</summary>
    public async Task StopAsync()
    {
        RunningCheck[] all;
        lock (_lock)
            (all, _running) = ([.. _running.Values], []);
        await Task.WhenAll(all.Select(ended => ended.StopAsync()));
    }

    private RunningCheck Keep(Dictionary<(bool, string), RunningCheck> before, (bool IsPeer, string Name) key,
        CheckConfig config, Func<string, Health, string, bool> tell) =>
        before.TryGetValue(key, out RunningCheck? running) && IsSame(running.Config, config)
            ? running
            : new(config, time, (health, detail) => tell(key.Name, health, detail));

    // Records compare arrays by reference.
    private static bool IsSame(CheckConfig left, CheckConfig right) => (left, right) switch
    {
        (HttpCheckConfig old, HttpCheckConfig now) =>
            old.Statuses.SequenceEqual(now.Statuses) && old with { Statuses = now.Statuses } == now,
        (ExecCheckConfig old, ExecCheckConfig now) =>
            old.Command.Arguments.SequenceEqual(now.Command.Arguments)
            && (old.Command.User, old.Command.Group) == (now.Command.User, now.Command.Group)
            && old with { Command = now.Command } == now,
        _ => left == right,
    };
}
