namespace Vrrp.Daemon.Linux;

/// <summary>The realtime scheduling class, which keeps the loop punctual however busy the machine is.</summary>
internal static unsafe class Realtime
{
    private const int Fifo = 1;
    private const int ResetOnFork = 0x40000000;
    private const int Priority = 1;

    /// <summary>
    /// Puts the calling thread into the realtime class; threads and processes it starts are not in it.
    /// </summary>
    /// <returns>Whether that is permitted (CAP_SYS_NICE, or RLIMIT_RTPRIO).</returns>
    public static bool TryEnter()
    {
        int priority = Priority;
        return Libc.SetScheduler(0, Fifo | ResetOnFork, &priority) == 0;
    }

    /// <summary>Whether <see cref="TryEnter"/> would succeed.</summary>
    public static bool IsPermitted()
    {
        bool isPermitted = false;
        Thread trial = new(() => isPermitted = TryEnter(), maxStackSize: 64 * 1024);
        trial.Start();
        trial.Join();
        return isPermitted;
    }
}
