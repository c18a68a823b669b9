using System.Buffers;
using System.Buffers.Binary;

namespace InfluxMirror.Journal.Disk;

/// <summary>What a walk met.</summary>
internal enum WalkStep
{
    /// <summary>A record.</summary>
    Record,

    /// <summary>Bytes that are none.</summary>
    Damage,

    /// <summary>The limit.</summary>
    End,
}

/// <summary>
/// Goes through the frames of a segment, in order. Where there is none it looks for the next, by the salt that every
/// frame begins with. Whatever the bytes are, it ends.
/// </summary>
internal sealed class FrameWalk(DiskFile file, Segment segment) : IDisposable
{
    private const int WindowBytes = 128 * 1024;
    private const int PageBytes = 4096;

    private readonly SegmentKey _key = segment.Header.Key;
    private byte[] _window = ArrayPool<byte>.Shared.Rent(WindowBytes);
    private long _windowAt;
    private int _windowLength;
    private long _lastPosition = segment.Header.First - 1;

    /// <summary>What is read next.</summary>
    public long Offset { get; private set; } = SegmentFormat.DataStart;

    /// <summary>Bytes that the disk cannot read are damage; otherwise the walk stands still before them.</summary>
    public bool SkipsUnreadable { get; set; }

    /// <summary>There were bytes that the disk could not read.</summary>
    public bool HasUnread { get; private set; }

    /// <summary>The last record.</summary>
    public LogRecord? Record { get; private set; }

    /// <summary>The last damage.</summary>
    public LogDamage? Damage { get; private set; }

    /// <summary>The frame of the last record, or of the last damage when it is known.</summary>
    public FrameHeader Frame { get; private set; }

    /// <summary>
    /// Goes on, up to <paramref name="limit"/>, before which bytes do not change any more. Records below
    /// <paramref name="from"/> are passed over unread.
    /// </summary>
    public WalkStep Next(long limit, long from)
    {
        while (Offset < limit)
        {
            var at = Offset;
            if (!TryFrame(at, limit, out var frame))
            {
                Offset = Find(at + RecordFormat.Alignment, limit);
                return Skipped(at, limit);
            }

            if (frame.Position < from)
            {
                Offset = at + frame.Size;
                _lastPosition = frame.Position;
                continue;
            }

            var header = ReadHeader(at, frame);
            var body = header is null ? null : ReadBody(at, frame);
            Frame = frame;
            Offset = at + frame.Size;
            if (header is null || body is null)
                return Lost(at, limit, header);
            Record = new LogRecord(frame.Position, frame.Kind, header, body);
            _lastPosition = frame.Position;
            return WalkStep.Record;
        }

        return WalkStep.End;
    }

    /// <summary>The frame of the next record; null at the limit, and before bytes that are none.</summary>
    public FrameHeader? Ahead(long limit) => Offset < limit && TryFrame(Offset, limit, out var frame) ? frame : null;

    /// <summary>Goes over the next record without reading it.</summary>
    public void Pass(in FrameHeader frame)
    {
        Offset += frame.Size;
        _lastPosition = frame.Position;
    }

    public void Dispose()
    {
        var window = _window;
        _window = [];
        if (window.Length > 0)
            ArrayPool<byte>.Shared.Return(window);
    }

    /// <summary>Bytes without a frame: their neighbours bound what was there.</summary>
    private WalkStep Skipped(long at, long limit)
    {
        Frame = default;
        Damage = Damaged(LogDamageKind.Bytes, at, limit);
        return WalkStep.Damage;
    }

    /// <summary>A frame whose record is damaged: exactly that one is lost.</summary>
    private WalkStep Lost(long at, long limit, byte[]? header)
    {
        Damage = Damaged(LogDamageKind.Record, at, limit) with { Position = Frame.Position, Header = header };
        _lastPosition = Frame.Position;
        return WalkStep.Damage;
    }

    private LogDamage Damaged(LogDamageKind kind, long at, long limit)
    {
        return new LogDamage(
            kind, segment.Name, at, Offset - at, _lastPosition, PositionAt(Offset, limit), at < segment.SafeEnd,
            Position: 0, default);
    }

    /// <summary>The position of the next frame; 0 when there is none, or none that can be read.</summary>
    private long PositionAt(long at, long limit)
    {
        try
        {
            return TryFrame(at, limit, out var next) ? next.Position : 0;
        }
        catch (DiskException)
        {
            return 0;
        }
    }

