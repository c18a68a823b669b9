using System.Net.Sockets;
using Vrrp.Daemon.Configuration;

namespace Vrrp.Daemon.Guarding;

/// <summary>
/// A name that only one guardian of a virtual router holds at a time, within one network namespace: an abstract socket,
/// which the kernel frees when its holder dies.
/// </summary>
internal sealed class InstanceLock : IDisposable
{
    private readonly Socket _socket;

    private InstanceLock(Socket socket) => _socket = socket;

    /// <summary>The name for an instance.</summary>
    public static string NameOf(InstanceConfig instance) =>
        $"vrrpd/{instance.Interface}/{instance.Router.Family}/{instance.Router.VirtualRouterId}";

    /// <summary>Takes a name; null if somebody has it.</summary>
    public static InstanceLock? TryTake(string name)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint("\0" + name));
            return new(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
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

    public void Dispose() => _socket.Dispose();

    private static bool IsTaken(string name)
    {
        using InstanceLock? taken = TryTake(name);
        return taken is null;
    }
}
