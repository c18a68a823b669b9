using System.Net;
using System.Net.Sockets;
using System.Text;
using InfluxMirror.Delivery;
using Xunit;

namespace InfluxMirror.Tests.Delivery;

/// <summary>What leaves in one system call, and that every byte leaves, in order.</summary>
public sealed class GatheringStreamTests
{
    private static readonly string Body = new('x', 10_000);

    private readonly Recorder _wire = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_head_leaves_together_with_the_body_behind_it()
    {
        await using var stream = new GatheringStream(_wire);
        await SendAsync(stream, Head("Content-Length: 10000") + Body[..4000], Body[4000..]);
        Assert.Equal(Head("Content-Length: 10000") + Body, Assert.Single(_wire.Writes));
    }

    [Fact]
    public async Task All_of_a_large_body_arrives_behind_its_head_however_slowly_it_is_taken()
    {
        var (client, server) = await ConnectAsync();
        using (server)
        await using (var stream = new GatheringStream(new NetworkStream(client, ownsSocket: true)))
        {
            const int Length = 20_000_000;
            var body = new byte[Length];
            new Random(7).NextBytes(body);
            var head = Encoding.ASCII.GetBytes(Head($"Content-Length: {Length}"));
            var next = Encoding.ASCII.GetBytes(Head("Content-Length: 10"));
            byte[] expected = [.. head, .. body, .. next, .. body[..10]];
            var got = new byte[expected.Length];
            var taking = Task.Run(
                async () =>
                {
                    for (var at = 0; at < got.Length; at += await server.ReceiveAsync(got.AsMemory(at), Stop))
                        await Task.Yield();
                },
                Stop);
            await stream.WriteAsync(head, Stop);
            await stream.WriteAsync(body, Stop);
            await stream.WriteAsync(next, Stop);
            await stream.WriteAsync(body.AsMemory(0, 10), Stop);
            await taking;
            Assert.True(expected.AsSpan().SequenceEqual(got));
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_off_in_a_large_body_is_told_as_a_stream_tells_it()
    {
        var (client, server) = await ConnectAsync();
        await using var stream = new GatheringStream(new NetworkStream(client, ownsSocket: true));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Head("Content-Length: 20000000")), Stop);
        var sending = stream.WriteAsync(new byte[20_000_000], Stop);
        server.Close(timeout: 0);
        await Assert.ThrowsAsync<IOException>(async () => await sending);
    }

    [Fact]
    public async Task A_connection_that_is_given_up_in_a_large_body_ends_its_sending()
    {
        var (client, server) = await ConnectAsync();
        using (server)
        {
            var stream = new GatheringStream(new NetworkStream(client, ownsSocket: true));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Head("Content-Length: 20000000")), Stop);
            var sending = stream.WriteAsync(new byte[20_000_000], Stop);
            await stream.DisposeAsync();
            await Assert.ThrowsAsync<IOException>(async () => await sending.AsTask().WaitAsync(Stop));
        }
    }

    [Fact]
    public async Task A_body_too_large_for_the_block_follows_its_head()
    {
        var large = new string('y', 70_000);
        await using var stream = new GatheringStream(_wire);
        await SendAsync(stream, Head("content-length: 70000"), large);
        Assert.Equal([Head("content-length: 70000"), large], _wire.Writes);
    }

    [Theory]
    [InlineData("Content-Length: 0")]
    [InlineData("X-Other: 1")]
    [InlineData("Content-Length: 10000\r\nExpect: 100-continue")]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: x")]
    [InlineData("Transfer-Encoding: chunked")]
    public async Task A_head_whose_body_is_not_known_to_follow_leaves_at_once(string header)
    {
        await using var stream = new GatheringStream(_wire);
        await SendAsync(stream, Head(header));
        Assert.Equal([Head(header)], _wire.Writes);
    }

    [Fact]
    public async Task A_body_that_looks_like_a_head_is_not_held()
    {
        var head = Head("Content-Length: 200");
        var body = Head("Content-Length: 9999").PadRight(100);
        await using var stream = new GatheringStream(_wire);
        await SendAsync(stream, head, body, body);
        Assert.Equal([head + body, body], _wire.Writes);
    }

    [Fact]
    public async Task Behind_a_body_of_unknown_length_nothing_is_held()
    {
        var chunked = Head("Transfer-Encoding: chunked");
        var next = Head("Content-Length: 100");
        await using var stream = new GatheringStream(_wire);
        await SendAsync(stream, chunked, "5\r\nhello\r\n0\r\n\r\n", next);
        Assert.Equal(3, _wire.Writes.Count);
        Assert.Equal(next, _wire.Writes[2]);
    }

    [Fact]
    public async Task One_request_after_the_other_each_leaves_whole()
    {
        var head = Head("Content-Length: 100");
        var body = new string('z', 100);
        await using var stream = new GatheringStream(_wire);
        for (var i = 0; i < 3; i++)
            await SendAsync(stream, head, body);
        await SendAsync(stream, head + body);
        Assert.Equal([head + body, head + body, head + body, head + body], _wire.Writes);
    }

    [Fact]
    public async Task Synchronous_writes_lose_nothing()
    {
        await using var stream = new GatheringStream(_wire);
        stream.Write(Encoding.ASCII.GetBytes(Head("Content-Length: 10000")));
        stream.Write(Encoding.ASCII.GetBytes(Body));
        Assert.Equal(Head("Content-Length: 10000") + Body, string.Concat(_wire.Writes));
    }

    private static async Task<(Socket Client, Socket Server)> ConnectAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, Stop);
        return (client, await listener.AcceptAsync(Stop));
    }

    private static string Head(string header) => $"POST /write?db=d HTTP/1.1\r\nHost: h\r\n{header}\r\n\r\n";

    private static async Task SendAsync(Stream stream, params string[] parts)
    {
        foreach (var part in parts)
            await stream.WriteAsync(Encoding.ASCII.GetBytes(part));
    }

    /// <summary>What was written, call by call.</summary>
    private sealed class Recorder : MemoryStream
    {
        public List<string> Writes { get; } = [];

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return default;
        }

        public override void Write(ReadOnlySpan<byte> buffer) => Writes.Add(Encoding.ASCII.GetString(buffer));
    }
}