    private bool TryFrame(long at, long limit, out FrameHeader frame) =>
        RecordFormat.TryRead(Peek(at, RecordFormat.FrameLength, limit), _key, out frame) &&
        frame.Size <= limit - at &&
        frame.Position > _lastPosition;

    /// <summary>The next frame at or behind <paramref name="at"/>, or the limit.</summary>
    private long Find(long at, long limit)
    {
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(salt, _key.Salt);
        while (limit - at >= RecordFormat.FrameLength)
        {
            var bytes = Peek(at, (int)Math.Min(PageBytes * 8, limit - at), limit);
            if (bytes.Length < RecordFormat.FrameLength)
                return limit;
            var found = bytes.IndexOf(salt);
            if (found < 0)
                // The salt may begin in the last bytes.
                at += bytes.Length - salt.Length + 1;
            else if ((at + found) % RecordFormat.Alignment == 0 && TryFrame(at + found, limit, out _))
                return at + found;
            else
                at += found + 1;
        }

        return limit;
    }

    private byte[]? ReadHeader(long at, in FrameHeader frame)
    {
        var header = new byte[frame.HeaderLength];
        var whole = Read(at + RecordFormat.FrameLength, header) == header.Length &&
            Crc32C.Of(header) == frame.HeaderChecksum;
        return whole ? header : null;
    }

    private SharedBuffer? ReadBody(long at, in FrameHeader frame)
    {
        var body = SharedBuffer.Rent(frame.BodyLength);
        body.Length = frame.BodyLength;
        var bytes = body.Block.Span[..frame.BodyLength];
        var isWhole = false;
        try
        {
            isWhole = Read(at + RecordFormat.FrameLength + frame.HeaderLength, bytes) == bytes.Length &&
                Crc32C.Of(bytes) == frame.BodyChecksum;
            return isWhole ? body : null;
        }
        finally
        {
            if (!isWhole)
                body.Release();
        }
    }

    /// <summary>Copies what the window has of a record and reads the rest past it.</summary>
    private int Read(long at, Span<byte> to)
    {
        var ready = 0;
        if (at >= _windowAt && at < _windowAt + _windowLength)
        {
            var inside = _window.AsSpan((int)(at - _windowAt), (int)(_windowAt + _windowLength - at));
            ready = Math.Min(inside.Length, to.Length);
            inside[..ready].CopyTo(to);
        }

        return ready == to.Length ? ready : ready + ReadFile(at + ready, to[ready..]);
    }

    /// <summary>Bytes at an offset, through the window; fewer at the limit or the end of the file.</summary>
    private ReadOnlySpan<byte> Peek(long at, int count, long limit)
    {
        var have = _windowAt + _windowLength - at;
        if (at < _windowAt || have < Math.Min(count, limit - at))
        {
            // Behind a large record that was passed over there may be another one. And never past the limit: what is
            // there may still change.
            var isFar = at - (_windowAt + _windowLength) > WindowBytes / 4;
            var room = isFar ? Math.Max(PageBytes, count) : WindowBytes;
            var wanted = (int)Math.Min(room, limit - at);
            (_windowAt, _windowLength) = (at, 0);
            _windowLength = wanted > 0 ? ReadFile(at, _window.AsSpan(0, wanted)) : 0;
            have = _windowLength;
        }

        return _window.AsSpan((int)(at - _windowAt), (int)Math.Min(have, count));
    }

    private int ReadFile(long at, Span<byte> to)
    {
        try
        {
            return file.Read(at, to);
        }
        catch (DiskException) when (SkipsUnreadable)
        {
            return ReadPages(at, to);
        }
    }

    /// <summary>Reads what can be read; a page that cannot is zeros, which no checksum takes for a record.</summary>
    private int ReadPages(long at, Span<byte> to)
    {
        var total = 0;
        while (total < to.Length)
        {
            var page = to.Slice(total, (int)Math.Min(PageBytes - ((at + total) % PageBytes), to.Length - total));
            int count;
            try
            {
                count = file.Read(at + total, page);
            }
            catch (DiskException)
            {
                HasUnread = true;
                page.Clear();
                count = page.Length;
            }

            total += count;
            if (count < page.Length)
                break;
        }

        return total;
    }
}
