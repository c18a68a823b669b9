using Gateway.Listeners;
using InfluxMirror;
using InfluxMirror.Inputs;

namespace Gateway.Configuration;

/// <summary>The UDP listeners: what the host adds to them, and what only the host can check.</summary>
internal static class UdpSection
{
    public const string Name = $"{nameof(GatewaySchema.Mirror)}:{nameof(MirrorOptions.Udp)}";

    private const string ClientsUrl = "Kestrel:Endpoints:Clients:Url";

    /// <summary>A listener without a port gets that of the HTTP clients.</summary>
    public static void Complete(MirrorOptions mirror, IConfiguration values)
    {
        // An object without a value is nothing to the binder; here it is a listener that lacks what it needs.
        foreach (IConfigurationSection section in values.GetSection(Name).GetChildren())
            mirror.Udp.TryAdd(section.Key, new());
        if (!EndpointRules.TryParse(values[ClientsUrl] ?? "", out BindingAddress? clients))
            return;
        foreach (UdpListenerOptions listener in mirror.Udp.Values)
            if (UdpAddress.Parse(listener.BindAddress) is { Port: null } address)
                listener.BindAddress = (address with { Port = clients!.Port }).ToString();
    }

    public static IEnumerable<ConfigFault> Check(GatewaySettings settings)
    {
        foreach ((string key, string message) in UdpRules.Check(settings.Mirror.Udp))
            yield return new($"{Name}:{key}", message);
        List<string> mirrored = [.. settings.Routes.Where(ProxySection.IsMirrored)
            .Select(route => route.ClusterId).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)
            .Order(StringComparer.Ordinal)];
        foreach ((string name, UdpListenerOptions listener) in settings.Mirror.Udp)
        {
            string path = $"{Name}:{name}:{nameof(listener.Cluster)}";
            if (listener.Cluster is not { } cluster)
            {
                if (mirrored.Count != 1)
                    yield return new(path, $"is missing; mirrored are: {string.Join(", ", mirrored)}");
            }
            else if (!mirrored.Contains(cluster, StringComparer.OrdinalIgnoreCase))
                yield return new(path, $"no route of '{cluster}' is mirrored{KeyHint.For(cluster, mirrored)}");
        }
    }
}
