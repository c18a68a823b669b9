using Gateway.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace Gateway;

/// <summary><c>gateway check FILE</c>: says everything that is wrong with a file, or that it is well.</summary>
internal static class CheckCommand
{
    /// <param name="source">The file.</param>
    /// <param name="extend">Further parts of the proxy; used by tests.</param>
    public static async Task<int> RunAsync(SettingsSource source, Action<IReverseProxyBuilder>? extend = null)
    {
        SettingsReading reading = source.Read(source.Fetch());
        IReadOnlyList<ConfigFault> faults = reading.Faults;
        if (reading.Settings is { } settings)
        {
            await using WebApplication app = GatewayHost.Build(settings, source, extend);
            faults = await GatewayHost.ValidateAsync(app);
            if (faults.Count == 0)
            {
                Console.WriteLine(Summary(source, settings));
                return ExitCode.Ok;
            }
        }
        return Refuse(source, faults);
    }

    /// <summary>Prints the faults, one a line.</summary>
    public static int Refuse(SettingsSource source, IReadOnlyList<ConfigFault> faults)
    {
        foreach (ConfigFault fault in faults)
            Console.Error.WriteLine($"{source.FilePath}: {fault}");
        return ExitCode.Refused;
    }

    private static string Summary(SettingsSource source, GatewaySettings settings)
    {
        IEnumerable<string> clusters = settings.Clusters.Select(Describe);
        return $"""
            ok: {source.FilePath} ({settings.Hash})
            routes: {string.Join(", ", settings.Routes.Select(route => route.RouteId))}
            clusters: {string.Join("; ", clusters)}
            rate limiting policies: {NamesOrNone(settings.RateLimiting.Policies.Keys)}
            """;
    }

    private static string Describe(ClusterConfig cluster) =>
        $"{cluster.ClusterId} ({string.Join(", ", cluster.Destinations!.Select(d => $"{d.Key} {d.Value.Address}"))})";

    private static string NamesOrNone(ICollection<string> names) =>
        names.Count == 0 ? "none" : string.Join(", ", names);
}
