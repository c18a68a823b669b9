using System.Collections.Immutable;
using System.Globalization;

namespace Vrrp.Daemon.Configuration;

/// <summary>What has to hold for checks, and their defaults.</summary>
internal static class CheckRules
{
    /// <summary>What an Http check gets by default: whether the gateway beside the daemon is ready.</summary>
    public const string DefaultUrl = "http://127.0.0.1:9097/health/ready";

    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LeastTimeout = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    // Keys that belong to one kind; what is not here belongs to all.
    private static readonly (CheckKind Kind, string Key, Func<CheckOptions, object?> Value)[] KindKeys =
    [
        (CheckKind.Http, nameof(CheckOptions.Url), options => options.Url),
        (CheckKind.Http, nameof(CheckOptions.Status), options => options.Status),
        (CheckKind.Http, nameof(CheckOptions.BodyContains), options => options.BodyContains),
        (CheckKind.Http, nameof(CheckOptions.MaxLatency), options => options.MaxLatency),
        (CheckKind.Tcp, nameof(CheckOptions.Host), options => options.Host),
        (CheckKind.Tcp, nameof(CheckOptions.Port), options => options.Port),
        (CheckKind.Exec, nameof(CheckOptions.Command), options => options.Command),
        (CheckKind.Exec, nameof(CheckOptions.User), options => options.User),
        (CheckKind.Exec, nameof(CheckOptions.Group), options => options.Group),
    ];

    /// <summary>The checks that could be read, in the order of the file.</summary>
    public static ImmutableArray<CheckConfig> Read(Dictionary<string, CheckOptions>? all, Section section)
    {
        if (all is { Count: > ConfigurationReader.MaxEntries })
            section.Fault("", $"there are more than {ConfigurationReader.MaxEntries} checks");
        return [.. (all ?? []).Take(ConfigurationReader.MaxEntries).Where(check => check.Value is not null)
            .Select(check => Read(check.Key, check.Value, section[Section.Shown(check.Key)]))
            .OfType<CheckConfig>()];
    }

    /// <summary>The check an instance's PeerCheck is.</summary>
    public static HttpCheckConfig? Peer(string instance, PeerCheckOptions? options, Section section)
    {
        if (options is null)
            return null;
        if (options.Url is null)
            section.Fault(nameof(options.Url), "is missing; name what to get from the peer");
        return Url(options.Url, section) is not { } url ? null : new()
        {
            Name = $"peer of {instance}",
            Url = url,
            Interval = Interval(options.Interval, section),
            Timeout = Timeout(options.Timeout, options.Interval, section),
            Rise = section.Number(nameof(options.Rise), options.Rise, 1, 1000, 1),
            Fall = section.Number(nameof(options.Fall), options.Fall, 1, 1000, 1),
        };
    }

    private static CheckConfig? Read(string name, CheckOptions options, Section section)
    {
        section.CheckName(name);
        section.Number(nameof(options.Weight), options.Weight, -253, 253, 0);
        TimeSpan interval = Interval(options.Interval, section);
        TimeSpan timeout = Timeout(options.Timeout, options.Interval, section);
        int rise = section.Number(nameof(options.Rise), options.Rise, 1, 1000, 1);
        int fall = section.Number(nameof(options.Fall), options.Fall, 1, 1000, 1);
        CheckConfig? check = section.IsFaulty(nameof(options.Kind)) ? null : OfKind(name, options, timeout, section);
        return check is null ? null : check with { Interval = interval, Timeout = timeout, Rise = rise, Fall = fall };
    }

