using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Guarding;

/// <summary>The names of the instances this daemon runs.</summary>
internal sealed class InstanceLocks : IDisposable
{
    private readonly Dictionary<string, InstanceLock> _held = [];

    /// <summary>Takes the names of all instances, or none that is new.</summary>
    /// <returns>The names that another daemon has.</returns>
    public IReadOnlyList<string> Take(DaemonConfig config)
    {
        List<string> taken = [];
        Dictionary<string, InstanceLock> added = [];
        bool isComplete = false;
        try
        {
            foreach (string name in config.Instances.Select(InstanceLock.NameOf).Distinct().Except(_held.Keys))
            {
                if (InstanceLock.TryTake(name) is { } held)
                    added.Add(name, held);
                else
                    taken.Add(name);
            }

            isComplete = taken.Count == 0;
        }
        finally
        {
            foreach ((string name, InstanceLock held) in added)
            {
                if (isComplete)
                    _held.Add(name, held);
                else
                    held.Dispose();
            }
        }

        return taken;
    }

    /// <summary>Gives back the names of instances that are not configured any more.</summary>
    public void Keep(DaemonConfig config)
    {
        foreach (string name in _held.Keys.Except(config.Instances.Select(InstanceLock.NameOf)).ToList())
        {
            _held[name].Dispose();
            _held.Remove(name);
        }
    }

    public void Dispose()
    {
        foreach (InstanceLock held in _held.Values)
            held.Dispose();
        _held.Clear();
    }
}
