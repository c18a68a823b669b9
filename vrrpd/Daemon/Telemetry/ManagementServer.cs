using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Vrrp.Daemon.Telemetry;

/// <summary>
/// Answers GET /metrics (Prometheus), /status (JSON) and / (text) with a few lines of HTTP/1.1: one request per
/// connection, bounded in size, time and number.
/// </summary>
internal sealed class ManagementServer : IAsyncDisposable
{
    private const int MaxRequest = 8192;
    private const int MaxConnections = 16;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private readonly Func<DaemonStatus> _status;
    private readonly Socket _listener;
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public ManagementServer(IPEndPoint endpoint, Func<DaemonStatus> status)
    {
        _status = status;
        _listener = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(endpoint);
            _listener.Listen();
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint => (IPEndPoint)_listener.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_stop.Token);
                Socket client = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException
                or ObjectDisposedException)
            {
                if (_stop.IsCancellationRequested)
                    return;
                // Out of descriptors, or the client is gone already: not twice in a row at full speed.
                _room.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket owned = client;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(MaxTime);
        try
        {
            string? target = await ReadTargetAsync(client, limit.Token);
            (string status, string type, byte[] body) = Answer(target);
            string head = $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n"
                + "Connection: close\r\nCache-Control: no-store\r\n\r\n";
            await client.SendAsync(Encoding.ASCII.GetBytes(head), limit.Token);
            await client.SendAsync(body, limit.Token);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            client.Close(0);
        }
        finally
        {
            _room.Release();
        }
    }

    private (string Status, string Type, byte[] Body) Answer(string? target)
    {
        const string Text = "text/plain; charset=utf-8";
        if (target is null)
            return ("400 Bad Request", Text, "GET only\n"u8.ToArray());
        return target.Split('?')[0] switch
        {
            "/metrics" => ("200 OK", "text/plain; version=0.0.4; charset=utf-8",
                Encoding.UTF8.GetBytes(DaemonMetrics.Write(_status()))),
            "/status" => ("200 OK", "application/json", StatusReport.Json(_status())),
            "/" => ("200 OK", Text, Encoding.UTF8.GetBytes(StatusReport.Text(_status()))),
            _ => ("404 Not Found", Text, "/metrics, /status or /\n"u8.ToArray()),
        };
    }

    /// <summary>Reads to the end of the head; null if that is no GET.</summary>
    private static async Task<string?> ReadTargetAsync(Socket client, CancellationToken limit)
    {
        byte[] buffer = new byte[MaxRequest];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await client.ReceiveAsync(buffer.AsMemory(length), limit);
            length += read;
            if (read == 0 || buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
                break;
        }

        string line = Encoding.ASCII.GetString(buffer, 0, length).Split("\r\n")[0];
        string[] parts = line.Split(' ');
        return parts is ["GET", var target, _] ? target : null;
    }
}
