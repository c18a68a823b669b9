using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Loop;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon.Tests.Loop;

/// <summary>A loop on a fake network.</summary>
internal sealed class LoopBench : IDisposable
{
    public static readonly Address Virtual = Address.Parse("198.51.100.240");
    public static readonly Address Added = Address.Parse("198.51.100.242");
    public static readonly Address Peer = Address.Parse("198.51.100.2");

    private readonly StringWriter _text = new();
    private readonly DaemonLog _log;
    private readonly EventRecorder? _recorder;

    /// <summary>Starts a loop.</summary>
    /// <param name="config">What it shall do.</param>
    /// <param name="network">Where; a new one by default.</param>
    /// <param name="eventLog">The file its events are written to; null: none.</param>
    public LoopBench(DaemonConfig config, FakeNetwork? network = null, string? eventLog = null)
    {
        Network = network ?? new();
        _log = new(TextWriter.Synchronized(_text), TimeProvider.System, isJournal: true);
        Loop = new(Network, Network, new(_log, Notified.Add));
        Loop.Recorder = _recorder = eventLog is null ? null : new(eventLog, _log);
        Loop.Start(config, guardian: null);
    }

    public FakeNetwork Network { get; }

    public RouterLoop Loop { get; }

    public List<NotifyCall> Notified { get; } = [];

    /// <summary>An instance that the peer of the tests would also accept.</summary>
    public static InstanceConfig Instance(string name = "VI_1", byte id = 100, params Address[] addresses)
    {
        if (addresses.Length == 0)
            addresses = [Virtual];
        return new()
        {
            Router = new()
            {
                Name = name,
                VirtualRouterId = id,
                VirtualAddresses = [.. addresses],
                GarpMasterDelay = TimeSpan.FromSeconds(1),
            },
            Interface = "eth0",
            Addresses = [.. addresses.Select(address => new VirtualAddress(address, 24, "eth0", KeepPrefix: false))],
        };
    }

    public static DaemonConfig Config(params InstanceConfig[] instances) =>
        new() { Instances = instances.Length == 0 ? [Instance()] : [.. instances] };

    /// <summary>A bench whose instances are Master, and at peace.</summary>
    public static LoopBench Master(DaemonConfig config)
    {
        LoopBench bench = new(config);
        bench.Run(7);
        bench.Done();
        return bench;
    }

    /// <summary>Lets the loop work for a while.</summary>
    public void Run(double seconds)
    {
        long end = Network.GetTimestamp() + (long)(seconds * 1e6);
        Network.End = end;
        while (Network.GetTimestamp() < end)
        {
            Loop.Step();
            Loop.Sleep();
        }

        // What is due at the end is done, so that the next step has nothing of it.
        Loop.Step();
        Network.End = long.MaxValue;
    }

    /// <summary>One pass; what was done in it.</summary>
    public string Step()
    {
        Done();
        Loop.Step();
        return Done();
    }

    /// <summary>What was done since the last call.</summary>
    public string Done()
    {
        string done = string.Join(", ", Network.Done!);
        Network.Done!.Clear();
        return done;
    }

    /// <summary>How the instances are.</summary>
    public LoopSnapshot Snapshot()
    {
        LoopSnapshot snapshot = new();
        using ManualResetEventSlim done = new();
        Loop.Post(new SnapshotWanted(snapshot, done));
        Loop.Step();
        return snapshot;
    }

    public RouterState State(int instance = 0) => Snapshot().Instances[instance].State;

    public void Dispose()
    {
        _recorder?.Dispose();
        _log.Dispose();
    }
}
