using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Asks an address a hundred times a second who it is; nodes answer with their number.</summary>
internal sealed class Client : IAsyncDisposable
{
    public const int Port = 7000;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<(DateTime At, int Node)> _answers = new();
    private readonly Socket _socket;
    private readonly EndPoint _target;
    private readonly Thread _asking;
    private readonly Task _listening;
    private volatile bool _isEnding;

    public Client(NetworkNamespace place, string address)
    {
        _target = new IPEndPoint(IPAddress.Parse(address).MapToIPv6(), Port);
        _socket = place.Udp(0);
        _socket.Blocking = false;
        _asking = new(Ask) { IsBackground = true };
        _asking.Start();
        _listening = Task.Run(ListenAsync);
    }

    /// <summary>The longest time without an answer.</summary>
    public TimeSpan Gap(DateTime from, DateTime to)
    {
        TimeSpan longest = TimeSpan.Zero;
        DateTime last = from;
        foreach ((DateTime at, _) in _answers)
        {
            if (at < from || at > to)
                continue;
            longest = at - last > longest ? at - last : longest;
            last = at;
        }

        return to - last > longest ? to - last : longest;
    }

    /// <summary>Which node answered last; 0: none yet.</summary>
    public int Owner => _answers.LastOrDefault().Node;

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        _asking.Join();
        _socket.Dispose();
        await _listening;
    }

    /// <summary>Answers on a node until its socket is disposed.</summary>
    public static Socket Answer(NetworkNamespace place, int node)
    {
        Socket socket = place.Udp(Port);
        _ = Task.Run(async () =>
        {
            byte[] buffer = new byte[16];
            try
            {
                while (true)
                {
                    SocketReceiveFromResult asked =
                        await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0));
                    buffer[0] = (byte)node;
                    await TrySendAsync(socket, buffer.AsMemory(0, 1), asked.RemoteEndPoint);
                }
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
            {
                socket.Dispose();
            }
        });
        return socket;
    }

    private static async Task TrySendAsync(Socket socket, ReadOnlyMemory<byte> answer, EndPoint to)
    {
        try
        {
            await socket.SendToAsync(answer, to);
        }
        catch (SocketException exception) when (exception.SocketErrorCode != SocketError.OperationAborted)
        {
            // The node's link is down: the client does not get its answer, which is what it measures.
            Debug.WriteLine(exception.Message);
        }
    }

    private void Ask()
    {
        byte[] question = [0];
        while (!_isEnding)
        {
            try
            {
                _socket.SendTo(question, _target);
            }
            catch (SocketException exception)
            {
                // No route or no neighbour: no answer either.
                Debug.WriteLine(exception.Message);
            }

            Thread.Sleep(Pace);
        }
    }

    private async Task ListenAsync()
    {
        byte[] buffer = new byte[16];
        while (true)
        {
            try
            {
                await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0));
                _answers.Enqueue((DateTime.UtcNow, buffer[0]));
            }
            catch (SocketException) when (!_isEnding)
            {
                await Task.Delay(Pace);
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }
}
