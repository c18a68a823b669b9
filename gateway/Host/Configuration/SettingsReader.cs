using System.Security.Cryptography;
using Gateway.Listeners;
using Gateway.RateLimiting;
using InfluxMirror;
using Microsoft.Extensions.Options;

namespace Gateway.Configuration;

/// <summary>
/// From the bytes of a file to settings: everything that can be checked without a running host. What needs YARP's
/// validators comes after it, in <see cref="ProxyValidator"/>.
/// </summary>
internal static class SettingsReader
{
    public static SettingsReading Read(byte[] json, IReadOnlyDictionary<string, string?> overrides)
    {
        (IConfigurationRoot? values, ConfigFault? unreadable) = SettingsLayers.Merge(json, overrides);
        if (values is null)
            return SettingsReading.Refused(unreadable!);
        List<ConfigFault> faults = SchemaCheck.Check(values, typeof(GatewaySchema));
        if (faults.Count > 0)
            return SettingsReading.Refused(faults);

        GatewaySettings settings;
        try
        {
            settings = Bind(values, HashOf(json));
        }
        // YARP's reader throws plain exceptions for the few values only it understands.
        catch (Exception fault)
        {
            return SettingsReading.Refused(new ConfigFault(ProxySection.Name, fault.Message));
        }
        faults.AddRange(ProxyRules.Check(settings.Routes, settings.Clusters, settings.RateLimiting.Policies.Keys));
        faults.AddRange(RateLimitingRules.Check(settings.RateLimiting));
        faults.AddRange(settings.Limits.Faults());
        faults.AddRange(EndpointRules.Check(values));
        faults.AddRange(MirrorFaults(settings.Mirror));
        faults.AddRange(UdpSection.Check(settings));
        return new(faults.Count == 0 ? settings : null, faults);
    }

    /// <summary>Names a file's content: the first 12 hexadecimal digits of its SHA-256.</summary>
    public static string HashOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..12];

    private static GatewaySettings Bind(IConfigurationRoot values, string hash)
    {
        GatewaySchema bound = new();
        values.GetSection(nameof(GatewaySchema.Mirror)).Bind(bound.Mirror);
        UdpSection.Complete(bound.Mirror, values);
        values.GetSection(nameof(GatewaySchema.RateLimiting)).Bind(bound.RateLimiting);
        values.GetSection(nameof(GatewaySchema.Management)).Bind(bound.Management);
        values.GetSection(ListenerLimits.Section).Bind(bound.Kestrel.Limits);
        var (routes, clusters) = ProxySection.Read(values);
        return new()
        {
            Hash = hash,
            Values = values,
            Mirror = bound.Mirror,
            RateLimiting = bound.RateLimiting,
            Management = bound.Management,
            Limits = bound.Kestrel.Limits,
            Routes = routes,
            Clusters = clusters,
        };
    }

    private static IEnumerable<ConfigFault> MirrorFaults(MirrorOptions options)
    {
        ValidateOptionsResult result = new MirrorOptionsValidator().Validate(null, options);
        return (result.Failures ?? []).Select(failure => new ConfigFault(nameof(GatewaySchema.Mirror), failure));
    }
}
