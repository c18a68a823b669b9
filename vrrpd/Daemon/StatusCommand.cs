using System.Net.Sockets;
using System.Text;

namespace Vrrp.Daemon;

/// <summary><c>vrrpd status</c>: prints what a running daemon says of itself.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Asks the daemon at an address and prints its answer.</summary>
    public static async Task<int> RunAsync(string endpoint)
    {
        if (endpoint.LastIndexOf(':') is not (> 0 and var colon)
            || !int.TryParse(endpoint[(colon + 1)..], out int port))
        {
            Console.Error.WriteLine($"'{endpoint}' is not HOST:PORT");
            return ExitCode.Usage;
        }

        try
        {
            using CancellationTokenSource limit = new(Timeout);
            Console.Write(await AskAsync(endpoint[..colon].Trim('[', ']'), port, limit.Token));
            return ExitCode.Ok;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or IOException)
        {
            Console.Error.WriteLine($"no vrrpd answers at {endpoint}: {exception.Message}");
            return ExitCode.Failed;
        }
    }

    // The daemon answers one request per connection and then closes it.
    private static async Task<string> AskAsync(string host, int port, CancellationToken limit)
    {
        using TcpClient client = new();
        await client.ConnectAsync(host, port, limit);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), limit);
        using StreamReader reader = new(stream);
        string answer = await reader.ReadToEndAsync(limit);
        int head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) && head >= 0
            ? answer[(head + 4)..]
            : throw new IOException("the answer is not vrrpd's");
    }
}
