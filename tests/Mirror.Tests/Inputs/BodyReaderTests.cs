using System.Buffers;
using System.IO.Pipelines;
using InfluxMirror.Inputs;
using InfluxMirror.Telemetry;
using InfluxMirror.Tests.Writes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace InfluxMirror.Tests.Inputs;

public sealed class BodyReaderTests : IDisposable
{
    private readonly MirrorOptions _options = new();
    private readonly MirrorMetrics _metrics = new();
    private readonly BodyReader _reader;

    public BodyReaderTests()
    {
        _options.Writes.MaxBodySize = 100_000;
        _reader = new(new FixedOptions(_options), _metrics);
    }

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(100_000, true)]
    [InlineData(0, false)]
    [InlineData(17_000, false)]
    [InlineData(100_000, false)]
    public async Task A_body_up_to_the_limit_is_read_whole_with_or_without_a_length(int size, bool announced)
    {
        byte[] bytes = Bytes(size);

        BodyResult result = await _reader.ReadAsync(Request(bytes, announced));

        Assert.Equal(bytes, result.Body!.Span);
        Assert.Equal(0, _reader.UnderWay);
        result.Body.Release();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_larger_body_is_413(bool announced)
    {
        BodyResult result = await _reader.ReadAsync(Request(Bytes(100_001), announced));

        Assert.Null(result.Body);
        Assert.Equal((413, "Request Entity Too Large"), (result.Status, result.Error));
        Assert.Equal(0, _reader.UnderWay);
    }

    [Fact]
    public async Task A_connection_is_offered_what_is_missing_of_a_body_and_asked_for_it_back()
    {
        _options.Writes.MaxBodySize = 10_000_000;
        byte[] bytes = Bytes(370_000);
        BodyPlacement connection = new(65_536);
        Taking reader = new(bytes, 120_000, connection);
        HttpRequest request = Request(reader);
        request.Protocol = "HTTP/1.1";
        request.ContentLength = bytes.Length;
        request.HttpContext.Features.Set(connection);

        BodyResult result = await _reader.ReadAsync(request);

        Assert.Equal(bytes, result.Body!.Span);
        // The first read comes before it is known how large the buffer is to be; the last piece is too small.
        Assert.Equal([0, 250_000, 130_000, 0], reader.Places);
        result.Body.Release();
    }

    [Fact]
    public async Task A_place_that_was_not_taken_is_not_offered_to_the_next_request()
    {
        _options.Writes.MaxBodySize = 10_000_000;
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        HttpRequest request = Request(pipe.Reader);
        request.Protocol = "HTTP/1.1";
        request.ContentLength = 400_000;
        BodyPlacement connection = new(65_536);
        request.HttpContext.Features.Set(connection);
        Task<BodyResult> reading = _reader.ReadAsync(request).AsTask();
        await pipe.Writer.WriteAsync(Bytes(100_000), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync(new IOException("it broke off"));

        Assert.Equal(400, (await reading).Status);
        Assert.Null(connection.Take());
    }

    [Fact]
    public async Task Too_many_bytes_under_way_are_503_until_others_are_done()
    {
        _options.Writes.MaxBodySize = 1_000_000;
        _options.Writes.MaxBodiesInFlightMB = 1;
        Pipe slow = new(new PipeOptions(pauseWriterThreshold: 0));
        HttpRequest request = Request(slow.Reader);
        request.ContentLength = 600_000;
        Task<BodyResult> first = _reader.ReadAsync(request).AsTask();
        Assert.Equal(0, _reader.UnderWay);
        await slow.Writer.WriteAsync(Bytes(300_000), TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => _reader.UnderWay == 600_000, 10_000), $"{_reader.UnderWay} under way");

        Assert.Equal(503, (await _reader.ReadAsync(Request(Bytes(500_000), announced: true))).Status);
        Assert.Equal(600_000, _reader.UnderWay);

        await slow.Writer.WriteAsync(Bytes(600_000).AsMemory(300_000), TestContext.Current.CancellationToken);
        await slow.Writer.CompleteAsync();
        Assert.Equal(600_000, (await first).Body!.Length);
        Assert.Equal(0, _reader.UnderWay);
        Assert.NotNull((await _reader.ReadAsync(Request(Bytes(500_000), announced: true))).Body);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(408)]
    [InlineData(413)]
    public async Task What_the_server_says_of_a_body_that_breaks_off_is_the_answer(int status)
    {
        Pipe broken = new();
        await broken.Writer.WriteAsync(Bytes(10), TestContext.Current.CancellationToken);
        await broken.Writer.CompleteAsync(new BadHttpRequestException("broken", status));

        BodyResult result = await _reader.ReadAsync(Request(broken.Reader));

        Assert.Null(result.Body);
        Assert.Equal(status, result.Status);
        Assert.Equal(0, _reader.UnderWay);
    }

    [Fact]
    public async Task A_slow_client_takes_memory_for_what_has_arrived_whatever_it_announces()
    {
        _options.Writes.MaxBodySize = 1_000_000;
        Pipe slow = new();
        HttpRequest request = Request(slow.Reader);
        request.ContentLength = 1_000_000;
        Task<BodyResult> reading = _reader.ReadAsync(request).AsTask();
        await slow.Writer.WriteAsync(Bytes(100), TestContext.Current.CancellationToken);

        Assert.True(SpinWait.SpinUntil(() => _reader.UnderWay > 0, 10_000), "nothing under way");
        Assert.InRange(_reader.UnderWay, 100, 10_000);
        await slow.Writer.CompleteAsync(new IOException("reset"));
        Assert.Equal(400, (await reading).Status);
        Assert.Equal(0, _reader.UnderWay);
    }

    [Fact]
    public async Task A_client_that_goes_away_is_400()
    {
        Pipe broken = new();
        await broken.Writer.CompleteAsync(new IOException("reset"));

        Assert.Equal(400, (await _reader.ReadAsync(Request(broken.Reader))).Status);
    }

    private static byte[] Bytes(int size)
    {
        byte[] bytes = new byte[size];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static HttpRequest Request(byte[] bytes, bool announced)
    {
        DefaultHttpContext context = new();
        context.Request.Body = new MemoryStream(bytes);
        if (announced)
            context.Request.ContentLength = bytes.Length;
        return context.Request;
    }

    private static HttpRequest Request(PipeReader reader)
    {
        DefaultHttpContext context = new();
        context.Features.Set<IRequestBodyPipeFeature>(new PipeFeature(reader));
        return context.Request;
    }

    /// <summary>
    /// A body in pieces, from a connection that takes the places it is offered and receives elsewhere all the same.
    /// </summary>
    private sealed class Taking(byte[] body, int piece, BodyPlacement connection) : PipeReader
    {
        private int _read;

        /// <summary>Bytes of the place at each read; 0 for none.</summary>
        public List<int> Places { get; } = [];

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            using IMemoryOwner<byte>? place = connection.Take();
            Places.Add(place?.Memory.Length ?? 0);
            int length = Math.Min(piece, body.Length - _read);
            ReadOnlySequence<byte> bytes = new(body, _read, length);
            _read += length;
            return ValueTask.FromResult(new ReadResult(bytes, isCanceled: false, isCompleted: _read == body.Length));
        }

        public override void AdvanceTo(SequencePosition consumed)
        {
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

        public override void CancelPendingRead() => throw new NotSupportedException();

        public override void Complete(Exception? exception = null)
        {
        }
    }

    private sealed class PipeFeature(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
