using System.Buffers;
using System.IO.Compression;
using InfluxMirror.Journal;
using InfluxMirror.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InfluxMirror.Inputs;

/// <summary>A body, or why there is none: an HTTP status and InfluxDB's words for it.</summary>
internal readonly record struct BodyResult(SharedBuffer? Body, int Status, string? Error);

/// <summary>
/// Reads whole bodies into pooled memory: bounded in size as influxd bounds them, before and after inflation, and
/// bounded in what all clients together may have under way.
/// </summary>
internal sealed class BodyReader(IOptionsMonitor<MirrorOptions> options, MirrorMetrics metrics)
{
    private const int FirstBlock = 16 * 1024;

    // GZipStream takes a body that breaks off for a whole one. A member of our own behind it tells: it comes out at
    // the end only if everything before it was complete.
    private static readonly byte[] EndMark = [.. "end of gzip body"u8];
    private static readonly byte[] EndMember = GzipOf(EndMark);

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
        var length = request.ContentLength;
        if (length > limits.MaxBodySize)
            return TooLarge;
        // What arrives in pieces counts as if it were as large as it may become.
        var reserved = length ?? limits.MaxBodySize;
        if (Interlocked.Add(ref _underWay, reserved) > limits.MaxBodiesInFlightMB * 1024L * 1024L)
        {
            Interlocked.Add(ref _underWay, -reserved);
            return new(null, StatusCodes.Status503ServiceUnavailable, "too many bytes of requests under way");
        }

        var buffer = SharedBuffer.Rent((int)(length ?? FirstBlock));
        try
        {
            var result = await FillAsync(request, buffer, limits.MaxBodySize).ConfigureAwait(false);
            if (result.Body is null)
                buffer.Release();
            else
                metrics.CountBytes(buffer.Length);
            return result;
        }
        catch (Exception broken) when (broken is BadHttpRequestException or IOException or OperationCanceledException)
        {
            buffer.Release();
            var status = (broken as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest;
            return status == StatusCodes.Status413PayloadTooLarge ? TooLarge : new(null, status, broken.Message);
        }
        finally
        {
            Interlocked.Add(ref _underWay, -reserved);
        }
    }

    /// <summary>
    /// Inflates a gzip body, of any number of members. Too much after inflation is 413, what is no gzip or ends too
    /// early 400.
    /// </summary>
    public BodyResult Inflate(SharedBuffer compressed)
    {
        var limit = options.CurrentValue.Writes.MaxBodySize + EndMark.Length;
        var buffer = SharedBuffer.Rent(Math.Min(limit + 1, Math.Max(FirstBlock, compressed.Length * 8)));
        try
        {
            using var source = OpenMarked(compressed);
            using var gzip = new GZipStream(source, CompressionMode.Decompress);
            while (true)
            {
                if (buffer.Length == buffer.Capacity)
                    buffer.Grow(Math.Min(limit + 1, buffer.Capacity * 2));
                var read = gzip.Read(buffer.Block.Span[buffer.Length..]);
                if (read == 0)
                    break;
                buffer.Length += read;
                if (buffer.Length > limit)
                {
                    buffer.Release();
                    return TooLarge;
                }
            }
        }
        catch (InvalidDataException)
        {
            buffer.Release();
            return new(null, StatusCodes.Status400BadRequest, "gzip: invalid header");
        }

        if (!buffer.Span.EndsWith(EndMark))
        {
            buffer.Release();
            return new(null, StatusCodes.Status400BadRequest, "unexpected EOF");
        }

        buffer.Length -= EndMark.Length;
        return new(buffer, 0, null);
    }

    /// <summary>A stream over a gzip body and the end member; the body stays as it was.</summary>
    private static Stream OpenMarked(SharedBuffer compressed)
    {
        var length = compressed.Length;
        if (compressed.Capacity < length + EndMember.Length)
            compressed.Grow(length + EndMember.Length);
        EndMember.CopyTo(compressed.Block.Span[length..]);
        compressed.Length += EndMember.Length;
        var stream = compressed.OpenRead();
        compressed.Length = length;
        return stream;
    }

    private static byte[] GzipOf(byte[] bytes)
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return result.ToArray();
    }

    private static BodyResult TooLarge =>
        new(null, StatusCodes.Status413PayloadTooLarge, "Request Entity Too Large");

    private static async ValueTask<BodyResult> FillAsync(HttpRequest request, SharedBuffer buffer, int limit)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync().ConfigureAwait(false);
            var bytes = read.Buffer;
            if (buffer.Length + bytes.Length > limit)
            {
                reader.AdvanceTo(bytes.End);
                return TooLarge;
            }

            var needed = buffer.Length + (int)bytes.Length;
            if (needed > buffer.Capacity)
                buffer.Grow(Math.Max(needed, Math.Min(limit, buffer.Capacity * 2)));
            bytes.CopyTo(buffer.Block.Span[buffer.Length..]);
            buffer.Length = needed;
            reader.AdvanceTo(bytes.End);
            if (read.IsCompleted)
                return new(buffer, 0, null);
        }
    }
}
