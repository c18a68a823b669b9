using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using InfluxMirror.Inputs;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Listeners;

/// <summary>
/// A client's connection. Nobody reads while a request is under way, so whether its client has gone is looked at once a
/// second (<see cref="Watch"/>), and whether it is slow.
/// </summary>
internal sealed class ClientConnection : ConnectionContext, IConnectionSocketFeature, IMemoryPoolFeature
{
    // What is left of a block is used if it is as much as a usual request's head.
    private const int MinReadSize = 4096;

    private static long _last;

    private readonly CancellationTokenSource _closed = new();
    private readonly ClientStream _stream;
    private readonly PlacingPool _pool;
    private int _isClosed;

    public ClientConnection(Socket socket, ReceivePool pool)
    {
        Socket = socket;
        MemoryPool = pool;
        ConnectionId = Interlocked.Increment(ref _last).ToString("x8", CultureInfo.InvariantCulture);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        BodyPlacement placement = new(ReceivePool.BlockSize);
        _pool = new PlacingPool(placement, pool);
        _stream = new ClientStream(socket, placement, Close);
        Transport = new Duplex(
            PipeReader.Create(_stream, new StreamPipeReaderOptions(
                _pool, ReceivePool.BlockSize, MinReadSize, leaveOpen: true, useZeroByteReads: true)),
            PipeWriter.Create(_stream, new StreamPipeWriterOptions(pool, leaveOpen: true)));
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        Features.Set(placement);
    }

    public Socket Socket { get; }

    public MemoryPool<byte> MemoryPool { get; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    /// <summary>Middleware: has Kestrel's heartbeat look after clients.</summary>
    public static ConnectionDelegate Watch(ConnectionDelegate next) => connection =>
    {
        connection.Features.Get<IConnectionHeartbeatFeature>()?
            .OnHeartbeat(static state => (state as ClientConnection)?.Look(), connection);
        return next(connection);
    };

    /// <summary>
    /// Ends the connection at once; with a reason so that the client cannot take what it has for a whole answer.
    /// </summary>
    public override void Abort(ConnectionAbortedException? abortReason)
    {
        _stream.StopSending();
        if (abortReason is null)
            Socket.Dispose();
        else
            Socket.Close(timeout: 0);
        Close();
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await Transport.Input.CompleteAsync().ConfigureAwait(false);
            await Transport.Output.CompleteAsync().ConfigureAwait(false);
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The other side has ended it, or it was aborted.
        }
        finally
        {
            _stream.Dispose();
            Socket.Dispose();
            Close();
            _pool.Dispose();
        }
    }

    /// <summary>
    /// Ends what is under way when the client has gone, and a wait for more than has come. May be called while the
    /// connection is read.
    /// </summary>
    internal void Look()
    {
        if (HangUp.IsSeenOn(Socket))
            Close();
        else
            _stream.WaitNoLonger();
    }

    // Whoever hears of it has no business on the thread that found out.
    private void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
