using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Gateway.SystemTests.Setup;

/// <summary>An HTTP/1.1 answer as it came from the wire.</summary>
internal sealed record RawAnswer(int Status, byte[] Head, byte[] Body)
{
    public string? Header(string name) => HttpWire.Header(Head, name);

    public override string ToString() => $"{Status} {Encoding.UTF8.GetString(Body)}";
}

/// <summary>A connection on which a test says every byte itself.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly TcpClient client;
    private readonly HttpWire wire;

    private RawConnection(TcpClient client)
    {
        this.client = client;
        wire = new HttpWire(client.GetStream());
    }

    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        TcpClient client = new() { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port);
        return new RawConnection(client);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        using CancellationTokenSource limit = new(Bound);
        await client.GetStream().WriteAsync(bytes, limit.Token);
    }

    /// <summary>The next answer, interim ones included.</summary>
    /// <param name="withoutBody">It answers a HEAD.</param>
    public async Task<RawAnswer> ReadAsync(bool withoutBody = false)
    {
        using CancellationTokenSource limit = new(Bound);
        byte[] head = await wire.HeadAsync(limit.Token) ?? throw new IOException("the connection ended");
        int status = int.Parse(Encoding.ASCII.GetString(head, 9, 3), CultureInfo.InvariantCulture);
        MemoryStream body = new();
        if (!withoutBody && status is not (100 or 204 or 304))
        {
            await wire.BodyAsync(head, (bytes, content) =>
            {
                if (content)
                    body.Write(bytes.Span);
                return ValueTask.CompletedTask;
            }, untilClose: true, limit.Token);
        }

        return new RawAnswer(status, head, body.ToArray());
    }

    /// <summary>Waits until the other side ends the connection.</summary>
    public async Task EndedAsync()
    {
        using CancellationTokenSource limit = new(Bound);
        try
        {
            while (await client.GetStream().ReadAsync(new byte[1024], limit.Token) > 0)
                continue;
        }
        catch (IOException)
        {
            // Reset: ended too.
        }
    }

    public void Dispose() => client.Dispose();
}
