namespace Vrrp.Daemon.Configuration.Report;

/// <summary>What a valid configuration asks for and a process may not do.</summary>
public static class PermissionNeeds
{
    /// <summary>Faults for a daemon with these permissions; none where they suffice.</summary>
    public static IReadOnlyList<ConfigurationFinding> Of(DaemonConfig config, RunPermissions permissions)
    {
        List<ConfigurationFinding> needs = [];
        foreach (InstanceConfig instance in config.Instances)
        {
            if (!permissions.Realtime && instance.Router.AdvertInterval < TimeSpan.FromSeconds(1))
                needs.Add(new(
                    $"Instances:{instance.Name}:AdvertInterval",
                    $"{TimeText.Seconds(instance.Router.AdvertInterval)} needs realtime priority, which is not "
                    + "permitted here; allow it (LimitRTPRIO=1 or CAP_SYS_NICE), or take 1 s or more"));
        }

        if (permissions.OtherUsers)
            return needs;
        foreach ((string path, CommandConfig command) in Commands(config))
        {
            if ((command.User ?? command.Group) is { } user && (user != permissions.User || command.Group is not null))
                needs.Add(new(
                    path,
                    $"is to run as {user}, which {permissions.User} may not do; leave User out, or allow it "
                    + "(CAP_SETUID and CAP_SETGID)"));
        }

        return needs;
    }

    /// <summary>Every program the configuration runs, and where it is named.</summary>
    internal static IEnumerable<(string Path, CommandConfig Command)> Commands(DaemonConfig config)
    {
        IEnumerable<(string, CommandConfig)> checks = config.Checks.OfType<ExecCheckConfig>()
            .Select(check => ($"Checks:{check.Name}:Command", check.Command));
        IEnumerable<(string, CommandConfig)> hooks = config.Instances
            .Select(instance => ($"Instances:{instance.Name}:Notify", instance.Notify))
            .Concat(config.SyncGroups.Select(group => ($"SyncGroups:{group.Name}:Notify", group.Notify)))
            .SelectMany(notify => Hooks(notify.Item1, notify.Item2));
        return checks.Concat(hooks);
    }

    private static IEnumerable<(string, CommandConfig)> Hooks(string path, NotifyConfig notify)
    {
        (string Key, CommandConfig? Command)[] all =
        [
            (nameof(notify.Master), notify.Master), (nameof(notify.Backup), notify.Backup),
            (nameof(notify.Fault), notify.Fault), (nameof(notify.Stop), notify.Stop), (nameof(notify.Any), notify.Any),
        ];
        return all.Where(hook => hook.Command is not null).Select(hook => ($"{path}:{hook.Key}", hook.Command!));
    }
}
