using Xunit;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// How many labs run at once. Labs of one second share the machine; those with faster timers have it for themselves.
/// </summary>
internal static class LabRoom
{
    private const int Seats = 4;

    private static readonly Lock Door = new();
    private static readonly Queue<TaskCompletionSource<IDisposable>> Sharing = new();
    private static readonly Queue<TaskCompletionSource<IDisposable>> Alone = new();
    private static int s_inside;
    private static bool s_isTaken;

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
    public static Task<IDisposable> EnterAsync(bool isAlone)
    {
        TaskCompletionSource<IDisposable> entering = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (Door)
        {
            (isAlone ? Alone : Sharing).Enqueue(entering);
            LetIn_NeedsLock();
        }

        return entering.Task;
    }

    // To empty the room costs time, so that those who want it alone go in one after the other once it is empty, and it
    // is emptied when nobody waits who would share it, or two wait who would not.
    private static void LetIn_NeedsLock()
    {
        const int EnoughAlone = 2;
        if (s_isTaken)
            return;
        if (s_inside == 0 && Alone.TryDequeue(out TaskCompletionSource<IDisposable>? alone))
        {
            s_isTaken = true;
            s_inside++;
            alone.SetResult(new Leaving());
            return;
        }

        while (s_inside < Seats && Alone.Count < EnoughAlone
            && Sharing.TryDequeue(out TaskCompletionSource<IDisposable>? next))
        {
            s_inside++;
            next.SetResult(new Leaving());
        }
    }

    private static bool IsInstalled(string tool) =>
        new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Any(folder => File.Exists(Path.Combine(folder, tool)));

    private sealed class Leaving : IDisposable
    {
        public void Dispose()
        {
            lock (Door)
            {
                s_inside--;
                s_isTaken = false;
                LetIn_NeedsLock();
            }
        }
    }
}
