using Gateway.RateLimiting;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>The settings in force, and the one place where they are replaced.</summary>
internal sealed class SettingsStore(
    GatewaySettings initial,
    SettingsValues values,
    MirrorOptionsMonitor mirror,
    RateLimits limits,
    InMemoryConfigProvider proxy)
{
    private volatile GatewaySettings _current = initial;

    public GatewaySettings Current => _current;

    /// <summary>
    /// Puts valid settings in force: the mirror first, so that couriers know their options before a new destination
    /// appears; then the limiter, whose policies routes name; YARP last. The caller holds calls apart.
    /// </summary>
    public void Swap(GatewaySettings settings)
    {
        mirror.Swap(settings.Mirror);
        limits.Swap(settings.RateLimiting);
        proxy.Update(settings.Routes, settings.Clusters, settings.Hash);
        values.Swap(settings);
        _current = settings;
    }
}
