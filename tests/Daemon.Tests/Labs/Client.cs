using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>Asks an address a hundred times a second who it is; nodes answer with their number.</summary>
internal sealed class Client : IDisposable
{
    public const int Port = 7000;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly Socket _socket;
    private readonly EndPoint _target;
    private readonly Thread _asking;
    private readonly Thread _listening;
    private volatile Answer _last = new(default, 0);
    private volatile bool _isEnding;

    public Client(NetworkNamespace place, string address)
    {
        _target = new IPEndPoint(IPAddress.Parse(address).MapToIPv6(), Port);
        _socket = place.Udp(0);
        _socket.Blocking = false;
        _asking = new(Ask) { IsBackground = true };
        _asking.Start();
        _listening = new(Listen) { IsBackground = true };
        _listening.Start();
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
    public int Owner => _last.Node;

    /// <summary>When the last answer came.</summary>
    public DateTime AnsweredAt => _last.At;

    public void Dispose()
    {
        _isEnding = true;
        _asking.Join();
        _listening.Join();
        _socket.Dispose();
    }

    /// <summary>Answers on a node until its socket is disposed.</summary>
    public static Socket AnswerOn(NetworkNamespace place, int node)
    {
        Socket socket = place.Udp(Port);
        Thread thread = new(() => AnswerOn(socket, node)) { IsBackground = true };
        thread.Start();
        return socket;
    }

    private static void AnswerOn(Socket socket, int node)
    {
        byte[] buffer = [0];
        EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
        try
        {
            while (true)
            {
                socket.ReceiveFrom(buffer, ref from);
                buffer[0] = (byte)node;
                TrySend(socket, buffer, from);
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            socket.Dispose();
        }
    }

    // Without a link, a route or a neighbour nobody gets an answer, and that is what is measured.
    private static void TrySend(Socket socket, byte[] message, EndPoint to)
    {
        try
        {
            socket.SendTo(message, to);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.NetworkDown
            or SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.WouldBlock)
        {
            Debug.WriteLine(exception.Message);
        }
    }

    private void Ask()
    {
        byte[] question = [0];
        while (!_isEnding)
        {
            TrySend(_socket, question, _target);
            Thread.Sleep(Pace);
        }
    }

    private void Listen()
    {
        byte[] buffer = [0];
        EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
        while (!_isEnding)
        {
            if (!_socket.Poll(Pace, SelectMode.SelectRead))
                continue;
            try
            {
                _socket.ReceiveFrom(buffer, ref from);
                _answers.Enqueue(_last = new(DateTime.UtcNow, buffer[0]));
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.HostUnreachable
                or SocketError.NetworkUnreachable or SocketError.ConnectionRefused)
            {
                Debug.WriteLine(exception.Message);
            }
        }
    }

    private sealed record Answer(DateTime At, int Node);
}