    private static CheckConfig? OfKind(string name, CheckOptions options, TimeSpan timeout, Section section)
    {
        CheckKind kind = options.Kind ?? CheckKind.Http;
        foreach ((CheckKind owner, string key, Func<CheckOptions, object?> value) in KindKeys)
        {
            if (owner != kind && value(options) is not null)
                section.Fault(key, $"belongs to checks of Kind {owner}; this one is {kind}");
        }

        return kind switch
        {
            CheckKind.Http => Http(name, options, timeout, section),
            CheckKind.Tcp => Tcp(name, options, section),
            CheckKind.Exec => Exec(name, options, section),
            _ => throw new ArgumentOutOfRangeException(nameof(options)),
        };
    }

    private static TimeSpan Interval(TimeSpan? interval, Section section) =>
        section.Time("Interval", interval, LeastInterval, Longest, TimeSpan.FromSeconds(1));

    // As keepalived's, the timeout is the interval unless it is given.
    private static TimeSpan Timeout(TimeSpan? timeout, TimeSpan? interval, Section section) =>
        section.Time("Timeout", timeout, LeastTimeout, Longest, interval ?? TimeSpan.FromSeconds(1));

    private static HttpCheckConfig? Http(string name, CheckOptions options, TimeSpan timeout, Section section)
    {
        if (options.MaxLatency is { } latency && (latency <= TimeSpan.Zero || latency > timeout))
            section.Fault(
                nameof(options.MaxLatency),
                $"{TimeText.Format(latency)} is not between 0 and the timeout, {TimeText.Format(timeout)}");
        if (options.BodyContains is { Length: 0 or > 1024 })
            section.Fault(nameof(options.BodyContains), "has to have 1 to 1024 characters");
        ImmutableArray<StatusRange> statuses = Statuses(options.Status ?? "200-299", section);
        return Url(options.Url ?? DefaultUrl, section) is not { } url ? null : new()
        {
            Name = name,
            Url = url,
            Statuses = statuses,
            BodyContains = options.BodyContains,
            MaxLatency = options.MaxLatency,
        };
    }

    private static TcpCheckConfig? Tcp(string name, CheckOptions options, Section section)
    {
        string host = options.Host ?? "127.0.0.1";
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            section.Fault(nameof(options.Host), $"'{Section.Shown(host)}' is neither a name nor an address");
        if (options.Port is null)
            section.Fault(nameof(options.Port), "is missing; a Tcp check needs a port, 1 to 65535");
        int port = section.Number(nameof(options.Port), options.Port, 1, 65535, 1);
        return new() { Name = name, Host = host, Port = port };
    }

    private static ExecCheckConfig? Exec(string name, CheckOptions options, Section section)
    {
        if (options.Command is null)
            section.Fault(
                nameof(options.Command), "is missing; name a program and its arguments: [\"/usr/local/bin/check\"]");
        return section.Command(nameof(options.Command), options.Command, options.User, options.Group) is { } command
            ? new() { Name = name, Command = command }
            : null;
    }

    private static Uri? Url(string? text, Section section)
    {
        const string Key = "Url";
        if (text is null)
            return null;
        if (text.Length > 2048 || !Uri.TryCreate(text, UriKind.Absolute, out Uri? url)
            || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            section.Fault(Key, $"'{Section.Shown(text)}' is no URL that begins with http:// or https://");
        else if (url.UserInfo.Length > 0)
            section.Fault(Key, "has a user or a password in it, which status pages would show; take a URL without");
        else
            return url;
        return null;
    }

    private static ImmutableArray<StatusRange> Statuses(string text, Section section)
    {
        List<StatusRange> ranges = [];
        foreach (string part in text.Split(',', 101))
        {
            string[] ends = part.Split('-', 2);
            if (!TryStatus(ends[0], out int first) || !TryStatus(ends[^1], out int last) || last < first)
            {
                section.Fault(
                    nameof(CheckOptions.Status),
                    $"'{Section.Shown(text)}' is not understood; write statuses and ranges, such as 200-299,401");
                return [];
            }

            ranges.Add(new(first, last));
        }

        return [.. ranges];
    }

    private static bool TryStatus(string text, out int status) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out status)
        && status is >= 100 and <= 999;
}
