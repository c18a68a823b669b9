using System.Runtime.InteropServices;
using System.Text;
using Vrrp.Daemon.Configuration;
using Vrrp.Daemon.Linux;

namespace Vrrp.Daemon.Guarding;

/// <summary>
/// A name that only one process holds at a time, within one network namespace: an abstract socket, which the kernel
/// frees when its holder dies.
/// </summary>
internal sealed class InstanceLock : IDisposable
{
    // struct sockaddr_un: family 2, then the name; one that begins with a zero is abstract.
    private const int FamilyLength = 2;
    private const int MaxName = 107;

    private readonly int _descriptor;

    private InstanceLock(int descriptor) => _descriptor = descriptor;

    /// <summary>The name that the daemon of an instance holds.</summary>
    public static string NameOf(InstanceConfig instance) =>
        $"vrrpd/{instance.Interface}/{instance.Router.Family}/{instance.Router.VirtualRouterId}";

    /// <summary>The name that the guardian of an instance holds, which may outlive its daemon for a moment.</summary>
    public static string GuardianNameOf(InstanceConfig instance) => NameOf(instance) + "/guardian";

    /// <summary>Takes a name; null if somebody has it.</summary>
    /// <exception cref="LinuxException">No descriptors.</exception>
    public static unsafe InstanceLock? TryTake(string name)
    {
        Span<byte> address = stackalloc byte[FamilyLength + 1 + MaxName];
        address.Clear();
        MemoryMarshal.Write(address, (ushort)Libc.AF_UNIX);
        int length = Encoding.UTF8.GetBytes(name, address[(FamilyLength + 1)..]);
        int descriptor = LinuxException.ThrowIfFailed(
            Libc.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0), "unix socket");
        fixed (byte* pointer = address)
        {
            if (Libc.Bind(descriptor, pointer, (uint)(FamilyLength + 1 + length)) == 0)
                return new(descriptor);
        }

        _ = Libc.Close(descriptor);
        return null;
    }

    /// <summary>Waits until nobody has a name any more.</summary>
    /// <returns>The names that somebody still has when the time is over.</returns>
    public static async Task<IReadOnlyList<string>> WaitUntilFree(
        IReadOnlyList<string> names, TimeSpan timeout, TimeProvider time)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            List<string> taken = [.. names.Where(IsTaken)];
            if (taken.Count == 0 || time.GetElapsedTime(start) >= timeout)
                return taken;
            await Task.Delay(TimeSpan.FromMilliseconds(20), time);
        }
    }

    public void Dispose() => _ = Libc.Close(_descriptor);

    private static bool IsTaken(string name)
    {
        using InstanceLock? taken = TryTake(name);
        return taken is null;
    }
}
