using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>A network namespace that this process can open sockets in.</summary>
/// <param name="name">Its name.</param>
internal sealed class NetworkNamespace(string name)
{
    private const int NetworkOfThread = 0x40000000;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Makes it.</summary>
    public static async Task<NetworkNamespace> CreateAsync(string name)
    {
        await Shell.RunAsync("ip", "netns", "add", name);
        NetworkNamespace made = new(name);
        await made.IpAsync("link set lo up");
        return made;
    }

    /// <summary>Runs ip in it.</summary>
    public Task<string> IpAsync(string arguments) =>
        Shell.RunAsync("ip", ["-n", name, .. arguments.Split(' ')]);

    /// <summary>The processes in it.</summary>
    public async Task<int[]> ProcessesAsync() =>
        [.. (await Shell.RunAsync("ip", "netns", "pids", name)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse)];

    /// <summary>
    /// Does something within it, such as opening a socket, which stays in it. On a thread that ends afterwards.
    /// </summary>
    public T Within<T>(Func<T> make)
    {
        T? made = default;
        Exception? fault = null;
        Thread thread = new(() =>
        {
            try
            {
                using SafeFileHandle file = File.OpenHandle($"/run/netns/{name}");
                if (Enter((int)file.DangerousGetHandle(), NetworkOfThread) != 0)
                    throw new InvalidOperationException($"setns: {Marshal.GetLastPInvokeError()}");
                made = make();
            }
            catch (Exception exception)
            {
                fault = exception;
            }
        });
        thread.Start();
        thread.Join();
        return fault is null ? made! : throw new InvalidOperationException($"in {name}", fault);
    }

    /// <summary>A UDP socket in it, of both families.</summary>
    public Socket Udp(int port) => Within(() =>
    {
        Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    });

    /// <summary>Ends what runs in it, and removes it.</summary>
    public async Task DeleteAsync()
    {
        foreach (int process in await ProcessesAsync())
            await Shell.TryRunAsync("kill", "-KILL", $"{process}");
        await Shell.RunAsync("ip", "netns", "del", name);
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int Enter(int descriptor, int kind);
}
