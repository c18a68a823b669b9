using System.Runtime.InteropServices;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Guarding;

/// <summary>
/// The second process: sleeps until the daemon ends. If that did not take its leave, its addresses are removed and its
/// advertisements of priority 0 sent, as it would have done on SIGTERM itself.
/// </summary>
internal static unsafe class Guardian
{
    private const int LockRetryMillis = 50;

    /// <summary>Runs to the daemon's end.</summary>
    /// <param name="locks">Names to hold while this lives.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IEnumerable<string> locks)
    {
        // It outlives what ends the daemon: systemd sends SIGTERM to both, a terminal SIGINT and SIGHUP.
        using PosixSignalRegistration term = Ignore(PosixSignal.SIGTERM);
        using PosixSignalRegistration interrupt = Ignore(PosixSignal.SIGINT);
        using PosixSignalRegistration hangup = Ignore(PosixSignal.SIGHUP);
        // From here on no thread is started: one in the realtime class would spin until that has run, and starve it.
        Realtime.TryEnter();
        using GuardianTable table = new(GuardianProcess.TableDescriptor);
        if (TookLeave(locks))
            return 0;
        List<string> failures = [];
        Act(table, failures.Add);
        // Only now: who reads this may be slow, and the addresses are not to wait for that.
        Report(failures);
        return failures.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>Does what the dead daemon left to do. What fails does not keep it from doing the rest.</summary>
    /// <param name="table">What there is to do.</param>
    /// <param name="failed">Told what could not be done, and why.</param>
    public static void Act(GuardianTable table, Action<string> failed)
    {
        // A table of its own would be old by now; this one is as the kernel has it.
        using NetlinkSocket? netlink = Try("reading the interfaces", () => new NetlinkSocket(new()), failed);
        for (int i = 0; i < table.Slots; i++)
        {
            int slot = i;
            if (Try($"reading slot {slot}", () => table.Read(slot), failed) is not { } legacy)
                continue;
            if (netlink is not null)
                Remove(netlink, legacy, failed);
            Resign(legacy, failed);
        }
    }

    private static void Remove(NetlinkSocket netlink, Legacy legacy, Action<string> failed)
    {
        foreach ((int index, Address address) in legacy.Addresses)
        {
            if (netlink.Table.Find(index) is not { } found)
                continue;
            foreach (InterfaceAddress left in found.Addresses.Where(left => left.Address == address).ToList())
            {
                int errno = netlink.Delete(index, address, left.PrefixLength);
                if (errno is not (0 or Libc.EADDRNOTAVAIL or Libc.ENODEV))
                    failed($"removing {address}: {LinuxException.Text(errno)} ({errno}); its lease ends by itself");
            }
        }
    }

    private static void Resign(Legacy legacy, Action<string> failed)
    {
        string what = $"resigning on interface {legacy.InterfaceIndex}";
        using VrrpSocket? socket = Try(
            what, () => new VrrpSocket(legacy.Family, legacy.InterfaceIndex, isMulticast: false), failed);
        if (socket is null)
            return;
        foreach ((Address destination, byte[] message) in legacy.Adverts)
        {
            int errno = socket.Send(message, legacy.Source, destination);
            if (errno != 0)
                failed($"{what} to {destination}: {LinuxException.Text(errno)} ({errno})");
        }
    }

    /// <summary>Makes something of the kernel or of the table; null, and told, if that fails.</summary>
    private static T? Try<T>(string what, Func<T?> make, Action<string> failed) where T : class
    {
        try
        {
            return make();
        }
        catch (Exception exception) when (exception is LinuxException or ArgumentException)
        {
            failed($"{what}: {exception.Message}");
            return null;
        }
    }

    // Without the daemon's log, which needs a thread.
    private static void Report(IEnumerable<string> failures)
    {
        bool isJournal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;
        foreach (string failure in failures)
        {
            Console.Error.WriteLine(isJournal
                ? $"<3>guardian: {failure}"
                : $"{DateTime.Now:yyyy-MM-dd HH:mm:ss.fff} error guardian: {failure}");
        }
    }

    /// <summary>Waits for the daemon's end; whether it took its leave.</summary>
    private static bool TookLeave(IEnumerable<string> locks)
    {
        Queue<string> wanted = new(locks);
        List<InstanceLock> held = [];
        while (true)
        {
            TakeLocks(wanted, held);
            TimeSpec timeout = new() { Nanoseconds = LockRetryMillis * 1_000_000 };
            PollDescriptor life = new() { Descriptor = GuardianProcess.LifeDescriptor, Wanted = Libc.POLLIN };
            if (Libc.Poll(&life, 1, wanted.Count > 0 ? &timeout : null, null) <= 0)
                continue;
            byte said = 0;
            nint length = Libc.Read(GuardianProcess.LifeDescriptor, &said, 1);
            if (length >= 0)
                return length == 1 && said == GuardianProcess.Farewell;
        }
    }

    // An older guardian of the same daemon may still hold them for a moment.
    private static void TakeLocks(Queue<string> wanted, List<InstanceLock> held)
    {
        for (int left = wanted.Count; left > 0; left--)
        {
            string name = wanted.Dequeue();
            if (InstanceLock.TryTake(name) is { } taken)
                held.Add(taken);
            else
                wanted.Enqueue(name);
        }
    }

    private static PosixSignalRegistration Ignore(PosixSignal signal) =>
        PosixSignalRegistration.Create(signal, context => context.Cancel = true);
}
