using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using InfluxMirror.Inputs;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace InfluxMirror.Tests.Host;

/// <summary>Large bodies on our transport, which waits until much of them has come.</summary>
public sealed class LargeBodyTests : TransportTests
{
    [Fact]
    public async Task A_large_body_is_received_in_few_pieces_though_it_comes_in_many()
    {
        const int Length = 4_000_000;
        TaskCompletionSource<int> reads = new();
        await using TransportServer server = await TransportServer.StartAsync(async context =>
            reads.SetResult(await FillAsync(context, new byte[Length])));
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Length}\r\n\r\n"), Stop);
        byte[] piece = new byte[Length / 200];
        for (int i = 0; i < 200; i++)
        {
            await client.GetStream().WriteAsync(piece, Stop);
            await Task.Delay(1, Stop);
        }

        Assert.InRange(await reads.Task.WaitAsync(Stop), 1, 60);
    }

    [Fact]
    public async Task A_small_request_behind_a_large_body_is_read_at_once()
    {
        const int Requests = 20;
        await using TransportServer server = await TransportServer.StartAsync(
            async context => await FillAsync(context, new byte[1_000_000]));
        byte[] body = new byte[1_000_000];
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < Requests; i++)
        {
            await client.GetStream().WriteAsync(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"u8.ToArray(), Stop);
            await client.GetStream().WriteAsync(body, Stop);
            Assert.StartsWith("HTTP/1.1 200", await ReadAsync(client), StringComparison.Ordinal);
            await client.GetStream().WriteAsync(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"u8.ToArray(), Stop);
            Assert.StartsWith("HTTP/1.1 200", await ReadAsync(client), StringComparison.Ordinal);
        }

        // One that waits for more than comes would wait until it is looked at, which is once a second.
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, Requests / 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_comes_slowly_is_read_as_it_comes_and_one_that_breaks_off_ends(bool breaksOff)
    {
        TaskCompletionSource<Exception?> ended = new();
        await using TransportServer server = await TransportServer.StartAsync(async context =>
        {
            try
            {
                await FillAsync(context, new byte[900_000]);
                ended.SetResult(null);
            }
            catch (Exception broken) when (broken is BadHttpRequestException or IOException)
            {
                ended.SetResult(broken);
            }
        });
        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint, Stop);
        await client.GetStream().WriteAsync(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"u8.ToArray(), Stop);
        // The last pieces are less than is waited for.
        foreach (int piece in new[] { 1, 70_000, 100_000, 729_998 })
        {
            await client.GetStream().WriteAsync(new byte[piece], Stop);
            await Task.Delay(50, Stop);
        }

        if (breaksOff)
            client.Client.Shutdown(SocketShutdown.Send);
        else
            await client.GetStream().WriteAsync(new byte[1], Stop);
        Exception? broken = await ended.Task.WaitAsync(Stop);
        Assert.Equal(breaksOff, broken is not null);
    }

    /// <summary>Has a body received where it is to stay; in how many pieces.</summary>
    private async Task<int> FillAsync(HttpContext context, Memory<byte> place)
    {
        BodyPlacement placement = context.Features.Get<BodyPlacement>()!;
        PipeReader body = context.Request.BodyReader;
        int reads = 1;
        for (int at = 0; ; reads++)
        {
            ReadResult read = await body.ReadAsync(Stop);
            read.Buffer.CopyTo(place.Span[at..]);
            at += (int)read.Buffer.Length;
            body.AdvanceTo(read.Buffer.End);
            int left = (int)(context.Request.ContentLength ?? 0) - at;
            placement.Offer(left >= placement.MinLength ? new Place(new byte[left]) : null);
            if (read.IsCompleted)
                return reads;
        }
    }

    private sealed record Place(Memory<byte> Memory) : IMemoryOwner<byte>
    {
        public void Dispose()
        {
        }
    }
}
