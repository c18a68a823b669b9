using System.Net.Sockets;
using System.Text;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>Tests in which a client and a server wait for each other.</summary>
public abstract class TransportTests : IDisposable
{
    // Whoever waits for the other side of a connection waits no longer, should that one fail.
    private readonly CancellationTokenSource _late =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    protected TransportTests() => _late.CancelAfter(TimeSpan.FromMinutes(1));

    protected CancellationToken Stop => _late.Token;

    public void Dispose()
    {
        _late.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>What comes next, at most 4 KiB.</summary>
    protected async Task<string> ReadAsync(TcpClient client)
    {
        byte[] bytes = new byte[4096];
        int read = await client.GetStream().ReadAsync(bytes, Stop);
        return Encoding.ASCII.GetString(bytes, 0, read);
    }
}
