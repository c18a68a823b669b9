using System.Runtime.InteropServices;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Configuration.Report;
using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.Linux;
using Vrrp.Daemon.Telemetry;

namespace Vrrp.Daemon;

/// <summary><c>vrrpd --config FILE</c>: runs until SIGTERM or SIGINT.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan OldGuardian = TimeSpan.FromSeconds(5);

    /// <summary>Runs with the configuration of a file.</summary>
    public static async Task<int> RunAsync(string file)
    {
        ConfigurationResult result = ConfigurationFile.Load(file);
        foreach (ConfigurationFinding fault in Faults(result))
            await Console.Error.WriteLineAsync($"{file}: {fault}");
        if (result.Config is not { } config || Faults(result).Any())
            return ExitCode.Usage;

        bool isJournal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;
        using DaemonLog log = new(Console.Error, TimeProvider.System, isJournal);
        (log.Level, log.Format) = (config.LogLevel, config.LogFormat);
        foreach (ConfigurationFinding warning in result.Warnings)
            log.Warned(warning);
        try
        {
            return await RunAsync(file, config, log);
        }
        catch (LinuxException exception)
        {
            log.Failed(exception.Errno == Libc.EPERM
                ? $"{exception.Message}; CAP_NET_ADMIN and CAP_NET_RAW are needed"
                : exception.Message);
            return ExitCode.Failed;
        }
    }

    /// <summary>What forbids to run with a configuration on this machine.</summary>
    public static IEnumerable<ConfigurationFinding> Faults(ConfigurationResult result)
    {
        if (result.Config is not { } config)
            return result.Faults;
        // What the kernel really grants counts, however it was granted.
        RunPermissions permissions = RunPermissions.OfThisProcess() with { Realtime = Realtime.IsPermitted() };
        return result.Faults.Concat(PermissionNeeds.Of(config, permissions));
    }

    private static async Task<int> RunAsync(string file, DaemonConfig config, DaemonLog log)
    {
        string[] wanted = [.. config.Instances.SelectMany(
            instance => new[] { InstanceLock.NameOf(instance), InstanceLock.GuardianNameOf(instance) })];
        using InstanceLocks locks = new();
        IReadOnlyList<string> taken = await InstanceLock.WaitUntilFree(wanted, OldGuardian, TimeProvider.System);
        if (taken.Count == 0)
            taken = locks.Take(config);
        if (taken.Count > 0)
        {
            log.Failed($"another vrrpd runs here already: {string.Join(", ", taken)}");
            return ExitCode.Failed;
        }

        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using LinuxNetwork network = new(log.PromotionFailed);
        await using DaemonHost host = new(file, config, network, locks, log);
        using PosixSignalRegistration term = On(PosixSignal.SIGTERM, () => stop.TrySetResult());
        using PosixSignalRegistration interrupt = On(PosixSignal.SIGINT, () => stop.TrySetResult());
        using PosixSignalRegistration hangup = On(PosixSignal.SIGHUP, host.ReloadSoon);
        await host.StartAsync();
        await stop.Task;
        return ExitCode.Ok;
    }

    private static PosixSignalRegistration On(PosixSignal signal, Action act) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            act();
        });
}
