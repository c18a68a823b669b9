namespace Vrrp.Daemon.Configuration;

/// <summary>What has to hold for commands run on changes.</summary>
internal static class NotifyRules
{
    /// <summary>The commands.</summary>
    public static NotifyConfig Read(NotifyOptions? options, Section section)
    {
        if (options is null)
            return NotifyConfig.None;
        TimeSpan timeout = section.Time(
            nameof(options.Timeout), options.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1),
            NotifyConfig.None.Timeout);
        return new()
        {
            Master = Command(nameof(options.Master), options.Master),
            Backup = Command(nameof(options.Backup), options.Backup),
            Fault = Command(nameof(options.Fault), options.Fault),
            Stop = Command(nameof(options.Stop), options.Stop),
            Any = Command(nameof(options.Any), options.Any),
            Timeout = timeout,
        };

        CommandConfig? Command(string key, List<string>? words) =>
            section.Command(key, words, options.User, options.Group);
    }
}
