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
        Act(table);
        return 0;
    }

    /// <summary>Does what the dead daemon left to do.</summary>
    public static void Act(GuardianTable table)
    {
        // A table of its own would be old by now; this one is as the kernel has it.
        using NetlinkSocket netlink = new(new());
        for (int i = 0; i < table.Slots; i++)
        {
            if (table.Read(i) is not { } legacy)
                continue;
            Remove(netlink, legacy);
            Resign(legacy);
        }
    }

    private static void Remove(NetlinkSocket netlink, Legacy legacy)
    {
        foreach ((int index, Address address) in legacy.Addresses)
        {
            if (netlink.Table.Find(index) is not { } found)
                continue;
            foreach (InterfaceAddress left in found.Addresses.Where(left => left.Address == address).ToList())
                netlink.Delete(index, address, left.PrefixLength);
        }
    }

    private static void Resign(Legacy legacy)
    {
        using VrrpSocket socket = new(legacy.Family, legacy.InterfaceIndex, isMulticast: false);
        foreach ((Address destination, byte[] message) in legacy.Adverts)
            _ = socket.Send(message, legacy.Source, destination);
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
