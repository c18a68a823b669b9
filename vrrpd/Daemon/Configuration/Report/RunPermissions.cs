using System.Globalization;

namespace Vrrp.Daemon.Configuration.Report;

/// <summary>What a process may do that a configuration can ask for.</summary>
/// <param name="Realtime">Whether it may run with realtime priority.</param>
/// <param name="OtherUsers">Whether it may start programs as other users.</param>
/// <param name="User">Its own user.</param>
public sealed record RunPermissions(bool Realtime, bool OtherUsers, string User)
{
    // Bits of capabilities(7).
    private const ulong SetGroups = 1ul << 6;
    private const ulong SetUsers = 1ul << 7;
    private const ulong Schedule = 1ul << 23;

    /// <summary>
    /// Those of this process, by proc(5); none where that cannot be read.
    /// </summary>
    public static RunPermissions OfThisProcess() =>
        Parse(Lines("/proc/self/status"), Lines("/proc/self/limits"), Environment.UserName);

    /// <summary>Reads the two files' lines.</summary>
    public static RunPermissions Parse(IReadOnlyList<string> status, IReadOnlyList<string> limits, string user)
    {
        const string Capabilities = "CapEff:";
        const string Limit = "Max realtime priority";
        string? line = status.FirstOrDefault(line => line.StartsWith(Capabilities, StringComparison.Ordinal));
        _ = ulong.TryParse(
            line?[Capabilities.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong held);
        string? limit = limits.FirstOrDefault(line => line.StartsWith(Limit, StringComparison.Ordinal));
        string soft = limit?[Limit.Length..].Trim().Split(' ')[0] ?? "0";
        const ulong Both = SetUsers | SetGroups;
        return new((held & Schedule) != 0 || soft != "0", (held & Both) == Both, user);
    }

    private static IReadOnlyList<string> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
