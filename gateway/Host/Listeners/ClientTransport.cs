using System.Net;
using System.Net.Sockets;
using Gateway.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Gateway.Listeners;

/// <summary>
/// Kestrel's transport. Unlike its own one, which reads ahead into a pipe, it reads what a request asks for, on the
/// thread that learns of it: fewer steps from the socket to the request, and a large body is received where it is to
/// stay (<see cref="PlacingPool"/>), which saves copying it and most of the system calls.
/// </summary>
internal sealed class ClientTransport(ReceivePool pool, TimeProvider time, ILogger<ClientTransport> log)
    : IConnectionListenerFactory
{
    // As Kestrel's own has it.
    private const int Backlog = 512;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromSeconds(10);

    private long _toldAt;

    private ReceivePool Pool => pool;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(Backlog);
        }
        catch (SocketException failure)
        {
            socket?.Dispose();
            // As Kestrel's own says it, which Kestrel knows how to tell.
            if (failure.SocketErrorCode == SocketError.AddressAlreadyInUse)
                throw new AddressInUseException(failure.Message, failure);
            throw;
        }

        return ValueTask.FromResult<IConnectionListener>(new Listener(this, socket));
    }

    /// <summary>No client can be let in now, most likely because no file descriptor is left.</summary>
    private Task RestAsync(SocketException failure, CancellationToken cancellation)
    {
        long now = time.GetTimestamp();
        if (_toldAt == 0 || time.GetElapsedTime(_toldAt, now) > BetweenWarnings)
        {
            log.CannotAccept(failure.Message);
            _toldAt = now;
        }

        return Task.Delay(AfterFailure, time, cancellation);
    }

    private sealed class Listener(ClientTransport transport, Socket socket) : IConnectionListener
    {
        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                Socket? client = null;
                try
                {
                    client = await socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
                    // Answers are whole when they are sent.
                    if (client.ProtocolType == ProtocolType.Tcp)
                        client.NoDelay = true;
                    return new ClientConnection(client, transport.Pool);
                }
                catch (Exception closed) when (closed is ObjectDisposedException
                    or SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    client?.Dispose();
                    return null;
                }
                catch (SocketException failure)
                {
                    client?.Dispose();
                    // A client that left before it was let in is nothing; else trying again at once would be in vain.
                    if (failure.SocketErrorCode is not (SocketError.ConnectionReset or SocketError.ConnectionAborted
                        or SocketError.NotConnected))
                        await transport.RestAsync(failure, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
