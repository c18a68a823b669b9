using System.Net.Sockets;

namespace Gateway.SystemTests.Proxy;

/// <summary>Sends an answer to the gateway, as slowly and as far as the fault says.</summary>
internal sealed class AnswerSender(Socket socket, Fault? fault, CancellationToken stop)
{
    private int sent;

    /// <summary>The cut was made; the connection is to be ended.</summary>
    public bool IsCut { get; private set; }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (IsCut)
            return;
        if (fault?.CutAfter is int limit && sent + bytes.Length >= limit)
        {
            bytes = bytes[..(limit - sent)];
            IsCut = true;
        }

        sent += bytes.Length;
        if (fault is not { BytesPerSecond: > 0 })
        {
            await WholeAsync(bytes);
            return;
        }

        for (int at = 0; at < bytes.Length; at++)
        {
            await WholeAsync(bytes.Slice(at, 1));
            await Task.Delay(TimeSpan.FromSeconds(1.0 / fault.BytesPerSecond), stop);
        }
    }

    private async ValueTask WholeAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, stop)..];
    }
}
