using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// How many labs run at once. Labs of one second share the machine; those with faster timers have it for themselves.
/// </summary>
internal static class LabRoom
{
    private const int Seats = 4;
    private static readonly SemaphoreSlim Free = new(Seats);
    private static readonly SemaphoreSlim Order = new(1);

    /// <summary>Says why there can be no lab here: a skip, in CI a failure.</summary>
    public static void Require()
    {
        string? missing = Environment.UserName != "root" ? "root (network namespaces)"
            : new[] { "ip", "keepalived", "tcpdump" }.FirstOrDefault(tool => !IsInstalled(tool));
        if (missing is null)
            return;
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"needs {missing}");
        Assert.Skip($"needs {missing}");
    }

    /// <summary>Waits for room.</summary>
    /// <param name="isAlone">Whether nobody else may be there.</param>
    /// <returns>What leaves the room again.</returns>
    public static async Task<IDisposable> EnterAsync(bool isAlone)
    {
        int seats = isAlone ? Seats : 1;
        await Order.WaitAsync();
        try
        {
            for (int i = 0; i < seats; i++)
                await Free.WaitAsync();
        }
        finally
        {
            Order.Release();
        }

        return new Leaving(seats);
    }

    private static bool IsInstalled(string tool) =>
        new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Any(folder => File.Exists(Path.Combine(folder, tool)));

    private sealed class Leaving(int seats) : IDisposable
    {
        public void Dispose() => Free.Release(seats);
    }
}
