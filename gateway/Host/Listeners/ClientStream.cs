using System.Net.Sockets;

namespace Gateway.Listeners;

/// <summary>A client's socket as a stream, on which writing to a client that has gone is no failure of the request.
/// </summary>
/// <param name="socket">Stays the caller's.</param>
/// <param name="gone">Called when a write finds that nobody is there.</param>
internal sealed class ClientStream(Socket socket, Action gone) : NetworkStream(socket, ownsSocket: false)
{
    private volatile bool _isGone;

    /// <summary>From now on nothing is sent.</summary>
    public void StopSending() => _isGone = true;

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

    // The request learns of it as it does of any client that leaves.
    private void Lose()
    {
        _isGone = true;
        gone();
    }
}
