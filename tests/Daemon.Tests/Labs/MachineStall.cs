using System.Collections.Concurrent;
using System.Diagnostics;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>
/// How late a thread is woken that only sleeps: on a machine that others use too, time that no program of the lab could
/// have used.
/// </summary>
internal static class MachineStall
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Notable = TimeSpan.FromMilliseconds(50);
    private static readonly ConcurrentQueue<(DateTime At, TimeSpan Late)> Stalls = new();

    private static readonly Thread Sleeper = new(Sleep) { IsBackground = true };
    private static int s_isWatching;

    /// <summary>Begins to look, if that has not been done.</summary>
    public static void Watch()
    {
        if (Interlocked.Exchange(ref s_isWatching, 1) == 0)
            Sleeper.Start();
    }

    /// <summary>The longest delay since a moment.</summary>
    public static TimeSpan Worst(DateTime since) =>
        Stalls.Where(stall => stall.At >= since).Select(stall => stall.Late).DefaultIfEmpty().Max();

    private static void Sleep()
    {
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            Thread.Sleep(Nap);
            TimeSpan late = Stopwatch.GetElapsedTime(start) - Nap;
            if (late > Notable)
                Stalls.Enqueue((DateTime.UtcNow, late));
        }
    }
}
