using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Gateway.SystemTests.Processes;

/// <summary>
/// Free loopback ports below the kernel's ephemeral range, so that no outgoing connection takes one while its server
/// is down.
/// </summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Last = 32_000;
    private static readonly ConcurrentDictionary<int, bool> Taken = new();

    public static int Next()
    {
        for (int attempt = 0; attempt < 1000; attempt++)
        {
            int port = Random.Shared.Next(First, Last);
            if (!Taken.TryAdd(port, true))
                continue;
            try
            {
                using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody else's port: try another one.
            }
        }

        throw new InvalidOperationException($"no free port between {First} and {Last}");
    }
}
