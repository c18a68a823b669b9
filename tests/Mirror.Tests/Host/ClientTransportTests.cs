using System.Buffers;
using System.IO.Hashing;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Listeners;
using InfluxMirror.Inputs;
using InfluxMirror.Telemetry;
using InfluxMirror.Tests.Writes;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>Kestrel on our transport, and clients of all manners.</summary>
public sealed class ClientTransportTests : TransportTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Bodies_of_any_size_in_any_pieces_arrive_as_they_were_sent_and_so_does_what_follows(int seed)
    {
        using MirrorMetrics metrics = new();
        BodyReader bodies = new(new FixedOptions(new MirrorOptions()), metrics);
        await using TransportServer server = await TransportServer.StartAsync(async context =>
        {
            BodyResult read = await bodies.ReadAsync(context.Request);
            await context.Response.WriteAsync($"{XxHash3.HashToUInt64(read.Body!.Span)} {read.Body.Length}\n", Stop);
            read.Body.Release();
        });
        Random random = new(seed);
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        List<string> expected = [];
        using MemoryStream sent = new();
        for (int i = 0; i < 40; i++)
        {
            byte[] body = new byte[random.Next(4) switch
            {
                0 => random.Next(100),
                1 => random.Next(60_000, 140_000),
                2 => random.Next(20_000),
                _ => random.Next(2_000_000),
            }];
            random.NextBytes(body);
            sent.Write(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n"));
            sent.Write(body);
            expected.Add($"{XxHash3.HashToUInt64(body)} {body.Length}");
        }

        // All in one stream: the next request is right behind each body, whatever piece that comes in.
        Task sending = Task.Run(
            async () =>
            {
                byte[] all = sent.ToArray();
                for (int at = 0; at < all.Length;)
                {
                    int piece = Math.Min(all.Length - at, random.Next(1, random.Next(2) == 0 ? 3_000 : 900_000));
                    await client.GetStream().WriteAsync(all.AsMemory(at, piece), Stop);
                    at += piece;
                }
            },
            Stop);
        using StreamReader answers = new(client.GetStream());
        List<string> got = [];
        while (got.Count < expected.Count)
        {
            if (await answers.ReadLineAsync(Stop) is { } line && char.IsAsciiDigit(line.FirstOrDefault())
                && line.Contains(' ', StringComparison.Ordinal))
                got.Add(line);
        }

        await sending;
        Assert.Equal(expected, got);
    }

    [Fact]
    public async Task A_place_that_is_offered_is_received_into_and_one_that_was_taken_back_is_not()
    {
        Place used = new(1_000_000), withdrawn = new(1_000_000);
        TaskCompletionSource offered = new();
        await using TransportServer server = await TransportServer.StartAsync(async context =>
        {
            BodyPlacement placement = context.Features.Get<BodyPlacement>()!;
            PipeReader body = context.Request.BodyReader;
            placement.Offer(withdrawn);
            placement.Offer(used);
            Assert.True(withdrawn.IsDisposed);
            offered.SetResult();
            ReadResult read = await body.ReadAsync(Stop);
            Assert.True(read.Buffer.FirstSpan.Overlaps(used.Memory.Span));
            Assert.False(used.IsDisposed);
            body.AdvanceTo(read.Buffer.End);
            placement.Offer(null);
            Assert.True(used.IsDisposed);
        });
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        await client.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"u8.ToArray(), Stop);
        await offered.Task.WaitAsync(Stop);
        await client.GetStream().WriteAsync("hello"u8.ToArray(), Stop);

        Assert.StartsWith("HTTP/1.1 200", await ReadAsync(client), StringComparison.Ordinal);
        Assert.Equal("hello"u8.ToArray(), used.Memory[..5].ToArray());
        Assert.All(withdrawn.Memory.ToArray(), static one => Assert.Equal(0, one));
    }

    [Fact]
    public async Task A_body_that_breaks_off_leaves_its_buffer_to_nobody_else()
    {
        Place place = new(1_000_000);
        TaskCompletionSource offered = new();
        TaskCompletionSource refused = new();
        await using TransportServer server = await TransportServer.StartAsync(async context =>
        {
            BodyPlacement placement = context.Features.Get<BodyPlacement>()!;
            placement.Offer(place);
            offered.SetResult();
            ReadResult read = await context.Request.BodyReader.ReadAsync(Stop);
            // Part of it stays unread: the connection goes on receiving where it has begun.
            context.Request.BodyReader.AdvanceTo(read.Buffer.GetPosition(1));
            placement.Offer(null);
            Assert.False(place.IsDisposed);
            context.Response.StatusCode = 400;
            refused.SetResult();
        });
        using (TcpClient client = new())
        {
            await client.ConnectAsync(server.EndPoint, Stop);
            await client.GetStream().WriteAsync(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"u8.ToArray(), Stop);
            await offered.Task.WaitAsync(Stop);
            await client.GetStream().WriteAsync("hello"u8.ToArray(), Stop);
            await refused.Task.WaitAsync(Stop);
        }

        await UntilAsync(() => place.IsDisposed, "the connection lets go when it ends");
    }

    [Fact]
    public async Task A_client_that_leaves_while_its_request_is_under_way_ends_it()
    {
        TaskCompletionSource begun = new();
        TaskCompletionSource ended = new();
        await using TransportServer server = await TransportServer.StartAsync(async context =>
        {
            context.RequestAborted.Register(ended.SetResult);
            begun.SetResult();
            await ended.Task;
            // Whoever writes to it all the same need not care.
            await context.Response.Body.WriteAsync(new byte[1_000_000], Stop);
        });
        using (TcpClient client = new())
        {
            await client.ConnectAsync(server.EndPoint, Stop);
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
            await begun.Task.WaitAsync(Stop);
        }

        await ended.Task.WaitAsync(Stop);
        await UntilAsync(() => server.Ended == 1, "the request ends");
        Assert.Empty(server.Errors);
    }

    /// <summary>A query that nobody waits for any more must not run on in a server.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_gateway_ends_a_request_whose_client_leaves(bool tls)
    {
        TaskCompletionSource begun = new();
        TaskCompletionSource ended = new();
        async Task AnswerAsync(HttpContext context)
        {
            if (context.Request.Path != "/slow")
                return;
            context.RequestAborted.Register(ended.SetResult);
            begun.SetResult();
            await ended.Task;
        }

        await using StubServer one = await StubServer.StartAsync(AnswerAsync);
        await using StubServer other = await StubServer.StartAsync(AnswerAsync);
        int port = TlsTests.FreePort();
        JsonObject file = HostConfiguration.Valid(one.Address, other.Address)
            .With("Kestrel:Endpoints:Clients:Url", $"{(tls ? "https" : "http")}://127.0.0.1:{port}");
        if (tls)
        {
            file = file.With("Kestrel:Endpoints:Clients:Certificate:Path", "tls.crt")
                .With("Kestrel:Endpoints:Clients:Certificate:KeyPath", "tls.key");
        }

        await using TestGateway gateway =
            await TestGateway.StartAsync(file, prepare: static path => TlsTests.WriteCertificate(path));
        Assert.IsType<ClientTransport>(gateway.Get<IConnectionListenerFactory>());
        using (TcpClient client = new())
        {
            await client.ConnectAsync(IPAddress.Loopback, port, Stop);
            Stream stream = client.GetStream();
            if (tls)
            {
                SslStream secure = new(stream, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
                await secure.AuthenticateAsClientAsync("gateway.test");
                stream = secure;
            }

            await stream.WriteAsync("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
            await begun.Task.WaitAsync(Stop);
            // As TLS has it: it says goodbye, which nobody reads while the request is under way.
            if (stream is SslStream leaving)
                await leaving.ShutdownAsync();
        }

        await ended.Task.WaitAsync(Stop);
    }

    [Fact]
    public async Task Idle_connections_do_not_hold_up_the_end()
    {
        TransportServer server = await TransportServer.StartAsync(static context => Task.CompletedTask);
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
        await ReadAsync(client);

        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(4), Stop);

        Assert.Equal("", await ReadAsync(client));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_client_that_is_cut_off_while_it_is_sent_an_answer_leaves_nothing_behind()
    {
        await using TransportServer server = await TransportServer.StartAsync(static async context =>
        {
            using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(200));
            try
            {
                while (true)
                    await context.Response.Body.WriteAsync(new byte[1_000_000], soon.Token);
            }
            catch (OperationCanceledException)
            {
                context.Abort();
            }
        });
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
        await UntilAsync(() => server.Ended == 1, "the request ends");

        // It reads nothing, so the answer stands; it must not take what it gets for all there is.
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            byte[] bytes = new byte[1_000_000];
            while (await client.GetStream().ReadAsync(bytes, Stop) > 0)
            {
            }
        });
        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(4), Stop);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_client_that_is_there_is_never_taken_for_one_that_left_however_often_it_is_looked_at()
    {
        ClientConnection? connection = null;
        await using TransportServer server = await TransportServer.StartAsync(context =>
        {
            connection = (ClientConnection)context.Features.Get<IConnectionSocketFeature>()!;
            return Task.CompletedTask;
        });
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        using CancellationTokenSource looking = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task looker = Task.Run(
            () =>
            {
                while (!looking.IsCancellationRequested)
                    Volatile.Read(ref connection)?.Look();
            },
            Stop);
        for (int i = 0; i < 20_000; i++)
        {
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
            Assert.StartsWith("HTTP/1.1 200", await ReadAsync(client), StringComparison.Ordinal);
            Assert.False(connection!.ConnectionClosed.IsCancellationRequested, $"after {i} requests");
        }

        await looking.CancelAsync();
        await looker;
    }

    [Fact]
    public async Task Writing_to_a_client_that_has_gone_is_no_error()
    {
        TaskCompletionSource gone = new();
        await using TransportServer server = await TransportServer.StartAsync(async context =>
        {
            await gone.Task;
            for (int i = 0; i < 100; i++)
                await context.Response.Body.WriteAsync(new byte[100_000], Stop);
        });
        using (TcpClient client = new())
        {
            await client.ConnectAsync(server.EndPoint, Stop);
            client.LingerState = new LingerOption(true, 0);
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
        }

        gone.SetResult();
        await UntilAsync(() => server.Ended == 1, "the request ends");
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Idle_connections_hold_no_memory_to_receive_into()
    {
        await using TransportServer server = await TransportServer.StartAsync(static context => Task.CompletedTask);
        List<TcpClient> clients = [];
        for (int i = 0; i < 20; i++)
        {
            clients.Add(new TcpClient());
            await clients[i].ConnectAsync(server.EndPoint, Stop);
            await clients[i].GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Stop);
            await ReadAsync(clients[i]);
        }

        // One after the other: all used the same few blocks, if each gave them back before it was idle.
        await server.StopAsync();
        Assert.InRange(server.Pool.Kept, 1, 5);
        clients.ForEach(static client => client.Dispose());
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_as_Kestrel_says_it()
    {
        await using TransportServer server = await TransportServer.StartAsync(static context => Task.CompletedTask);
        using ReceivePool pool = new(TimeProvider.System);

        await Assert.ThrowsAsync<AddressInUseException>(
            async () => await new ClientTransport(pool, TimeProvider.System, NullLogger<ClientTransport>.Instance)
                .BindAsync(server.EndPoint, Stop));
    }

    private async Task UntilAsync(Func<bool> condition, string what)
    {
        for (int i = 0; i < 2000; i++)
        {
            if (condition())
                return;
            await Task.Delay(10, Stop);
        }

        Assert.Fail($"within 20 s: {what}");
    }

    private sealed class Place(int length) : IMemoryOwner<byte>
    {
        public bool IsDisposed { get; private set; }

        public Memory<byte> Memory { get; } = new byte[length];

        public void Dispose() => IsDisposed = true;
    }
}
