using System.Buffers;
using InfluxMirror.Journal;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InfluxMirror.Inputs;

/// <summary>A body, or why there is none: an HTTP status and InfluxDB's words for it.</summary>
internal readonly record struct BodyResult(SharedBuffer? Body, int Status, string? Error)
{
    /// <summary>It has more bytes than one may have.</summary>
    public static BodyResult TooLarge =>
        new(null, StatusCodes.Status413PayloadTooLarge, "Request Entity Too Large");
}

/// <summary>
/// Reads whole bodies into pooled memory: bounded in size as influxd bounds them, and bounded in what all clients
/// together may have under way.
/// </summary>
internal sealed class BodyReader(IOptionsMonitor<MirrorOptions> options, MirrorMetrics metrics)
{
    /// <summary>
    /// Memory taken for each byte that has arrived, as long as the announced length needs it: a fast sender gets all
    /// at once, a slow one holds little, whatever it announces.
    /// </summary>
    private const int Advance = 32;

    private long _underWay;

    /// <summary>Bytes of bodies under way.</summary>
    public long UnderWay => Interlocked.Read(ref _underWay);

    /// <summary>
    /// Reads the body of a request. A body over the limit is 413, too much under way 503, a client that breaks off
    /// or is too slow 400 or 408.
    /// </summary>
    public async ValueTask<BodyResult> ReadAsync(HttpRequest request)
    {
        var limits = options.CurrentValue.Writes;
        if (request.ContentLength > limits.MaxBodySize)
            return BodyResult.TooLarge;
        var reading = new Reading(this, limits.MaxBodiesInFlightMB * 1024L * 1024L);
        try
        {
            var result = await FillAsync(request, reading, limits.MaxBodySize).ConfigureAwait(false);
            if (result.Body is not null)
                metrics.CountBytes(result.Body.Length);
            else
                reading.Buffer?.Release();
            return result;
        }
        catch (Exception broken) when (broken is BadHttpRequestException or IOException or OperationCanceledException)
        {
            reading.Buffer?.Release();
            var status = (broken as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest;
            return status == StatusCodes.Status413PayloadTooLarge
                ? BodyResult.TooLarge
                : new(null, status, broken.Message);
        }
        finally
        {
            Interlocked.Add(ref _underWay, -reading.Reserved);
        }
    }

    private static BodyResult TooMuchUnderWay =>
        new(null, StatusCodes.Status503ServiceUnavailable, "too many bytes of requests under way");

    private static async ValueTask<BodyResult> FillAsync(HttpRequest request, Reading reading, int limit)
    {
        var reader = request.BodyReader;
        var placement = PlacementOf(request);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync().ConfigureAwait(false);
                var bytes = read.Buffer;
                var received = reading.Length + bytes.Length;
                if (received > limit)
                {
                    reader.AdvanceTo(bytes.End);
                    return BodyResult.TooLarge;
                }

                var expected = (int)Math.Max(received, Math.Min(request.ContentLength ?? limit, received * Advance));
                if (!reading.MakeRoom((int)received, expected))
                {
                    reader.AdvanceTo(bytes.End);
                    return TooMuchUnderWay;
                }

                var buffer = reading.Buffer!;
                Place(bytes, buffer.Block.Span[buffer.Length..]);
                buffer.Length = (int)received;
                reader.AdvanceTo(bytes.End);
                if (read.IsCompleted)
                    return new(buffer, 0, null);
                if (placement is not null)
                    Offer(placement, buffer, (int)Math.Min(request.ContentLength!.Value, buffer.Capacity));
            }
        }
        finally
        {
            // The next read may be another request's.
            placement?.Offer(null);
        }
    }

    /// <summary>The connection, if the bytes it receives are the body's.</summary>
    private static BodyPlacement? PlacementOf(HttpRequest request) =>
        request is { IsHttps: false, ContentLength: not null, Headers.TransferEncoding.Count: 0 }
        && HttpProtocol.IsHttp11(request.Protocol)
            ? request.HttpContext.Features.Get<BodyPlacement>()
            : null;

    /// <summary>
    /// Has the rest of a body received where it is to stay, up to <paramref name="end"/>; if that is too little, at
    /// least not where an earlier offer said.
    /// </summary>
    private static void Offer(BodyPlacement placement, SharedBuffer buffer, int end) =>
        placement.Offer(end - buffer.Length >= placement.MinLength ? new BodyPlace(buffer, end) : null);

    /// <summary>Puts bytes in their place, unless they were received there.</summary>
    private static void Place(ReadOnlySequence<byte> bytes, Span<byte> place)
    {
        if (!bytes.IsSingleSegment || !bytes.FirstSpan.Overlaps(place, out var offset) || offset != 0)
            bytes.CopyTo(place);
    }

    /// <summary>Where the rest of a body is to stay; holds its buffer.</summary>
    private sealed class BodyPlace : IMemoryOwner<byte>
    {
        private SharedBuffer? _buffer;

        public BodyPlace(SharedBuffer buffer, int end)
        {
            buffer.AddReference();
            _buffer = buffer;
            Memory = buffer.Block[buffer.Length..end];
        }

        public Memory<byte> Memory { get; }

        public void Dispose() => Interlocked.Exchange(ref _buffer, null)?.Release();
    }

    /// <summary>One body on its way in: its buffer, and what that takes of the bytes under way.</summary>
    private sealed class Reading(BodyReader reader, long limitUnderWay)
    {
        public SharedBuffer? Buffer { get; private set; }

        public long Reserved { get; private set; }

        public int Length => Buffer?.Length ?? 0;

        /// <summary>A buffer of at least <paramref name="needed"/> bytes; false when too much is under way.</summary>
        public bool MakeRoom(int needed, int expected)
        {
            if (Buffer is not null && needed <= Buffer.Capacity)
                return true;
            var capacity = Buffer is null ? expected : Math.Max(expected, 2 * Buffer.Capacity);
            var more = capacity - Reserved;
            Reserved += more;
            if (Interlocked.Add(ref reader._underWay, more) > limitUnderWay)
                return false;
            var larger = SharedBuffer.Rent(capacity);
            if (Buffer is not null)
            {
                Buffer.Span.CopyTo(larger.Block.Span);
                larger.Length = Buffer.Length;
                // Not Grow: the connection may still hold it.
                Buffer.Release();
            }

            Buffer = larger;
            return true;
        }
    }
}
