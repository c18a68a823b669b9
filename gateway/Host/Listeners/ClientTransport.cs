using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Gateway.Listeners;

/// <summary>
/// Kestrel's transport. Unlike its own one, which reads ahead into a pipe, it reads what a request asks for, on the
/// thread that learns of it: fewer steps from the socket to the request, and a large body is received where it is to
/// stay (<see cref="PlacingPool"/>), which saves copying it and most of the system calls.
/// </summary>
internal sealed class ClientTransport(ReceivePool pool, TimeProvider time) : IConnectionListenerFactory
{
    // As Kestrel's own has it.
    private const int Backlog = 512;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(100);

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

        return ValueTask.FromResult<IConnectionListener>(new Listener(socket, pool, time));
    }

    private sealed class Listener(Socket socket, ReceivePool pool, TimeProvider time) : IConnectionListener
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
                    return new ClientConnection(client, pool);
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
                    // A client that left before it was let in; or no file is left for it, and then trying at once
                    // would be in vain.
                    if (failure.SocketErrorCode is not (SocketError.ConnectionReset or SocketError.ConnectionAborted
                        or SocketError.NotConnected))
                        await Task.Delay(AfterFailure, time, cancellationToken).ConfigureAwait(false);
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
