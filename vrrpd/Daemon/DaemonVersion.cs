using System.Reflection;

namespace Vrrp.Daemon;

/// <summary>The version of this build.</summary>
internal static class DaemonVersion
{
    /// <summary>As in the project file.</summary>
    public static string Text { get; } =
        typeof(DaemonVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "?";
}
