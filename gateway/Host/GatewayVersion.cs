using System.Reflection;

namespace Gateway;

/// <summary>This program's version, as it tells it.</summary>
internal static class GatewayVersion
{
    /// <summary>As in <c>0.1.0</c>, without the commit a build appends.</summary>
    public static string Text { get; } =
        typeof(GatewayVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
}
