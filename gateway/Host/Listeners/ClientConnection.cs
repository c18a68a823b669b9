using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using InfluxMirror.Inputs;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Listeners;

/// <summary>
/// A client's connection. Nobody reads while a request is under way, so whether its client has gone is looked at once a
/// second (<see cref="Watch"/>).
/// </summary>
internal sealed class ClientConnection : ConnectionContext, IConnectionSocketFeature
{
    // What is left of a block is used if it is as much as a usual request's head.
    private const int MinReadSize = 4096;

    // recv(2) and errno(3) on Linux: MSG_PEEK | MSG_DONTWAIT, EAGAIN, EINTR.
    private const int PeekAtOnce = 0x02 | 0x40;
    private const int TryAgain = 11;
    private const int Interrupted = 4;

    private static long _last;

    private readonly CancellationTokenSource _closed = new();
    private readonly PlacingPool _pool;
    private int _isClosed;

    public ClientConnection(Socket socket, ReceivePool pool)
    {
        Socket = socket;
        ConnectionId = Interlocked.Increment(ref _last).ToString("x8", CultureInfo.InvariantCulture);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        _pool = new PlacingPool(pool);
        ClientStream stream = new(socket, Close);
        Transport = new Duplex(
            PipeReader.Create(stream, new StreamPipeReaderOptions(
                _pool, ReceivePool.BlockSize, MinReadSize, leaveOpen: true, useZeroByteReads: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(pool, leaveOpen: true)));
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IMemoryPoolFeature>(new Memory(pool));
        Features.Set<IBodyPlacement>(_pool);
    }

    public Socket Socket { get; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    /// <summary>Middleware: has Kestrel's heartbeat look after clients.</summary>
    public static ConnectionDelegate Watch(ConnectionDelegate next) => connection =>
    {
        connection.Features.Get<IConnectionHeartbeatFeature>()?
            .OnHeartbeat(static state => (state as ClientConnection)?.CloseIfGone(), connection);
        return next(connection);
    };

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Socket.Dispose();
        Close();
    }

    public override async ValueTask DisposeAsync()
    {
        await Transport.Input.CompleteAsync().ConfigureAwait(false);
        await Transport.Output.CompleteAsync().ConfigureAwait(false);
        try
        {
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The other side has ended it, or it was aborted.
        }

        Socket.Dispose();
        Close();
        _pool.Dispose();
    }

    /// <summary>
    /// Ends what is under way when the client has ended the connection and everything it sent before was read. May be
    /// called while the connection is read, and takes nothing from it.
    /// </summary>
    internal void CloseIfGone()
    {
        try
        {
            // The framework can only say that there is something to read and then how much, between which somebody may
            // read it.
            var look = Recv(Socket.SafeHandle, out _, 1, PeekAtOnce);
            if (look == 0 || (look < 0 && Marshal.GetLastPInvokeError() is not (TryAgain or Interrupted)))
                Close();
        }
        catch (ObjectDisposedException)
        {
            Close();
        }
    }

    [DllImport("libc", EntryPoint = "recv", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Recv(SafeSocketHandle socket, out byte buffer, nint length, int flags);

    private void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            _closed.Cancel();
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    private sealed class Memory(ReceivePool pool) : IMemoryPoolFeature
    {
        public System.Buffers.MemoryPool<byte> MemoryPool => pool;
    }

    /// <summary>The socket as a stream, on which writing to a client that has gone is no failure of the request.
    /// </summary>
    private sealed class ClientStream(Socket socket, Action closed) : NetworkStream(socket, ownsSocket: false)
    {
        private volatile bool _isGone;

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isGone)
                return ValueTask.CompletedTask;
            ValueTask write = base.WriteAsync(buffer, cancellationToken);
            return write.IsCompletedSuccessfully ? write : FinishAsync(write);
        }

        private async ValueTask FinishAsync(ValueTask write)
        {
            try
            {
                await write.ConfigureAwait(false);
            }
            catch (IOException)
            {
                // Nobody is there to be told; the request learns of it as of any client that leaves.
                _isGone = true;
                closed();
            }
        }
    }
}
