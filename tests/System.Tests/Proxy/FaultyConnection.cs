using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Gateway.SystemTests.Proxy;

/// <summary>One connection of the gateway to a <see cref="FaultyServer"/>.</summary>
internal sealed class FaultyConnection(FaultyServer server, Socket client)
{
    private readonly CancellationTokenSource ending = new();
    private Socket? upstream;

    /// <summary>It holds a request that will never be answered.</summary>
    public bool Hangs { get; private set; }

    public async Task ServeAsync()
    {
        try
        {
            client.NoDelay = true;
            HttpWire requests = new(new NetworkStream(client));
            HttpWire? answers = null;
            while (await requests.HeadAsync(ending.Token) is { } head)
            {
                MemoryStream raw = new();
                MemoryStream body = new();
                await requests.BodyAsync(head, (bytes, content) =>
                {
                    raw.Write(bytes.Span);
                    if (content)
                        body.Write(bytes.Span);
                    return ValueTask.CompletedTask;
                }, untilClose: false, ending.Token);
                RecordedRequest request = new(Encoding.Latin1.GetString(head), body.ToArray());
                FaultRule? rule = server.RuleFor(request);
                Fault? fault = rule?.Fault;
                if (await HandledAsync(request, rule))
                    continue;
                answers ??= await ConnectAsync();
                await upstream!.SendAsync((byte[])[.. head, .. raw.ToArray()], ending.Token);
                if (!await AnswerAsync(answers, request, fault))
                    return;
            }

            End(reset: false);
        }
        catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException
            or ObjectDisposedException)
        {
            End(reset: true);
        }
    }

    public void End(bool reset)
    {
        ending.Cancel();
        if (reset)
            ResetOnClose(client);
        client.Dispose();
        upstream?.Dispose();
    }

    /// <summary>True when the fault answered by itself.</summary>
    private async Task<bool> HandledAsync(RecordedRequest request, FaultRule? rule)
    {
        if (rule is null)
            return false;
        Fault fault = rule.Fault;
        fault.First?.Invoke();
        if (fault.Delay > TimeSpan.Zero)
            await Task.Delay(fault.Delay, ending.Token);
        if (fault.Hangs)
        {
            Hangs = true;
            // Only the peer's giving up, or healing, ends this.
            byte[] nothing = new byte[1];
            while (server.Applies(rule) && await client.ReceiveAsync(nothing, ending.Token) > 0)
                continue;
            throw new IOException("the hanging ended");
        }

        if (fault.CutAfter == 0)
        {
            End(fault.Resets);
            throw new IOException("cut");
        }

        if (fault.Status is not int status)
            return false;
        byte[] body = Encoding.UTF8.GetBytes(fault.Body);
        string length = status == 204 ? "" : $"Content-Length: {body.Length}\r\n";
        string head = $"HTTP/1.1 {status} Fault\r\nContent-Type: application/json\r\nX-Influxdb-Version: 1.6.7~rc0\r\n"
            + $"{length}\r\n";
        AnswerSender sender = new(client, fault, ending.Token);
        await sender.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body]);
        request.Status = status;
        return true;
    }

    private async Task<HttpWire> ConnectAsync()
    {
        upstream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await upstream.ConnectAsync(server.Upstream, ending.Token);
        return new HttpWire(new NetworkStream(upstream));
    }

    /// <summary>False when the connection is at its end.</summary>
    private async Task<bool> AnswerAsync(HttpWire answers, RecordedRequest request, Fault? fault)
    {
        AnswerSender sender = new(client, fault, ending.Token);
        byte[]? head;
        int status;
        do
        {
            head = await answers.HeadAsync(ending.Token) ?? throw new IOException("the server ended");
            status = int.Parse(Encoding.ASCII.GetString(head, 9, 3), CultureInfo.InvariantCulture);
            await sender.SendAsync(head);
        }
        while (status < 200);
        bool hasBody = status is not (204 or 304) && request.Method != "HEAD";
        if (hasBody)
            await answers.BodyAsync(head, (bytes, _) => sender.SendAsync(bytes), untilClose: true, ending.Token);
        request.Status = status;
        bool closes = HttpWire.Header(head, "Connection") == "close"
            || (hasBody && HttpWire.Header(head, "Content-Length") is null
                && HttpWire.Header(head, "Transfer-Encoding") is null);
        if (!sender.IsCut && !closes)
            return true;
        End(sender.IsCut && fault is { Resets: true });
        return false;
    }

    private static void ResetOnClose(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Already gone: nothing left to reset.
        }
    }
}
