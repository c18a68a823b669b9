namespace InfluxMirror.Journal.Disk;

/// <summary>
/// A record on its way into the log. Made by the thread that has the bytes, which pays for the checksums.
/// </summary>
public sealed class LogEntry
{
    private readonly SharedBuffer _body;
    private volatile bool _cancelled;

    /// <summary>
    /// A record of <paramref name="kind"/>. The log takes a reference to <paramref name="body"/> while it needs it;
    /// <paramref name="header"/> must not change any more.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The header has 16 MiB or more.</exception>
    public LogEntry(byte kind, ReadOnlyMemory<byte> header, SharedBuffer body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(header.Length, RecordFormat.MaxHeaderLength);
        Kind = kind;
        Header = header;
        _body = body;
        HeaderChecksum = Crc32C.Of(header.Span);
        BodyChecksum = Crc32C.Of(body.Span);
        Size = RecordFormat.Size(header.Length, body.Length);
    }

    /// <summary>The caller's.</summary>
    public byte Kind { get; }

    /// <summary>The caller's.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Its place in the log; 0 before it is appended.</summary>
    public long Position { get; internal set; }

    /// <summary>Bytes it takes on disk.</summary>
    public long Size { get; }

    internal ReadOnlyMemory<byte> Body => _body.Memory;

    internal uint HeaderChecksum { get; }

    internal uint BodyChecksum { get; }

    internal bool IsCancelled => _cancelled;

    /// <summary>Nobody needs it any more: it is not written unless that has begun. Its position stays empty.</summary>
    public void Cancel() => _cancelled = true;

    internal void Hold() => _body.AddReference();

    internal void LetGo() => _body.Release();
}
