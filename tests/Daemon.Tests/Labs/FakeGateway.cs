using System.Net;
using System.Net.Sockets;

namespace Vrrp.Daemon.Tests.Labs;

/// <summary>How a gateway answers.</summary>
internal enum GatewayMood
{
    /// <summary>200.</summary>
    Well,

    /// <summary>503.</summary>
    Unready,

    /// <summary>It takes the connection and says nothing.</summary>
    Hanging,

    /// <summary>Nobody listens.</summary>
    Gone,
}

/// <summary>A gateway's health endpoint on a node's loopback.</summary>
internal sealed class FakeGateway(NetworkNamespace? place = null) : IDisposable
{
    private readonly List<Socket> _hanging = [];
    private Socket? _listener;
    private volatile GatewayMood _mood = GatewayMood.Gone;

    /// <summary>Its port; 0 until it first listens.</summary>
    public int Port { get; private set; }

    /// <summary>How it answers from now on.</summary>
    public GatewayMood Mood
    {
        get => _mood;
        set
        {
            _mood = value;
            if (value == GatewayMood.Gone)
                Close();
            else if (_listener is null)
                Listen();
        }
    }

    public void Dispose()
    {
        Close();
        lock (_hanging)
            _hanging.ForEach(socket => socket.Dispose());
    }

    private void Listen()
    {
        Socket listener = place is null ? Open() : place.Within(Open);
        _listener = listener;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _ = Task.Run(() => AnswerAsync(listener));
    }

    private Socket Open()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        socket.Listen();
        return socket;
    }

    private void Close()
    {
        _listener?.Dispose();
        _listener = null;
    }

    private async Task AnswerAsync(Socket listener)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (true)
            {
                Socket client = await listener.AcceptAsync();
                if (_mood == GatewayMood.Hanging)
                {
                    lock (_hanging)
                        _hanging.Add(client);
                    continue;
                }

                await client.ReceiveAsync(buffer);
                string status = _mood == GatewayMood.Well ? "200 OK" : "503 Service Unavailable";
                await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {status}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nready"));
                client.Shutdown(SocketShutdown.Send);
                client.Dispose();
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            listener.Dispose();
        }
    }
}
