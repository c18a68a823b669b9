namespace InfluxMirror.Journal.Disk;

/// <summary>
/// The pieces of one gathering write: small records are copied together, the bodies of large ones are taken where
/// they are.
/// </summary>
internal sealed class FrameBatch
{
    private const int SmallBody = 4096;

    private static readonly byte[] Padding = new byte[RecordFormat.Alignment];

    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private byte[] _scratch = new byte[64 * 1024];

    /// <summary>What to write, in order.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces => _pieces;

    /// <summary>Bytes of all pieces.</summary>
    public long Bytes { get; private set; }

    /// <summary>Makes the pieces for <paramref name="entries"/>, which stay valid until the next call.</summary>
    public void Build(ReadOnlySpan<LogEntry> entries, SegmentKey key, long safeEnd)
    {
        _pieces.Clear();
        Bytes = 0;
        var copied = 0L;
        foreach (var entry in entries)
            copied += entry.Size - (entry.Body.Length > SmallBody ? entry.Body.Length : 0);
        if (copied > _scratch.Length)
            _scratch = new byte[copied + (copied / 2)];

        var start = 0;
        var at = 0;
        foreach (var entry in entries)
        {
            var frame = new FrameHeader(
                entry.Position, entry.Kind, entry.Header.Length, entry.Body.Length, safeEnd,
                Crc32C.Of(entry.Header.Span), Crc32C.Of(entry.Body.Span));
            RecordFormat.Write(_scratch.AsSpan(at), key, frame);
            at += RecordFormat.FrameLength;
            entry.Header.Span.CopyTo(_scratch.AsSpan(at));
            at += entry.Header.Length;
            var padding = (int)(entry.Size - RecordFormat.FrameLength - entry.Header.Length - entry.Body.Length);
            if (entry.Body.Length > SmallBody)
            {
                _pieces.Add(_scratch.AsMemory(start, at - start));
                _pieces.Add(entry.Body);
                start = at;
            }
            else
            {
                entry.Body.Span.CopyTo(_scratch.AsSpan(at));
                at += entry.Body.Length;
            }

            Padding.AsSpan(0, padding).CopyTo(_scratch.AsSpan(at));
            at += padding;
            Bytes += entry.Size;
        }

        if (at > start)
            _pieces.Add(_scratch.AsMemory(start, at - start));
    }
}
