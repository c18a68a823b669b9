using System.Net.Sockets;
using InfluxMirror.Inputs;

namespace Gateway.Listeners;

/// <summary>
/// A client's socket as a stream. Writing to a client that has gone is no failure of the request. Reading a large body
/// waits until much of it has come, which saves a wake-up for each of its many parts.
/// </summary>
/// <param name="socket">Stays the caller's.</param>
/// <param name="placement">Says how much of a body is still to come.</param>
/// <param name="gone">Called when a write finds that nobody is there.</param>
internal sealed class ClientStream(Socket socket, BodyPlacement placement, Action gone)
    : NetworkStream(socket, ownsSocket: false)
{
    // More is not worth the memory it takes in the kernel.
    private const int MostAwaited = 512 * 1024;

    private readonly Lock _gate = new();
    private volatile bool _isGone;
    private bool _isReady;

    // As the socket has it (SO_RCVLOWAT). Belongs to the lock, but for a look.
    private int _awaited = 1;

    /// <summary>From now on nothing is sent.</summary>
    public void StopSending() => _isGone = true;

    /// <summary>
    /// Whoever waits gets what has come: a client may be slow or stand still. May be called while the stream is read.
    /// </summary>
    public void WaitNoLonger()
    {
        if (Volatile.Read(ref _awaited) > 1)
            Await(1);
    }

    /// <summary>Reads; into an empty buffer it waits until there is something to read.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // What has come is read without a wait.
        if (!_isReady || buffer.IsEmpty)
            Await(buffer.IsEmpty ? Math.Clamp(placement.OfferedLength, 1, MostAwaited) : 1);
        _isReady = buffer.IsEmpty;
        return base.ReadAsync(buffer, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isGone)
            return ValueTask.CompletedTask;
        try
        {
            ValueTask write = base.WriteAsync(buffer, cancellationToken);
            return write.IsCompletedSuccessfully ? write : FinishAsync(write);
        }
        catch (IOException)
        {
            Lose();
            return ValueTask.CompletedTask;
        }
    }

    private async ValueTask FinishAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (IOException)
        {
            Lose();
        }
    }

    private void Await(int bytes)
    {
        if (bytes == Volatile.Read(ref _awaited))
            return;
        try
        {
            lock (_gate)
            {
                Socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, bytes);
                _awaited = bytes;
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The connection has ended: whoever reads is told so by the read.
        }
    }

    // The request learns of it as it does of any client that leaves.
    private void Lose()
    {
        _isGone = true;
        gone();
    }
}
