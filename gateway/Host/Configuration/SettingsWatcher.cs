using System.Runtime.InteropServices;
using Gateway.Telemetry;

namespace Gateway.Configuration;

/// <summary>
/// Looks at the file four times a second and has it reloaded when its content changed and then held still for one
/// look; SIGHUP asks at once. Looking at the content instead of waiting for file system events covers every way a file
/// is replaced (written in place, renamed over, behind a swapped symbolic link as in a Kubernetes ConfigMap, on a
/// network file system) with one rule.
/// </summary>
internal sealed class SettingsWatcher(
    SettingsSource source, SettingsReloader reloader, TimeProvider time, ILogger<SettingsWatcher> log)
    : BackgroundService
{
    /// <summary>Time between looks, and so how long a content must hold still.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PosixSignalRegistration signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
        using PeriodicTimer timer = new(Interval, time);
        string? lastLook = null;
        while (await NextAsync(timer, stoppingToken))
        {
            FileContent content = source.Fetch();
            if (!reloader.IsKnown(content) && content.Identity == lastLook)
                await reloader.ReloadAsync(content);
            lastLook = content.Identity;
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void OnHangUp(PosixSignalContext signal)
    {
        signal.Cancel = true;
        log.ReloadAsked();
        _ = Task.Run(() => reloader.ReloadAsync(source.Fetch()));
    }
}
