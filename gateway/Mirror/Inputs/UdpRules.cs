using System.Text;
using InfluxMirror.Delivery;
using InfluxMirror.LineProtocol;

namespace InfluxMirror.Inputs;

/// <summary>What has to hold of the UDP listeners.</summary>
public static class UdpRules
{
    /// <summary>
    /// Everything wrong with them, each with its key below <c>Udp</c>, as in <c>name:BindAddress</c>.
    /// </summary>
    public static IEnumerable<(string Key, string Message)> Check(
        IReadOnlyDictionary<string, UdpListenerOptions> listeners)
    {
        ArgumentNullException.ThrowIfNull(listeners);
        var owners = new Dictionary<UdpAddress, string>();
        foreach (var (name, options) in listeners)
        {
            foreach (var (key, message) in Check(options))
                yield return ($"{name}:{key}", message);
            if (UdpAddress.Parse(options.BindAddress) is { Port: > 0 } address && !owners.TryAdd(address, name))
                yield return ($"{name}:{nameof(options.BindAddress)}", $"is also the address of '{owners[address]}'");
        }
    }

    /// <summary>The unit a text means; null when it means none.</summary>
    internal static Precision? PrecisionOf(string? text) => text switch
    {
        null or "" or "n" or "ns" => Precision.Nanoseconds,
        "u" or "us" => Precision.Microseconds,
        "ms" or "s" or "m" or "h" => PrecisionParser.Parse(text),
        _ => null,
    };

    /// <summary>Where a listener's points go, in the form a client of <c>/write</c> would give it.</summary>
    internal static WriteTarget TargetOf(UdpListenerOptions options)
    {
        var precision = PrecisionOf(options.Precision) ?? Precision.Nanoseconds;
        var retentionPolicy = string.IsNullOrEmpty(options.RetentionPolicy) ? null : options.RetentionPolicy;
        var authorization = string.IsNullOrEmpty(options.Username)
            ? null
            : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.Username}:{options.Password}"));
        var query = "?db=" + Uri.EscapeDataString(options.Database ?? "")
            + (retentionPolicy is null ? "" : "&rp=" + Uri.EscapeDataString(retentionPolicy))
            + (precision == Precision.Nanoseconds ? "" : "&precision=" + precision.ToQueryText());
        return new WriteTarget
        {
            PathAndQuery = "/write" + query,
            Authorization = authorization,
            Database = options.Database ?? "",
            RetentionPolicy = retentionPolicy,
            Precision = precision,
            Account = authorization ?? "",
        };
    }

    private static IEnumerable<(string Key, string Message)> Check(UdpListenerOptions options)
    {
        var address = UdpAddress.Parse(options.BindAddress);
        if (address is null)
        {
            yield return (nameof(options.BindAddress),
                $"'{options.BindAddress}' is not an address as in *:9096, 10.0.0.1:9096 or [::1]:9096");
        }
        else if (address.Port is null)
        {
            yield return (nameof(options.BindAddress), $"'{options.BindAddress}' has no port");
        }

        if (string.IsNullOrEmpty(options.Database))
            yield return (nameof(options.Database), "is missing");
        if (PrecisionOf(options.Precision) is null)
            yield return (nameof(options.Precision), $"'{options.Precision}' is not one of n, u, ms, s, m, h");
        if (string.IsNullOrEmpty(options.Username) != string.IsNullOrEmpty(options.Password))
            yield return (nameof(options.Username), "and Password have to be given together");
        // HTTP's Basic scheme ends the name at the first colon.
        else if (options.Username?.Contains(':', StringComparison.Ordinal) ?? false)
            yield return (nameof(options.Username), "holds a colon");
    }
}
