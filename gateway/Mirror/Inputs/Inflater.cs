using System.IO.Compression;
using InfluxMirror.Journal;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InfluxMirror.Inputs;

/// <summary>
/// Inflates gzip bodies into pooled memory, bounded in size as influxd bounds them: by libdeflate if it is there and
/// can, else by the framework's zlib.
/// </summary>
internal sealed class Inflater(IOptionsMonitor<MirrorOptions> options)
{
    private const int FirstBlock = 16 * 1024;

    // GZipStream takes a body that breaks off for a whole one. A member of our own behind it tells: it comes out at
    // the end only if everything before it was complete.
    private static readonly byte[] EndMark = [.. "end of gzip body"u8];
    private static readonly byte[] EndMember = GzipOf(EndMark);

    /// <summary>libdeflate is tried first.</summary>
    internal bool UsesLibDeflate { get; init; } = LibDeflate.IsAvailable;

    /// <summary>
    /// Inflates a gzip body, of any number of members. Too much after inflation is 413, what is no gzip or ends too
    /// early 400.
    /// </summary>
    public BodyResult Inflate(SharedBuffer compressed)
    {
        if (compressed.Length == 0)
            return BadGzip("EOF");
        var most = options.CurrentValue.Writes.MaxBodySize;
        if (UsesLibDeflate && LibDeflate.TryInflate(compressed.Span, most) is { } whole)
            return new(whole, 0, null);
        var limit = most + EndMark.Length;
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
                    return BodyResult.TooLarge;
                }
            }
        }
        catch (InvalidDataException)
        {
            buffer.Release();
            return BadGzip("gzip: invalid header or checksum");
        }

        if (!buffer.Span.EndsWith(EndMark))
        {
            buffer.Release();
            return BadGzip("unexpected EOF");
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

    private static BodyResult BadGzip(string error) => new(null, StatusCodes.Status400BadRequest, error);
}
