using Gateway.RateLimiting;
using InfluxMirror;
using InfluxMirror.Journal;

namespace Gateway.Configuration;

/// <summary>Finds what differs between two settings and cannot change while the gateway runs.</summary>
internal static class RestartOnly
{
    /// <summary>Sections and keys that are read once, at start.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        nameof(GatewaySchema.Kestrel),
        nameof(GatewaySchema.Management),
        OfJournal(nameof(JournalOptions.Durability)),
        OfJournal(nameof(JournalOptions.Directory)),
        OfJournal(nameof(JournalOptions.MaxBytes)),
        OfJournal(nameof(JournalOptions.ReservePercent)),
        UdpSection.Name,
    ];

    private static string OfJournal(string key) =>
        $"{nameof(GatewaySchema.Mirror)}:{nameof(MirrorOptions.Journal)}:{key}";

    // Values are not shown: passwords and tokens are among them.
    public static IEnumerable<ConfigFault> Differences(GatewaySettings running, GatewaySettings wanted)
    {
        foreach (string path in Paths)
        {
            Dictionary<string, string?> before = Flatten(running.Values, path);
            Dictionary<string, string?> after = Flatten(wanted.Values, path);
            foreach (string key in before.Keys.Union(after.Keys, StringComparer.OrdinalIgnoreCase))
                if (before.GetValueOrDefault(key) != after.GetValueOrDefault(key))
                    yield return new(key, "needs restart: it cannot change while the gateway runs");
        }
        HashSet<string> names = [.. running.RateLimiting.Policies.Keys];
        names.SymmetricExceptWith(wanted.RateLimiting.Policies.Keys);
        foreach (string name in names)
            yield return new($"{nameof(GatewaySchema.RateLimiting)}:{nameof(RateLimitingOptions.Policies)}:{name}",
                "needs restart: policies cannot be added or removed while the gateway runs");
    }

    private static Dictionary<string, string?> Flatten(IConfiguration values, string path) =>
        values.GetSection(path).AsEnumerable()
            .Where(pair => !string.IsNullOrEmpty(pair.Value))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
}
