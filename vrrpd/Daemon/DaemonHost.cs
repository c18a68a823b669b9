using System.Net.Sockets;
using System.Threading.Channels;
using Vrrp.Daemon.Checks;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Loop;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon;

/// <summary>All parts of the running daemon: what they are, how they begin, change and end.</summary>
internal sealed class DaemonHost : IAsyncDisposable
{
    private static readonly TimeSpan SnapshotTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NotifyTime = TimeSpan.FromSeconds(30);

    private readonly string _file;
    private readonly DaemonLog _log;
    private readonly NotifyScript _notify;
    private readonly RouterLoop _loop;
    private readonly CheckSchedule _checks;
    private readonly Thread _thread;
    private readonly ServiceManager _systemd;
    private readonly EventRecorder? _recorder;
    private readonly FileWatch _watch;
    private readonly InstanceLocks _locks;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _reloads = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private ManagementServer? _management;
    private GuardianProcess? _guardian;
    private DaemonConfig _config;
    private Task _reloading = Task.CompletedTask;
    private bool _lastReloadSuccessful = true;

    /// <summary>Makes the parts; nothing runs yet.</summary>
    /// <param name="file">The configuration file.</param>
    /// <param name="config">What it says.</param>
    /// <param name="network">The network.</param>
    /// <param name="locks">The names of the instances, which are held.</param>
    /// <param name="log">The log.</param>
    public DaemonHost(string file, DaemonConfig config, LinuxNetwork network, InstanceLocks locks, DaemonLog log)
    {
        (_file, _config, _locks, _log) = (file, config, locks, log);
        _watch = new(file, ReloadSoon);
        _notify = new(log);
        _systemd = new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"),
            Environment.GetEnvironmentVariable("WATCHDOG_USEC"));
        _loop = new(network, TimeProvider.System, new(log, _notify.Call)) { Heartbeat = _systemd.Beat };
        _loop.Recorder = _recorder = OpenEventLog();
        _checks = new(TimeProvider.System, OnCheck, OnPeer);
        _thread = new(Work) { Name = "loop" };
    }

    /// <summary>Begins; returns when the routers are started.</summary>
    public async Task StartAsync()
    {
        _guardian = StartGuardian(_config, []);
        _loop.IsRealtime = Realtime.IsPermitted();
        _thread.Start();
        Snapshot();
        await _checks.UseAsync(_config);
        try
        {
            _management = new(_config.ManagementListen, Status);
        }
        catch (SocketException exception)
        {
            _log.ManagementFailed(_config.ManagementListen.ToString(), exception.Message);
        }

        _reloading = Task.Run(ReloadWhenAskedAsync);
        _log.Started(DaemonVersion.Text, _config.Instances.Length, _loop.IsRealtime);
        _systemd.Ready();
    }

    /// <summary>Reads the file again, in a moment; from any thread.</summary>
    public void ReloadSoon() => _reloads.Writer.TryWrite(true);

    /// <summary>Ends in order: addresses are given up, scripts are told.</summary>
    public async ValueTask DisposeAsync()
    {
        _systemd.Stopping();
        await _stop.CancelAsync();
        try
        {
            await _reloading;
        }
        finally
        {
            // Whatever became of a reload: the addresses are given up.
            await EndLoopAsync();
        }

        _guardian?.Dispose();
        if (_management is not null)
            await _management.DisposeAsync();
        await _checks.StopAsync();
        _notify.Stop(NotifyTime);
        _recorder?.Dispose();
        _systemd.Dispose();
        _stop.Dispose();
        _log.Ended();
    }

    private async Task EndLoopAsync()
    {
        if (!_thread.IsAlive)
            return;
        while (!_loop.Post(new EndWanted()))
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        _thread.Join();
    }

    private void Work()
    {
        Realtime.TryEnter();
        _loop.Run(_config, _guardian?.Table);
    }

    private async Task ReloadWhenAskedAsync()
    {
        Task watching = _watch.RunAsync(_stop.Token);
        try
        {
            await foreach (bool _ in _reloads.Reader.ReadAllAsync(_stop.Token))
                await ReloadAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            await watching;
        }
    }

    private async Task ReloadAsync()
    {
        try
        {
            await TryReloadAsync();
        }
        catch (LinuxException exception)
        {
            // The next reload may find what is missing now, such as descriptors.
            _lastReloadSuccessful = false;
            _log.ReloadFailed(exception.Message);
        }
    }

    private async Task TryReloadAsync()
    {
        _watch.Read();
        ConfigurationResult result = ConfigurationFile.Load(_file);
        List<ConfigurationFinding> faults = [.. RunCommand.Faults(result)];
        if (result.Config is { } wanted && faults.Count == 0)
            faults.AddRange(_locks.Take(wanted).Select(name => new ConfigurationFinding(name, "another vrrpd runs it")));
        foreach (ConfigurationFinding fault in faults)
            _log.Refused(fault);
        _lastReloadSuccessful = faults.Count == 0;
        if (result.Config is not { } config || faults.Count > 0)
        {
            _log.ReloadRefused();
            return;
        }

        foreach (ConfigurationFinding warning in result.Warnings)
            _log.Warned(warning);
        if (!config.ManagementListen.Equals(_config.ManagementListen) || config.EventLog != _config.EventLog)
            _log.NeedsRestart();
        (_log.Level, _log.Format) = (config.LogLevel, config.LogFormat);
        // The old guardian goes when the loop reports to the new one.
        GuardianProcess? old = _guardian, next = StartGuardian(config, _config.Instances);
        using ManualResetEventSlim done = new();
        while (!_loop.Post(new NewConfiguration(config, next?.Table, done)))
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        // Blocked, not awaited: the loop's thread must not wake a task.
        done.Wait();
        (_guardian, _config) = (next, config);
        old?.Dispose();
        _locks.Keep(config);
        await _checks.UseAsync(config);
    }

    private GuardianProcess? StartGuardian(DaemonConfig config, IReadOnlyCollection<InstanceConfig> replaced)
    {
        try
        {
            return new(Environment.ProcessPath ?? "/proc/self/exe", new GuardianTable(config.Instances, replaced),
                [.. config.Instances.Select(InstanceLock.GuardianNameOf)], _log);
        }
        catch (LinuxException exception)
        {
            _log.GuardianFailed(exception.Message);
            return null;
        }
    }

    private EventRecorder? OpenEventLog()
    {
        if (_config.EventLog is not { } path)
            return null;
        try
        {
            return new(path, _log);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _log.EventLogFailed(path, exception.Message);
            return null;
        }
    }

    private bool OnCheck(string name, Health health, string detail)
    {
        if (!_loop.Post(new CheckChanged(name, health)))
            return false;
        _log.CheckChanged(name, health, detail);
        return true;
    }

    private bool OnPeer(string instance, Health health, string detail)
    {
        if (!_loop.Post(new PeerChanged(instance, health)))
            return false;
        _log.CheckChanged($"of the peer of {instance}", health, detail);
        return true;
    }

    private DaemonStatus Status() => new(
        DaemonVersion.Text, Snapshot(), _checks.Statuses, _lastReloadSuccessful, _guardian?.ProcessId ?? 0);

    // The event is not disposed: a loop that answers too late still sets it.
    private LoopSnapshot? Snapshot()
    {
        LoopSnapshot snapshot = new();
        ManualResetEventSlim done = new();
        return _loop.Post(new SnapshotWanted(snapshot, done)) && done.Wait(SnapshotTime) ? snapshot : null;
    }
}
