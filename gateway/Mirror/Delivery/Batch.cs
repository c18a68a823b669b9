using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace InfluxMirror.Delivery;

/// <summary>Records that travel in one request: one record of any kind, or several writes of one target.</summary>
internal sealed class Batch
{
    private static readonly MediaTypeHeaderValue PlainText = new("text/plain") { CharSet = "utf-8" };

    private readonly List<MirroredRecord> _records;

    /// <summary>A batch of these records, in journal order.</summary>
    public Batch(List<MirroredRecord> records) => _records = records;

    /// <summary>Its records, in journal order; at least one.</summary>
    public IReadOnlyList<MirroredRecord> Records => _records;

    /// <summary>Its first record; method, target and encoding are the same for all.</summary>
    public MirroredRecord First => _records[0];

    /// <summary>Number of records.</summary>
    public int Count => _records.Count;

    /// <summary>Server errors it was answered with.</summary>
    public int ServerErrors { get; set; }

    /// <summary>Attempts in a row that lost the connection while the destination had the request.</summary>
    public int Losses { get; set; }

    /// <summary>When the last of them did, as a timestamp; 0 when the last attempt was none.</summary>
    public long LostAt { get; set; }

    /// <summary>The destination had been seen up before that, since it vanished over this batch.</summary>
    public bool WasUp { get; set; }

    /// <summary>When its first attempt failed, as a timestamp; 0 when none has.</summary>
    public long FailingSince { get; set; }

    /// <summary>When it was seen that the destination takes other records meanwhile; 0 when it was not.</summary>
    public long EvidenceAt { get; set; }

    /// <summary>It failed again after that.</summary>
    public bool IsConvicted { get; set; }

    /// <summary>Batches behind it that were tried to find out whether it is to blame.</summary>
    public int Witnesses { get; set; }

    /// <summary>The parked records it is to find out about; null for any other batch.</summary>
    public ParkedQueue? Trial { get; init; }

    /// <summary>Times the destination could not be reached after such a loss.</summary>
    public int Vanishings { get; set; }

    /// <summary>When the last of them was noticed, as a timestamp; 0 when that was before the start.</summary>
    public long VanishedAt { get; set; }

    /// <summary>
    /// Whether <paramref name="next"/> may travel with <paramref name="first"/>: plain or gzip bodies of valid lines
    /// for the same database, retention policy, precision and account.
    /// </summary>
    public static bool MayFollow(MirroredRecord first, MirroredRecord next) =>
        first.Kind == RecordKind.Write && next.Kind == RecordKind.Write &&
        !first.SendAlone && !next.SendAlone &&
        first.ContentEncoding == next.ContentEncoding &&
        first.Target.Equals(next.Target);

    /// <summary>The two halves, for finding out which record a refusal is about.</summary>
    public (Batch Left, Batch Right) Halves()
    {
        var middle = _records.Count / 2;
        return (new(_records.GetRange(0, middle)), new(_records.GetRange(middle, _records.Count - middle)));
    }

    /// <summary>Some of its records were withdrawn meanwhile.</summary>
    public bool HasWithdrawn => _records.Exists(static record => record.IsWithdrawn);

    /// <summary>The body to send; null when the request has none.</summary>
    public HttpContent? Content()
    {
        var first = First;
        if (first.Body.Length == 0 && first.Kind != RecordKind.Write)
            return null;
        var content = new JoinedContent(_records);
        if (first.Kind == RecordKind.Write)
            content.Headers.ContentType = PlainText;
        else if (first.ContentType is not null)
            content.Headers.TryAddWithoutValidation("Content-Type", first.ContentType);
        if (first.ContentEncoding is not null)
            content.Headers.TryAddWithoutValidation("Content-Encoding", first.ContentEncoding);
        return content;
    }

    /// <summary>
    /// The bodies, one after the other, straight from their pooled blocks. A newline goes between two bodies where
    /// the first does not end with one; between gzip bodies it is a gzip member of its own (RFC 1952, 2.2).
    /// </summary>
    private sealed class JoinedContent(List<MirroredRecord> records) : HttpContent
    {
        private const int BlockSize = 64 * 1024;

        private static readonly byte[] NewLine = [(byte)'\n'];

        private static readonly byte[] NewLineMember = GzipOf(NewLine);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            // The handler may still be writing after its caller was told of a timeout: the blocks stay until then.
            foreach (var record in records)
                record.Body.AddReference();
            try
            {
                if (records.Count == 1)
                    await stream.WriteAsync(records[0].Body.Memory, cancellationToken).ConfigureAwait(false);
                else
                    await JoinAsync(stream, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                foreach (var record in records)
                    record.Body.Release();
            }
        }

        /// <summary>Small bodies share a block, since a system call costs more than copying them; large ones go by
        /// themselves.</summary>
        private async Task JoinAsync(Stream stream, CancellationToken cancellationToken)
        {
            var block = ArrayPool<byte>.Shared.Rent(BlockSize);
            var filled = 0;
            try
            {
                for (var i = 0; i < records.Count; i++)
                {
                    var body = records[i].Body.Memory;
                    var separator = i + 1 < records.Count ? Separator(records[i]) : default;
                    if (filled + body.Length + separator.Length > BlockSize && filled > 0)
                    {
                        await stream.WriteAsync(block.AsMemory(0, filled), cancellationToken).ConfigureAwait(false);
                        filled = 0;
                    }

                    if (body.Length + separator.Length > BlockSize)
                    {
                        await stream.WriteAsync(body, cancellationToken).ConfigureAwait(false);
                        body = default;
                    }

                    body.CopyTo(block.AsMemory(filled));
                    separator.CopyTo(block.AsMemory(filled + body.Length));
                    filled += body.Length + separator.Length;
                }

                await stream.WriteAsync(block.AsMemory(0, filled), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(block);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            for (var i = 0; i < records.Count; i++)
                length += records[i].Body.Length + (i + 1 < records.Count ? Separator(records[i]).Length : 0);
            return true;
        }

        private static ReadOnlyMemory<byte> Separator(MirroredRecord record) =>
            record.EndsWithNewline ? default : record.ContentEncoding is null ? NewLine : NewLineMember;

        private static byte[] GzipOf(byte[] bytes)
        {
            using var result = new MemoryStream();
            using (var gzip = new GZipStream(result, CompressionLevel.Fastest))
                gzip.Write(bytes);
            return result.ToArray();
        }
    }
}
